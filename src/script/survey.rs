//! What a compiled script says about itself, for the checker: which functions it defines, what it
//! calls with which literal arguments, which names it uses that nothing defines.
//!
//! Owns facts with their places. Never judges them: the checker knows the topology.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rhai::{AST, ASTNode, Dynamic, Expr, FnCallExpr, FnPtr, ImmutableString, ScriptFuncDef, Stmt};

use super::body::body_of;
use super::places::{Places, is_handler};
use super::syntax::Mistake;
use super::text_use;
use crate::source::Position;

/// Where something stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Site {
    /// The script, a module, or the topology for inline handlers.
    pub path: PathBuf,
    /// Where in it.
    pub position: Option<Position>,
}

/// Facts about a script and its modules.
#[derive(Clone, Default, Debug)]
pub struct Survey {
    /// Every function that is defined by name.
    pub functions: Vec<Function>,
    /// Every call of a function, operators left out.
    pub calls: Vec<Call>,
    /// Every property read of a handler's `msg` argument, whatever its name.
    pub properties: Vec<Property>,
    /// Every use of a variable that nothing defines. What only a closure uses is not among them:
    /// for the engine it is an argument of the closure.
    pub unknown_variables: Vec<Unknown>,
    /// Every array that a handler gives back and that begins with the sender of its message.
    pub returned_senders: Vec<Returned>,
    /// Every value that the last statement of a block computes for nothing, since a `;` ends it.
    pub lost_values: Vec<Site>,
    /// Everything that compiles and cannot be meant as it stands.
    pub mistakes: Vec<(Site, Mistake)>,
    /// Where `on_start` begins to overwrite all that handlers keep in `this`, if it does.
    pub overwrites: Option<Site>,
    /// Names that something in a map may have.
    members: BTreeSet<String>,
    /// Names of variables and arguments.
    variables: BTreeSet<String>,
}

/// A function that a script defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The names of its arguments.
    pub arguments: Vec<String>,
    /// Whether it stands in a module.
    pub in_module: bool,
    /// Whether it reads or changes `this`.
    pub uses_this: bool,
    /// Where its body begins.
    pub site: Site,
}

/// A call of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// The function's name.
    pub name: String,
    /// The module it is called in, as in `module::name(…)`.
    pub module: Option<String>,
    /// Whether it is called on a value, as in `value.name(…)`; the value is not among `arguments`.
    pub on_value: bool,
    /// Whether it shares what surrounds it, as `name!(…)` does.
    pub in_scope: bool,
    /// Its arguments, those that are written out with their values.
    pub arguments: Vec<Option<Literal>>,
    /// The items of its last argument, where that is an array that is written out.
    pub frames: Option<Vec<Option<Literal>>>,
    /// Where it stands.
    pub site: Site,
}

/// A value that is written out in a script, or a constant's.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// `"text"`.
    Text(String),
    /// `1000`.
    Integer(i64),
    /// `1.5`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
}

/// A property that a handler reads of its message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Property {
    /// The handler.
    pub handler: String,
    /// The property's name.
    pub name: String,
    /// Where it stands.
    pub site: Site,
}

/// An array that a handler gives back and that begins with its message's sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Returned {
    /// The handler.
    pub handler: String,
    /// Where it begins.
    pub site: Site,
}

/// A name that nothing defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub site: Site,
}

impl Survey {
    /// Moves all places in one file from where a line is to where it is now.
    pub fn move_lines(&mut self, path: &Path, from: usize, to: usize) {
        let functions = self.functions.iter_mut().map(|it| &mut it.site);
        let calls = self.calls.iter_mut().map(|it| &mut it.site);
        let properties = self.properties.iter_mut().map(|it| &mut it.site);
        let unknown = self.unknown_variables.iter_mut().map(|it| &mut it.site);
        let returned = self.returned_senders.iter_mut().map(|it| &mut it.site);
        let mistakes = self.mistakes.iter_mut().map(|(site, _)| site);
        let lost = self.lost_values.iter_mut().chain(&mut self.overwrites);
        let sites = functions.chain(calls).chain(properties).chain(unknown).chain(returned);
        for site in sites.chain(mistakes).chain(lost).filter(|site| site.path == path) {
            if let Some(position) = &mut site.position {
                position.line = (position.line + to).saturating_sub(from).max(1);
            }
        }
    }

    /// Whether something in a map may have that name: then it can hold a closure that is called by it.
    #[must_use]
    pub fn has_member(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// Whether a variable or an argument somewhere has that name.
    #[must_use]
    pub fn has_variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }

    /// Whether a function of that name is defined outside modules.
    #[must_use]
    pub fn defines(&self, name: &str) -> bool {
        self.functions.iter().any(|function| !function.in_module && function.name == name)
    }

    /// The function whose body a place is in.
    #[must_use]
    pub fn function_at(&self, site: &Site) -> Option<&Function> {
        let before = self.functions.iter().filter(|function| {
            function.site.path == site.path && function.site.position <= site.position
        });
        before.max_by_key(|function| function.site.position)
    }

