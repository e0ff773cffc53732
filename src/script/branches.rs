//! Which branches of handlers were taken: a mark at the beginning of each counts how often it was passed.
//!
//! Owns what a branch is, and where marks are put. They are put only where somebody counts, so that
//! nobody else pays for them. What a handler comes to is the same with them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use rhai::{
    BinaryExpr, CustomExpr, Dynamic, EvalContext, Expr, Expression, FlowControl, ImmutableString,
    Position, Stmt, StmtBlock,
};

use super::places::Places;
use crate::lock::locked;

/// The name that the engine knows a mark by, which no script can spell.
const NAME: &str = "a mark of a branch";

/// A branch of a script.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Branch {
    /// The file: the script, a module, or the topology for inline handlers.
    pub path: PathBuf,
    /// The line of the word that it belongs to.
    pub line: usize,
    /// Its column there.
    pub column: usize,
    /// Which branch of it.
    pub arm: Arm,
}

/// Which branch of a statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Arm {
    /// What an `if` does where its condition holds.
    Then,
    /// What it does otherwise, be it nothing.
    Else,
    /// An arm of a `switch`.
    Case,
    /// No arm of a `switch` that has none for all others.
    NoCase,
    /// The body of a loop.
    Body,
    /// What a `catch` does.
    Catch,
}

impl Arm {
    /// What has not come about where it was never passed.
    #[must_use]
    pub fn never(self) -> &'static str {
        match self {
            Self::Then => "this `if` never held",
            Self::Else => "the else of this `if` was never taken",
            Self::Case => "this arm of the `switch` was never taken",
            Self::NoCase => "this `switch` never met a value without an arm",
            Self::Body => "the body of this loop was never entered",
            Self::Catch => "nothing was ever caught here",
        }
    }
}

/// How often branches were passed; a clone counts into the same.
#[derive(Clone, Default, Debug)]
pub struct Branches(Arc<Mutex<BTreeMap<Branch, Arc<AtomicU64>>>>);

impl Branches {
    /// All that were seen in scripts, with how often each was passed.
    #[must_use]
    pub fn passed(&self) -> BTreeMap<Branch, u64> {
        let all = locked(&self.0);
        all.iter().map(|(branch, count)| (branch.clone(), count.load(Relaxed))).collect()
    }

    fn counter(&self, branch: Branch) -> Arc<AtomicU64> {
        Arc::clone(locked(&self.0).entry(branch).or_default())
    }
}

/// The counters of the marks that an engine evaluates, by the numbers of these.
#[derive(Clone, Default)]
pub(super) struct Marks(Rc<RefCell<Vec<Arc<AtomicU64>>>>);

/// Lets an engine evaluate marks.
pub(super) fn register(engine: &mut rhai::Engine) -> Marks {
    let marks = Marks::default();
    let counters = marks.clone();
    engine.register_custom_syntax_with_state_raw(
        NAME,
        |_, _, _| Ok(None),
        false,
        move |_: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
              _: &[Expression<'_>],
              number: &Dynamic| {
            let number = number.as_int().ok().and_then(|number| usize::try_from(number).ok());
            let counters = counters.0.borrow();
            if let Some(counter) = number.and_then(|number| counters.get(number)) {
                counter.fetch_add(1, Relaxed);
            }
            Ok(Dynamic::UNIT)
        },
    );
    marks
}

/// Whether an expression is a mark, which changes nothing.
pub(super) fn is_mark(custom: &CustomExpr) -> bool {
    custom.tokens.first().is_some_and(|token| token == NAME)
}

/// Puts marks into the branches of scripts.
pub(super) struct Marker<'m> {
    pub(super) marks: &'m Marks,
    pub(super) branches: &'m Branches,
}

impl Marker<'_> {
    /// Puts a mark at the beginning of each branch of a body; whether it has any.
    pub(super) fn mark(&self, body: &mut [Stmt], places: &Places) -> bool {
        let walk = Walk { marker: self, places };
        let before = self.marks.0.borrow().len();
        body.iter_mut().for_each(|statement| walk.statement(statement));
        self.marks.0.borrow().len() > before
    }
}

struct Walk<'w> {
    marker: &'w Marker<'w>,
    places: &'w Places,
}

