//! A text where none can stand: as a condition, and beside an operator of numbers.
//!
//! Owns what is certain from the script alone: texts that are written out, and `msg.text`. Never guesses
//! what a variable holds.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::syntax::Mistake;

/// Operators that no text is on any side of.
const OF_NUMBERS: [&str; 4] = ["*", "/", "%", "**"];

/// Where a text that is written out is calculated with.
pub(super) fn written(ast: &AST) -> Vec<(Position, Mistake)> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some((call, place)) = path.last().and_then(called)
            && is_calculation(call)
            && call.args.iter().any(is_written)
        {
            found.push((place, Mistake::Calculated(call.name.to_string())));
        }
        true
    });
    found
}

/// Where a handler takes the text of its message, by the name of its argument, for a number or for
/// true or false.
pub(super) fn of_message(argument: &str, body: &[Stmt]) -> Vec<(Position, Mistake)> {
    let mut found = Vec::new();
    let is_text = |expression: &Expr| text_of(expression, argument).is_some();
    let mut look = |path: &[ASTNode<'_>]| {
        if let Some((call, place)) = path.last().and_then(called) {
            // One that has a text written out, too, is told already.
            if is_calculation(call)
                && call.args.iter().any(is_text)
                && !call.args.iter().any(is_written)
            {
                found.push((place, Mistake::Calculated(call.name.to_string())));
            }
            if &*call.name == "int"
                && call.namespace.is_empty()
                && call.args.len() == 1
                && is_text(&call.args[0])
            {
                found.push((place, Mistake::Whole));
            }
        }
        if let Some(ASTNode::Stmt(Stmt::If(flow, _) | Stmt::While(flow, _))) = path.last() {
            found.extend(text_of(&flow.expr, argument).map(|place| (place, Mistake::Condition)));
        }
        true
    };
    for statement in body {
        statement.walk(&mut Vec::new(), &mut look);
    }
    found
}

/// The call of a function or an operator that a node is.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn called<'n>(node: &ASTNode<'n>) -> Option<(&'n FnCallExpr, Position)> {
    match node {
        ASTNode::Expr(Expr::FnCall(call, place)) | ASTNode::Stmt(Stmt::FnCall(call, place)) => {
            Some((call, *place))
        }
        _ => None,
    }
}

fn is_calculation(call: &FnCallExpr) -> bool {
    call.op_token.is_some() && OF_NUMBERS.contains(&&*call.name)
}

fn is_written(expression: &Expr) -> bool {
    // The engine has filled in what is constant already.
    let is_made = matches!(expression, Expr::DynamicConstant(value, _) if value.is_string());
    is_made || matches!(expression, Expr::StringConstant(..) | Expr::InterpolatedString(..))
}

/// Where `msg.text` begins, `msg` being the name of a handler's argument.
fn text_of(expression: &Expr, argument: &str) -> Option<Position> {
    let Expr::Dot(pair, ..) = expression else { return None };
    let is_message = matches!(&pair.lhs, Expr::Variable(variable, ..) if variable.1 == argument);
    let is_text = matches!(&pair.rhs, Expr::Property(property, _) if property.2 == "text");
    (is_message && is_text).then(|| pair.lhs.position())
}

#[cfg(test)]
mod tests {
    use super::Mistake;
    use crate::script::Engine;
    use crate::script::trial::{compiled, script};

    fn found(body: &str) -> Vec<Mistake> {
        let text = script(&format!("fn f(x) {{ x }} fn on_message(msg) {{ {body} }}"));
        let survey = compiled(&Engine::new(), &text).survey().clone();
        survey.mistakes.into_iter().map(|(_, mistake)| mistake).collect()
    }

    #[test]
    fn a_text_that_is_calculated_with_is_found() {
        let calculated = |name: &str| vec![Mistake::Calculated(name.to_owned())];
        for (body, wanted) in [
            ("\"-\" * 10", calculated("*")),
            ("\"hello %s\" % msg.body", calculated("%")),
            ("let n = 3; n * \"ab\"", calculated("*")),
            ("`a${1}` / 2", calculated("/")),
            ("f(msg.text * 2)", calculated("*")),
            ("if msg.text { 1 } else { 2 }", vec![Mistake::Condition]),
            ("while msg.text { break; }", vec![Mistake::Condition]),
            ("int(msg.text) + 1", vec![Mistake::Whole]),
        ] {
            assert_eq!(found(body), wanted, "{body}");
        }
    }

    #[test]
    fn what_may_be_a_number_is_left_alone() {
        for body in [
            "msg.body * 2",
            "msg.text + 1",
            "msg.text - \"a\"",
            "msg.text.len() * 2",
            "parse_int(msg.text) % 2",
            "if msg.text == \"a\" { 1 }",
            "if msg.body { 1 }",
            "int(2.5)",
            "let text = 3; text * 2",
            "let m = #{text: 2}; m.text * 2",
        ] {
            assert_eq!(found(body), vec![], "{body}");
        }
    }
}