    /// The calls of a function by its bare name.
    pub fn calls_of(&self, name: &str) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.name == name && call.module.is_none())
    }

    /// Adds what one text says.
    pub(super) fn add(
        &mut self,
        ast: &AST,
        constants: &Constants,
        places: &Places,
        in_module: bool,
    ) {
        let known = Known { names: names_of(ast), constants };
        for function in ast.iter_fn_def().filter(|function| !function.name.starts_with("anon$")) {
            self.functions.push(Function {
                name: function.name.to_string(),
                arguments: function.params.iter().map(ToString::to_string).collect(),
                in_module,
                uses_this: uses_this(ast, function),
                site: site(places, function.body.start_position()),
            });
        }
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(expression)) => self.look(expression, &known, places),
                Some(ASTNode::Stmt(Stmt::FnCall(call, place))) => {
                    self.call(call, false, *place, &known, places);
                }
                Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                    self.variables.insert(variable.0.name.to_string());
                }
                Some(ASTNode::Stmt(_)) | None => {}
                Some(_) => {}
            }
            true
        });
        let arguments = ast.iter_fn_def().flat_map(|function| &function.params);
        self.variables.extend(arguments.map(ToString::to_string));
    }

    /// Adds where values are lost.
    pub(super) fn add_lost(&mut self, values: Vec<rhai::Position>, places: &Places) {
        self.lost_values.extend(values.into_iter().map(|place| site(places, place)));
    }

    /// Adds what one text has that cannot be meant.
    pub(super) fn add_mistakes(&mut self, found: Vec<(rhai::Position, Mistake)>, places: &Places) {
        let found = found.into_iter().map(|(place, mistake)| (site(places, place), mistake));
        self.mistakes.extend(found);
    }

    /// Puts everything in the order of the text: the engine keeps functions in none.
    pub(super) fn sort(&mut self) {
        self.functions.sort_by(|a, b| a.site.cmp(&b.site));
        self.calls.sort_by(|a, b| a.site.cmp(&b.site));
        self.properties.sort_by(|a, b| a.site.cmp(&b.site));
        self.unknown_variables.sort_by(|a, b| a.site.cmp(&b.site));
        self.lost_values.sort();
        self.mistakes.sort();
    }

    /// Adds the properties that one handler reads of its argument.
    pub(super) fn add_properties(
        &mut self,
        handler: &str,
        argument: &str,
        body: &[Stmt],
        places: &Places,
    ) {
        if is_set(argument, body) {
            return;
        }
        if !["on_timer", "on_line", "on_peer"].contains(&handler) {
            self.add_mistakes(text_use::of_message(argument, body), places);
        }
        let mut look = |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(Expr::Dot(pair, ..))) = path.last()
                && matches!(&pair.lhs, Expr::Variable(variable, ..) if variable.1 == argument)
                && let Some((name, place)) = first_property(&pair.rhs)
            {
                let site = site(places, place);
                self.properties.push(Property { handler: handler.to_owned(), name, site });
            }
            true
        };
        for statement in body {
            statement.walk(&mut Vec::new(), &mut look);
        }
        if let Some(Stmt::Expr(last)) = body.last()
            && let Expr::Array(items, place) = &**last
            && let Some(Expr::Dot(pair, ..)) = items.first()
            && matches!(&pair.lhs, Expr::Variable(variable, ..) if variable.1 == argument)
            && first_property(&pair.rhs).is_some_and(|(name, _)| name == "sender")
        {
            let site = site(places, *place);
            self.returned_senders.push(Returned { handler: handler.to_owned(), site });
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
    fn look(&mut self, expression: &Expr, known: &Known<'_>, places: &Places) {
        match expression {
            Expr::FnCall(call, place) => self.call(call, false, *place, known, places),
            Expr::MethodCall(call, place) => self.call(call, true, *place, known, places),
            Expr::Map(entries, _) => {
                self.members.extend(entries.0.iter().map(|(name, _)| name.name.to_string()));
            }
            Expr::Property(property, _) => {
                self.members.insert(property.2.to_string());
            }
            Expr::StringConstant(text, _) => {
                self.members.insert(text.to_string());
            }
            Expr::DynamicConstant(value, _) => self.add_members(value),
            Expr::Variable(variable, short, place) => {
                let (index, name, namespace, _) = &**variable;
                let found = index.is_some() || short.is_some() || !namespace.is_empty();
                if !found {
                    // What it names may be called by that, such as a function of the script.
                    self.members.insert(name.to_string());
                }
                if !found && !known.names.contains(name.as_str()) {
                    let site = site(places, *place);
                    self.unknown_variables.push(Unknown { name: name.to_string(), site });
                }
            }
            _ => {}
        }
    }

    /// The names in a map that the engine has made already.
    fn add_members(&mut self, value: &Dynamic) {
        if let Some(pointer) = value.read_lock::<FnPtr>() {
            self.members.insert(pointer.fn_name().to_owned());
        }
        if let Ok(map) = value.as_map_ref() {
            for (name, value) in map.iter() {
                self.members.insert(name.to_string());
                self.add_members(value);
            }
        }
    }

    fn call(
        &mut self,
        call: &FnCallExpr,
        on_value: bool,
        place: rhai::Position,
        known: &Known<'_>,
        places: &Places,
    ) {
        if call.op_token.is_some() {
            if orders(call) && call.args.iter().any(is_order) {
                self.mistakes.push((site(places, place), Mistake::Chained));
            }
            return;
        }
        self.calls.push(Call {
            name: call.name.to_string(),
            module: (!call.namespace.is_empty()).then(|| call.namespace.to_string()),
            on_value,
            in_scope: call.capture_parent_scope,
            arguments: call
                .args
                .iter()
                .map(|argument| literal(argument, known.constants))
                .collect(),
            frames: call.args.last().and_then(|last| items(last, known.constants)),
            site: site(places, place),
        });
    }
}

