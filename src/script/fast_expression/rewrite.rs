//! Finding the expressions of a handler that can be evaluated fast.
//!
//! Owns what is safe to take a fast expression for: a message that the handler reads and never puts
//! another value in the place of. Never changes what an expression means.

use std::cell::Cell;

use rhai::{ASTFlags, ASTNode, Dynamic, Expr, FlowControl, FnCallExpr, Stmt, StmtBlock, Token};

use super::{Calculation, Comparison, FastExpression, NAME, Property, Rc, Rewritten};
use crate::script::lending::Lender;
use crate::script::{branches, custom, move_return};

/// Puts fast expressions in the place of what a handler's body says about its argument, and moved
/// returns in that of the variables that its blocks end with; what is only looked at is lent. Tells
/// whether anything was lent.
pub(in crate::script) fn rewrite(
    body: &mut [Stmt],
    argument: Option<&str>,
    lender: &Lender,
) -> bool {
    let is_read = |name: &&str| body.iter().all(|statement| only_reads(statement, name));
    let argument = argument.filter(is_read);
    let rewriter = Rewriter { argument, lender: Some(lender), has_lent: Cell::new(false) };
    rewriter.statements(body);
    rewriter.has_lent.get()
}

/// The fast expression for a whole body, which need not be given to the engine at all.
pub(in crate::script) fn whole(body: &[Stmt], argument: &str) -> Option<FastExpression> {
    let rewriter = Rewriter { argument: Some(argument), lender: None, has_lent: Cell::new(false) };
    let fast_expression = rewriter.fast_block(body)?;
    body.iter().all(|statement| only_reads(statement, argument)).then_some(fast_expression)
}

