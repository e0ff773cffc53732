//! Whether a script begins its state anew at each start, whatever it was.
//!
//! Owns what of `this` a script uses by name. Never guesses: where `this` is used in any other way,
//! nothing is said.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, Position, Stmt};

/// Where the body of `on_start` begins to overwrite, with values that are no part of the state, every
/// property of `this` that the script has.
pub(super) fn overwritten(ast: &AST, on_start: &[Stmt]) -> Option<Position> {
    let mut used = BTreeSet::new();
    let (mut named, mut all) = (0, 0);
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::ThisPtr(_))) => all += 1,
            Some(ASTNode::Expr(expression)) => {
                if let Some((name, _)) = property_of_this(expression) {
                    named += 1;
                    used.insert(name.to_owned());
                }
            }
            Some(ASTNode::Stmt(_)) | None => {}
            Some(_) => {}
        }
        true
    });
    if used.is_empty() || named != all {
        return None;
    }
    let mut begins = None;
    for statement in on_start.iter().take_while(|statement| !may_return(statement)) {
        let Stmt::Assignment(assignment) = statement else { continue };
        let (operation, sides) = &**assignment;
        if operation.is_op_assignment() || uses_this(&sides.rhs) {
            continue;
        }
        if let (Expr::Dot(pair, ..), Some((name, place))) =
            (&sides.lhs, property_of_this(&sides.lhs))
            && matches!(pair.rhs, Expr::Property(..))
        {
            begins.get_or_insert(place);
            used.remove(name);
        }
    }
    begins.filter(|_| used.is_empty())
}

/// The property of `this` that an expression begins with.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of nodes")]
fn property_of_this(expression: &Expr) -> Option<(&str, Position)> {
    let Expr::Dot(pair, ..) = expression else { return None };
    let Expr::ThisPtr(place) = pair.lhs else { return None };
    let mut first = &pair.rhs;
    loop {
        match first {
            Expr::Property(property, _) => return Some((&property.2, place)),
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => first = &pair.lhs,
            _ => return None,
        }
    }
}

fn uses_this(expression: &Expr) -> bool {
    let mut uses = false;
    expression.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
        uses |= matches!(path.last(), Some(ASTNode::Expr(Expr::ThisPtr(_))));
        !uses
    });
    uses
}

/// Whether what stands behind a statement may be passed over.
fn may_return(statement: &Stmt) -> bool {
    let mut returns = false;
    statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
        returns |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::Return(..))));
        !returns
    });
    returns
}