/// A text's constants with their values.
pub(super) type Constants = BTreeMap<ImmutableString, Dynamic>;

/// What a text itself defines.
struct Known<'a> {
    names: BTreeSet<&'a str>,
    constants: &'a Constants,
}

/// Functions, constants, and what closures take from around them.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn names_of(ast: &AST) -> BTreeSet<&str> {
    let constants = ast.statements().iter().filter_map(|statement| match statement {
        Stmt::Var(definition, ..) => Some(definition.0.as_str()),
        _ => None,
    });
    let functions = ast.iter_fn_def().map(|function| &*function.name);
    let closures = ast.iter_fn_def().filter(|function| function.name.starts_with("anon$"));
    let taken = closures.flat_map(|closure| closure.params.iter().map(|name| &**name));
    constants.chain(functions).chain(taken).collect()
}

/// Whether `this` stands in a function, closures in it left out: they have their own.
fn uses_this(ast: &AST, function: &ScriptFuncDef) -> bool {
    let mut found = false;
    if is_handler(&function.name) {
        return true;
    }
    for statement in body_of(ast, function) {
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
            found |= matches!(path.last(), Some(ASTNode::Expr(Expr::ThisPtr(_))));
            !found
        });
    }
    found
}

/// Whether a name means something else somewhere in a body than at its begin.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
fn is_set(name: &str, body: &[Stmt]) -> bool {
    let mut found = false;
    for statement in body {
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Stmt(statement)) = path.last() {
                found |= match statement {
                    Stmt::Var(variable, ..) => variable.0.name == name,
                    Stmt::Assignment(sides) => {
                        matches!(&sides.1.lhs, Expr::Variable(variable, ..) if variable.1 == name)
                    }
                    Stmt::For(parts, _) => {
                        let second = parts.1.as_ref();
                        parts.0.name == name || second.is_some_and(|second| second.name == name)
                    }
                    _ => false,
                };
            }
            !found
        });
    }
    found
}

/// Whether an operator says which of two comes first.
fn orders(call: &FnCallExpr) -> bool {
    matches!(&*call.name, "<" | "<=" | ">" | ">=")
}

fn is_order(expression: &Expr) -> bool {
    matches!(expression, Expr::FnCall(call, _) if call.op_token.is_some() && orders(call))
}

fn site(places: &Places, place: rhai::Position) -> Site {
    Site { path: places.path().to_owned(), position: places.find(place) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn first_property(expression: &Expr) -> Option<(String, rhai::Position)> {
    match expression {
        Expr::Property(property, place) => Some((property.2.to_string(), *place)),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => first_property(&pair.lhs),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn literal(expression: &Expr, constants: &Constants) -> Option<Literal> {
    match expression {
        Expr::StringConstant(text, _) => Some(Literal::Text(text.to_string())),
        Expr::IntegerConstant(number, _) => Some(Literal::Integer(*number)),
        Expr::FloatConstant(number, _) => Some(Literal::Float(**number)),
        Expr::BoolConstant(truth, _) => Some(Literal::Boolean(*truth)),
        Expr::DynamicConstant(value, _) => literal_of(value),
        Expr::Variable(variable, None, _) if variable.0.is_none() && variable.2.is_empty() => {
            constants.get(&variable.1).and_then(literal_of)
        }
        _ => None,
    }
}

/// The items of an array that is written out.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn items(expression: &Expr, constants: &Constants) -> Option<Vec<Option<Literal>>> {
    match expression {
        Expr::Array(items, _) => Some(items.iter().map(|item| literal(item, constants)).collect()),
        Expr::DynamicConstant(value, _) => {
            let items = value.as_array_ref().ok()?;
            Some(items.iter().map(literal_of).collect())
        }
        _ => None,
    }
}

fn literal_of(value: &Dynamic) -> Option<Literal> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(Literal::Text(text.to_string()));
    }
    let integer = value.as_int().map(Literal::Integer).ok();
    let float = || value.as_float().map(Literal::Float).ok();
    integer.or_else(float).or_else(|| value.as_bool().map(Literal::Boolean).ok())
}

#[cfg(test)]
mod tests;