/// Whether a statement leaves a variable as it is, and no other has its name.
fn only_reads(statement: &Stmt, name: &str) -> bool {
    statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| match path.last() {
        Some(ASTNode::Stmt(statement)) => !may_change(statement, name),
        Some(ASTNode::Expr(expression)) => !is_changed_by(expression, name),
        Some(_) | None => true,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
fn may_change(statement: &Stmt, name: &str) -> bool {
    match statement {
        Stmt::Var(variable, ..) => variable.0.name == name,
        Stmt::For(parts, ..) => {
            parts.0.name == name || parts.1.as_ref().is_some_and(|counter| counter.name == name)
        }
        Stmt::Assignment(parts) => root_is(&parts.1.lhs, name),
        Stmt::TryCatch(flow, ..) => root_is(&flow.expr, name),
        Stmt::Share(captured) => captured.iter().any(|(captured, _)| captured.name == name),
        Stmt::Import(parts, ..) => parts.1.name == name,
        Stmt::Export(..) => true,
        _ => false,
    }
}

/// A method may change what it is called on; an index is not what a message has.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn is_changed_by(expression: &Expr, name: &str) -> bool {
    match expression {
        Expr::Dot(pair, ..) if root_is(&pair.lhs, name) => {
            matches!(pair.rhs, Expr::MethodCall(..))
        }
        Expr::Index(pair, ..) => root_is(&pair.lhs, name),
        Expr::Custom(custom, _) => !branches::is_mark(custom),
        _ => false,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn root_is(expression: &Expr, name: &str) -> bool {
    match expression {
        Expr::Variable(variable, ..) => variable.1 == name,
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => root_is(&pair.lhs, name),
        _ => false,
    }
}

struct Rewriter<'a> {
    /// The message's name, unless it may mean something else somewhere.
    argument: Option<&'a str>,
    /// Who lends what is only looked at.
    lender: Option<&'a Lender>,
    /// Whether anything was lent.
    has_lent: Cell<bool>,
}

impl Rewriter<'_> {
    fn block(&self, block: &mut StmtBlock) {
        self.statements(block.statements_mut());
    }

    fn statements(&self, block: &mut [Stmt]) {
        block.iter_mut().for_each(|statement| self.statement(statement));
        move_return::rewrite(block);
    }

    fn flow(&self, flow: &mut FlowControl) {
        self.expression(&mut flow.expr);
        self.block(&mut flow.body);
        self.block(&mut flow.branch);
    }

    /// Statements that are not listed stay as they are.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
    fn statement(&self, statement: &mut Stmt) {
        match statement {
            Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..) => self.flow(flow),
            Stmt::For(parts, _) => self.flow(&mut parts.2),
            Stmt::TryCatch(flow, _) => {
                self.block(&mut flow.body);
                self.block(&mut flow.branch);
            }
            Stmt::Switch(parts, _) => {
                self.expression(&mut parts.0);
                for case in &mut parts.1.expressions {
                    self.expression(&mut case.lhs);
                    self.expression(&mut case.rhs);
                }
            }
            Stmt::Var(variable, ..) => self.expression(&mut variable.1),
            Stmt::Assignment(parts) => {
                self.chain(&mut parts.1.lhs);
                self.expression(&mut parts.1.rhs);
            }
            Stmt::FnCall(call, place) => {
                let mut expression = Expr::FnCall(call.clone(), *place);
                self.expression(&mut expression);
                *statement = match expression {
                    Expr::FnCall(call, place) => Stmt::FnCall(call, place),
                    other => Stmt::Expr(Box::new(other)),
                };
            }
            Stmt::Block(block) => self.block(block),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::Return(Some(expression), ..) | Stmt::BreakLoop(Some(expression), ..) => {
                self.expression(expression);
            }
            _ => {}
        }
    }

    /// Takes the fast expression for the whole, or else for its parts.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
    fn expression(&self, expression: &mut Expr) {
        if let Some(fast_expression) = self.fast_expression(expression).filter(reads) {
            let original = std::mem::replace(expression, Expr::Unit(rhai::Position::NONE));
            *expression = with_fast_expression(original, fast_expression);
            return;
        }
        if self.lend(expression) {
            return;
        }
        match expression {
            Expr::Stmt(block) => self.block(block),
            Expr::FnCall(call, _) => self.call(call),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expression),
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

    fn lend(&self, expression: &mut Expr) -> bool {
        let lent = self.lender.is_some_and(|lender| lender.rewrite(expression));
        self.has_lent.set(self.has_lent.get() || lent);
        lent
    }

    /// The arguments and keys in a chain such as `this.map[key].push(value)`; what they are asked of stays
    /// what can be changed.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a chain has no expressions")]
    fn chain(&self, link: &mut Expr) {
        match link {
            Expr::Dot(pair, ..) => {
                self.chain(&mut pair.lhs);
                self.chain(&mut pair.rhs);
            }
            Expr::Index(pair, flags, _) => {
                self.chain(&mut pair.lhs);
                match &mut pair.rhs {
                    Expr::Dot(next, ..) | Expr::Index(next, ..)
                        if !flags.contains(ASTFlags::BREAK) =>
                    {
                        self.expression(&mut next.lhs);
                        self.chain(&mut next.rhs);
                    }
                    key => self.expression(key),
                }
            }
            Expr::MethodCall(call, _) | Expr::FnCall(call, _) => self.call(call),
            _ => {}
        }
    }

    fn call(&self, call: &mut FnCallExpr) {
        call.args.iter_mut().for_each(|argument| self.expression(argument));
    }

    /// Whether an expression is the message itself.
    fn is_message(&self, expression: &Expr) -> bool {
        matches!(
            expression,
            Expr::Variable(variable, ..)
                if self.argument == Some(variable.1.as_str()) && variable.2.is_empty()
        )
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most kinds of expressions have none")]
    fn fast_expression(&self, expression: &Expr) -> Option<FastExpression> {
        match expression {
            Expr::IntegerConstant(value, _) => Some(FastExpression::Integer(*value)),
            Expr::BoolConstant(value, _) => Some(FastExpression::Bool(*value)),
            Expr::StringConstant(text, _) => Some(FastExpression::Text(text.clone())),
            Expr::And(terms, _) => self.fast_expressions(terms).map(FastExpression::All),
            Expr::Or(terms, _) => self.fast_expressions(terms).map(FastExpression::Any),
            Expr::Dot(pair, flags, _) if !flags.contains(rhai::ASTFlags::NEGATED) => {
                match &pair.rhs {
                    Expr::Property(property, _) if self.is_message(&pair.lhs) => {
                        property_of(&property.2).map(FastExpression::Property)
                    }
                    _ => None,
                }
            }
            Expr::FnCall(call, _) => self.operation(call),
            _ => None,
        }
    }

    /// The fast expression for the value of a block: of one statement, or none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most kinds of statements have none")]
    fn fast_block(&self, statements: &[Stmt]) -> Option<FastExpression> {
        let statement = match statements {
            [] => return Some(FastExpression::Unit),
            [statement] => statement,
            _ => return None,
        };
        match statement {
            Stmt::Expr(expression) => match &**expression {
                variable if self.is_message(variable) => Some(FastExpression::Message),
                Expr::Unit(_) => Some(FastExpression::Unit),
                other => self.fast_expression(other),
            },
            Stmt::FnCall(call, _) => self.operation(call),
            Stmt::If(flow, _) => Some(FastExpression::If(Box::new([
                self.fast_expression(&flow.expr)?,
                self.fast_block(flow.body.statements())?,
                self.fast_block(flow.branch.statements())?,
            ]))),
            _ => None,
        }
    }

    fn fast_expressions(&self, expressions: &[Expr]) -> Option<Vec<FastExpression>> {
        expressions.iter().map(|expression| self.fast_expression(expression)).collect()
    }

    fn operation(&self, call: &FnCallExpr) -> Option<FastExpression> {
        let operator = call.op_token.as_ref()?;
        match &call.args[..] {
            [inner] if *operator == Token::Bang => {
                self.fast_expression(inner).map(|inner| FastExpression::Not(Box::new(inner)))
            }
            [left, right] => {
                let pair =
                    || Some(Box::new((self.fast_expression(left)?, self.fast_expression(right)?)));
                if let Some(comparison) = comparison_of(operator) {
                    return pair().map(|pair| FastExpression::Compare(comparison, pair));
                }
                let calculation = calculation_of(operator)?;
                pair().map(|pair| FastExpression::Calculate(calculation, pair))
            }
            _ => None,
        }
    }
}

/// Whether a fast expression is about the message at all.
fn reads(fast_expression: &FastExpression) -> bool {
    match fast_expression {
        FastExpression::Property(_) | FastExpression::Message => true,
        FastExpression::Unit
        | FastExpression::Integer(_)
        | FastExpression::Bool(_)
        | FastExpression::Text(_) => false,
        FastExpression::Not(inner) => reads(inner),
        FastExpression::All(terms) | FastExpression::Any(terms) => terms.iter().any(reads),
        FastExpression::Compare(_, pair) | FastExpression::Calculate(_, pair) => {
            reads(&pair.0) || reads(&pair.1)
        }
        FastExpression::If(parts) => parts.iter().any(reads),
    }
}

fn with_fast_expression(original: Expr, fast_expression: FastExpression) -> Expr {
    custom::instead_of(original, NAME, Dynamic::from(Rewritten(Rc::new(fast_expression))))
}

fn property_of(name: &str) -> Option<Property> {
    Some(match name {
        "socket" => Property::Socket,
        "msgid" => Property::Msgid,
        "msgtype" => Property::Msgtype,
        "topic" => Property::Topic,
        "body" => Property::Body,
        "text" => Property::Text,
        "json" => Property::Json,
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many tokens")]
fn comparison_of(operator: &Token) -> Option<Comparison> {
    Some(match operator {
        Token::EqualsTo => Comparison::Equal,
        Token::NotEqualsTo => Comparison::NotEqual,
        Token::LessThan => Comparison::Less,
        Token::LessThanEqualsTo => Comparison::LessOrEqual,
        Token::GreaterThan => Comparison::Greater,
        Token::GreaterThanEqualsTo => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many tokens")]
fn calculation_of(operator: &Token) -> Option<Calculation> {
    Some(match operator {
        Token::Plus => Calculation::Add,
        Token::Minus => Calculation::Subtract,
        Token::Multiply => Calculation::Multiply,
        Token::Divide => Calculation::Divide,
        Token::Modulo => Calculation::Remainder,
        _ => return None,
    })
}
