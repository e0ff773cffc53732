//! What a function of a script is made of.
//!
//! Owns the way to its statements. Never changes them.

use rhai::{AST, ASTNode, ScriptFuncDef, Stmt};

/// The statements of a function's body, which the engine shows to a walk only.
pub(super) fn body_of(ast: &AST, function: &ScriptFuncDef) -> Vec<Stmt> {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, name, arguments| {
        name == function.name && arguments == function.params.len()
    });
    let mut statements = Vec::new();
    alone.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}