impl Walk<'_> {
    /// A statement that counts; none where nobody wrote what it would be about.
    fn new_mark(&self, at: Position, arm: Arm) -> Option<Stmt> {
        let found = self.places.find(at)?;
        let path = self.places.path().to_owned();
        let branch = Branch { path, line: found.line, column: found.column, arm };
        let mut counters = self.marker.marks.0.borrow_mut();
        let number = i64::try_from(counters.len()).ok()?;
        counters.push(self.marker.branches.counter(branch));
        let custom = CustomExpr {
            inputs: std::iter::empty().collect(),
            tokens: std::iter::once(ImmutableString::from(NAME)).collect(),
            state: Dynamic::from_int(number),
            scope_may_be_changed: false,
            self_terminated: false,
        };
        Some(Stmt::Expr(Box::new(Expr::Custom(Box::new(custom), at))))
    }

    fn begin(&self, block: &mut StmtBlock, at: Position, arm: Arm) {
        if let Some(mark) = self.new_mark(at, arm) {
            block.statements_mut().insert(0, mark);
        }
    }

    fn block(&self, block: &mut StmtBlock) {
        block.statements_mut().iter_mut().for_each(|statement| self.statement(statement));
    }

    fn condition(&self, flow: &mut FlowControl, at: Position) {
        self.expression(&mut flow.expr);
        self.block(&mut flow.body);
        // An `else if` is told by its own `if`.
        let is_chain = matches!(flow.branch.statements(), [Stmt::If(..)]);
        self.block(&mut flow.branch);
        self.begin(&mut flow.body, at, Arm::Then);
        if !is_chain {
            self.begin(&mut flow.branch, at, Arm::Else);
        }
    }

    fn repeated(&self, flow: &mut FlowControl, at: Option<Position>) {
        self.expression(&mut flow.expr);
        self.block(&mut flow.body);
        if let Some(at) = at {
            self.begin(&mut flow.body, at, Arm::Body);
        }
    }

    /// Statements that are not listed have no branches.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
    fn statement(&self, statement: &mut Stmt) {
        match statement {
            Stmt::If(flow, at) => self.condition(flow, *at),
            // What stands in a `loop` is always entered, and so is what a `do` begins.
            Stmt::While(flow, at) => {
                let is_endless = matches!(flow.expr, Expr::Unit(_));
                self.repeated(flow, (!is_endless).then_some(*at));
            }
            Stmt::Do(flow, ..) => self.repeated(flow, None),
            Stmt::For(parts, at) => self.repeated(&mut parts.2, Some(*at)),
            Stmt::TryCatch(flow, at) => {
                self.block(&mut flow.body);
                self.block(&mut flow.branch);
                self.begin(&mut flow.branch, *at, Arm::Catch);
            }
            Stmt::Switch(parts, at) => {
                self.expression(&mut parts.0);
                let cases = &mut parts.1;
                for case in &mut cases.expressions {
                    self.expression(&mut case.lhs);
                    self.case(&mut case.rhs);
                }
                if cases.def_case.is_none()
                    && let Some(mark) = self.new_mark(*at, Arm::NoCase)
                {
                    cases.def_case = Some(cases.expressions.len());
                    let lhs = Expr::BoolConstant(true, *at);
                    let block = StmtBlock::new([mark], *at, *at);
                    cases.expressions.push(BinaryExpr { lhs, rhs: Expr::Stmt(Box::new(block)) });
                }
            }
            Stmt::Var(variable, ..) => self.expression(&mut variable.1),
            Stmt::Assignment(parts) => {
                self.expression(&mut parts.1.lhs);
                self.expression(&mut parts.1.rhs);
            }
            Stmt::FnCall(call, _) => call.args.iter_mut().for_each(|it| self.expression(it)),
            Stmt::Block(block) => self.block(block),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::Return(Some(expression), ..) | Stmt::BreakLoop(Some(expression), ..) => {
                self.expression(expression);
            }
            _ => {}
        }
    }

    /// What an arm of a `switch` comes to, behind a mark.
    fn case(&self, value: &mut Expr) {
        self.expression(value);
        let at = value.start_position();
        let Some(mark) = self.new_mark(at, Arm::Case) else { return };
        if let Expr::Stmt(block) = value {
            block.statements_mut().insert(0, mark);
            return;
        }
        let written = std::mem::replace(value, Expr::Unit(Position::NONE));
        let block = StmtBlock::new([mark, Stmt::Expr(Box::new(written))], at, at);
        *value = Expr::Stmt(Box::new(block));
    }

    /// Expressions that are not listed have no statements in them.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
    fn expression(&self, expression: &mut Expr) {
        match expression {
            Expr::Stmt(block) => self.block(block),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => {
                call.args.iter_mut().for_each(|argument| self.expression(argument));
            }
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
                self.expression(&mut pair.lhs);
                self.expression(&mut pair.rhs);
            }
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter_mut().for_each(|part| self.expression(part));
            }
            Expr::Map(parts, _) => {
                parts.0.iter_mut().for_each(|(_, value)| self.expression(value));
            }
            Expr::And(terms, _) | Expr::Or(terms, _) | Expr::Coalesce(terms, _) => {
                terms.iter_mut().for_each(|term| self.expression(term));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::call_context::NodeView;
    use super::super::text::{HandlerText, ScriptText};
    use super::super::{Engine, Handler, Invocation};
    use super::*;
    use crate::source::Position as Place;

    /// The state that a handler leaves behind, and which branches were never passed, as `line arm`.
    fn run(body: &str, counted: bool) -> (String, Vec<String>) {
        let engine = Rc::new(Engine::new());
        let branches = Branches::default();
        let lines = (1..=body.lines().count()).map(|line| Place { line, column: 1 }).collect();
        let handler = HandlerText { name: "on_tick".to_owned(), body: body.into(), lines };
        let text = ScriptText::of_one(Path::new("a.yaml"), handler);
        let program = engine.compile_counting(&text, counted.then_some(&branches)).unwrap();
        let mut handler = Handler::new(&engine, program, NodeView::of_nobody());
        let mut effects = std::collections::VecDeque::new();
        handler.call_into(Invocation::Tick, &mut effects).unwrap();
        let passed = branches.passed();
        let missed = passed.iter().filter(|(_, count)| **count == 0);
        let missed = missed.map(|(branch, _)| format!("{} {:?}", branch.line, branch.arm));
        let state = handler.state().text().unwrap().text;
        (String::from_utf8(state).unwrap(), missed.collect())
    }

    #[test]
    fn branches_that_were_never_passed_are_known_and_what_a_handler_comes_to_is_the_same() {
        for (body, missed) in [
            ("if true == this.is_empty() { this.a = 1 }", &["1 Else"][..]),
            ("this.a = 0; if this.a == 1 {\n1 } else { this.b = 2; }", &["1 Then"]),
            (
                "this.a = 3;\nif this.a == 1 { 1 }\nelse if this.a == 2 { 2 }\nelse { this.b = 1 }",
                &["2 Then", "3 Then"],
            ),
            (
                "this.a = 2; this.b = switch this.a {\n1 => 10,\n2 if this.a > 5 => 11,\n2 => 12 };",
                &["1 NoCase", "2 Case", "3 Case"],
            ),
            ("this.a = switch 5 {\n1 => 10,\n_ => { let x = 4; x + 1 }\n};", &["2 Case"]),
            (
                "this.b = 7; for n in 0..0 {\nthis.a = n; }\nwhile this.b > 5 { this.b -= 1 }",
                &["1 Body"],
            ),
            ("try { this.a = 1; } catch { this.a = 2; }", &["1 Catch"]),
            ("try { throw 1; } catch(e) { this.a = e; }", &[]),
            (
                "this.n = 1; let x = if this.n == 1 { 5 } else { 6 };\nthis.a = [x, if x == 6 { 1 } else { 2 }];",
                &["1 Else", "2 Then"],
            ),
            ("this.m = #{a: 1}; this.m.a = if this.m.a == 2 { 1 } else { 2 };", &["1 Then"]),
        ] {
            let (state, never) = run(body, true);
            assert_eq!(never, missed, "{body}");
            assert_eq!(run(body, false), (state, Vec::new()), "{body}");
        }
    }
}
