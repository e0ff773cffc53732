//! Finding the expressions that only look at something.
//!
//! Owns what is safe to lend: a value that nothing else touches while it is looked at. Never changes
//! what an expression means.

use std::collections::BTreeSet;
use std::rc::Rc;

use rhai::{
    AST, ASTFlags, ASTNode, BinaryExpr, CustomExpr, Dynamic, Expr, FnCallExpr, ImmutableString,
    Position, Stmt, Token,
};

use super::place::{Place, Root, Step};
use super::{Function, Kind, Lent, Look, NAME, Other};

/// Puts looks in the place of expressions of one script.
pub(in crate::script) struct Lender {
    /// The functions that the script defines itself: those are meant by their names.
    own: BTreeSet<ImmutableString>,
}

impl Lender {
    /// For the functions of a script.
    pub(in crate::script) fn new(ast: &AST) -> Self {
        Self { own: ast.iter_fn_def().map(|function| function.name.clone()).collect() }
    }

    /// Where looks are in a script.
    pub(in crate::script) fn looks(&self, ast: &AST) -> Vec<Position> {
        let mut places = Vec::new();
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(expression)) if self.look(expression).is_some() => {
                    places.push(expression.position());
                }
                Some(ASTNode::Stmt(Stmt::FnCall(call, place))) if self.call(call).is_some() => {
                    places.push(*place);
                }
                Some(_) | None => {}
            }
            true
        });
        places
    }

    /// Puts a look in the place of an expression, if it is one.
    pub(in crate::script) fn rewrite(&self, expression: &mut Expr) -> bool {
        let Some((look, mut inputs)) = self.look(expression) else { return false };
        inputs.iter_mut().for_each(|input| {
            self.rewrite(input);
        });
        let place = expression.position();
        let original = std::mem::replace(expression, Expr::Unit(Position::NONE));
        let custom = CustomExpr {
            inputs: std::iter::once(original).chain(inputs).collect(),
            tokens: std::iter::once(ImmutableString::from(NAME)).collect(),
            state: Dynamic::from(Lent(Rc::new(look))),
            scope_may_be_changed: false,
            self_terminated: false,
        };
        *expression = Expr::Custom(Box::new(custom), place);
        true
    }

    /// The look, and the keys and values that it takes.
    fn look(&self, expression: &Expr) -> Option<(Look, Vec<Expr>)> {
        if let Expr::FnCall(call, _) = expression {
            return self.call(call);
        }
        if let Some((place, inputs)) = self.constant(expression) {
            return Some((Look { place, kind: Kind::Read }, inputs));
        }
        self.method(expression)
    }

    fn call(&self, call: &FnCallExpr) -> Option<(Look, Vec<Expr>)> {
        match (&call.op_token, &call.args[..]) {
            (Some(Token::EqualsTo), [one, other]) => comparison(one, other, false),
            (Some(Token::NotEqualsTo), [one, other]) => comparison(one, other, true),
            (_, [value, arguments @ ..]) if call.namespace.is_empty() => {
                let (place, inputs) = place_of(value)?;
                // The engine lends a variable by itself.
                let is_copied = !place.steps.is_empty() || is_constant(value);
                if is_copied { self.function(&call.name, place, inputs, arguments) } else { None }
            }
            _ => None,
        }
    }

    fn function(
        &self,
        name: &ImmutableString,
        place: Place,
        mut inputs: Vec<Expr>,
        arguments: &[Expr],
    ) -> Option<(Look, Vec<Expr>)> {
        let function = Function::ALL.into_iter().find(|function| function.name() == name)?;
        let is_plain = arguments.len() == function.arguments() && arguments.iter().all(is_pure);
        if !is_plain || self.own.contains(name) {
            return None;
        }
        inputs.extend(arguments.iter().cloned());
        Some((Look { place, kind: Kind::Function(function) }, inputs))
    }

    /// What lies below a constant, which the engine would copy first.
    fn constant(&self, expression: &Expr) -> Option<(Place, Vec<Expr>)> {
        let (Expr::Dot(pair, ..) | Expr::Index(pair, ..)) = expression else { return None };
        if is_constant(&pair.lhs) { place_of(expression) } else { None }
    }

    /// A method that is called on a constant.
    fn method(&self, expression: &Expr) -> Option<(Look, Vec<Expr>)> {
        let Expr::Dot(pair, flags, _) = expression else { return None };
        let Expr::MethodCall(call, _) = &pair.rhs else { return None };
        if !is_constant(&pair.lhs) || flags.contains(ASTFlags::NEGATED) {
            return None;
        }
        let (place, inputs) = place_of(&pair.lhs)?;
        self.function(&call.name, place, inputs, &call.args)
    }
}

fn comparison(one: &Expr, other: &Expr, negated: bool) -> Option<(Look, Vec<Expr>)> {
    let kind = |other| Kind::Equals { other, negated };
    match (place_of(one), place_of(other)) {
        (Some((place, mut inputs)), Some((other, keys))) if is_below_this(&place, &other) => {
            inputs.extend(keys);
            Some((Look { place, kind: kind(Other::Place(other)) }, inputs))
        }
        (Some(found), None) => with_value(found, other, kind(Other::Value)),
        (None, Some(found)) => with_value(found, one, kind(Other::Value)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// Whether it is not two variables that are compared, which mostly hold numbers or texts.
fn is_below_this(one: &Place, other: &Place) -> bool {
    [one, other].iter().any(|place| place.root == Root::This)
}

fn with_value(
    (place, mut inputs): (Place, Vec<Expr>),
    value: &Expr,
    kind: Kind,
) -> Option<(Look, Vec<Expr>)> {
    let is_worth_it = place.root == Root::This || is_empty_or_whole(value);
    if !is_worth_it || !is_pure(value) {
        return None;
    }
    inputs.push(value.clone());
    Some((Look { place, kind }, inputs))
}

/// Whether a value is one that nobody compares with a number or a text.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn is_empty_or_whole(value: &Expr) -> bool {
    match value {
        Expr::Unit(_) | Expr::Array(..) | Expr::Map(..) => true,
        Expr::DynamicConstant(value, _) => value.is_array() || value.is_map() || value.is_unit(),
        _ => false,
    }
}

/// Whether an expression is the name of a constant: it is no variable of the function.
fn is_constant(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Variable(variable, None, _) if variable.0.is_none() && variable.2.is_empty()
    )
}

/// The place that an expression names, with its keys.
fn place_of(expression: &Expr) -> Option<(Place, Vec<Expr>)> {
    if let Some(root) = root_of(expression) {
        return Some((Place { root, steps: Vec::new() }, Vec::new()));
    }
    let (is_dot, pair, flags) = parts(expression)?;
    let root = root_of(&pair.lhs)?;
    let (mut steps, mut keys) = (Vec::new(), Vec::new());
    follow(is_dot, pair, flags, &mut steps, &mut keys)?;
    Some((Place { root, steps }, keys))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn root_of(expression: &Expr) -> Option<Root> {
    match expression {
        Expr::ThisPtr(_) => Some(Root::This),
        Expr::Variable(variable, ..) if variable.2.is_empty() => {
            Some(Root::Variable(variable.1.clone()))
        }
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn parts(expression: &Expr) -> Option<(bool, &BinaryExpr, ASTFlags)> {
    match expression {
        Expr::Dot(pair, flags, _) => Some((true, pair, *flags)),
        Expr::Index(pair, flags, _) => Some((false, pair, *flags)),
        _ => None,
    }
}

/// Collects the steps on the right of a dot or of a bracket.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn follow(
    is_dot: bool,
    pair: &BinaryExpr,
    flags: ASTFlags,
    steps: &mut Vec<Step>,
    keys: &mut Vec<Expr>,
) -> Option<()> {
    if flags.contains(ASTFlags::NEGATED) {
        return None;
    }
    let mut step = |expression: &Expr| match expression {
        Expr::Property(property, _) if is_dot => {
            steps.push(Step::Name(property.2.clone()));
            Some(())
        }
        key if !is_dot && is_pure(key) => {
            steps.push(Step::Key);
            keys.push(key.clone());
            Some(())
        }
        _ => None,
    };
    match parts(&pair.rhs).filter(|_| !flags.contains(ASTFlags::BREAK)) {
        Some((next_is_dot, next, next_flags)) => {
            step(&next.lhs)?;
            follow(next_is_dot, next, next_flags, steps, keys)
        }
        None => step(&pair.rhs),
    }
}

/// Whether an expression is the same when it is evaluated again, and changes nothing: no function but an
/// operator is called for it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn is_pure(expression: &Expr) -> bool {
    match expression {
        Expr::Variable(..) | Expr::Property(..) | Expr::ThisPtr(..) => true,
        Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => parts.iter().all(is_pure),
        Expr::Map(parts, _) => parts.0.iter().all(|(_, value)| is_pure(value)),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => is_pure(&pair.lhs) && is_pure(&pair.rhs),
        Expr::FnCall(call, _) => call.op_token.is_some() && call.args.iter().all(is_pure),
        other => other.is_constant(),
    }
}
