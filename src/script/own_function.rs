//! Functions of a script with another body than the one that was written.
//!
//! Owns the way around the engine, which makes a function from text alone: the text says to evaluate
//! a body of that number. Never makes a body.

use std::fmt::Write as _;
use std::rc::Rc;

use rhai::{
    AST, Dynamic, EvalContext, Expr, Expression, FnAccess, LexError, Position, ScriptFuncDef,
    Shared, Stmt, StmtBlock,
};

/// The word that stands for a body. No script may use it.
const WORD: &str = "zrig_body_of";

#[derive(Clone)]
struct Body(Rc<Expr>);

/// Lets an engine evaluate such bodies.
pub(super) fn register(engine: &mut rhai::Engine) {
    engine.register_custom_syntax_with_state_raw(
        WORD,
        |_, _, _| {
            let kept =
                LexError::ImproperSymbol(WORD.to_owned(), "a name that zrig keeps".to_owned());
            Err(kept.into_err(Position::NONE))
        },
        false,
        |context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
         _: &[Expression<'_>],
         body: &Dynamic| {
            let body = body.read_lock::<Body>().map(|body| Rc::clone(&body.0));
            body.map_or(Ok(Dynamic::UNIT), |body| {
                context.eval_expression_tree(&Expression::from(&*body))
            })
        },
    );
}

/// Gives functions of a script other bodies.
pub(super) fn replace(ast: &mut AST, replaced: Vec<(Shared<ScriptFuncDef>, Vec<Stmt>)>) {
    if replaced.is_empty() {
        return;
    }
    let mut text = String::new();
    let mut bodies = Vec::new();
    for (number, (function, body)) in replaced.into_iter().enumerate() {
        let access = if function.access == FnAccess::Private { "private " } else { "" };
        let of = function.this_type.as_ref().map_or(String::new(), |of| format!("{of:?}."));
        let arguments: Vec<&str> = function.params.iter().map(|name| name.as_str()).collect();
        let (name, arguments) = (&function.name, arguments.join(", "));
        // Writing to a text does not fail.
        let _ = writeln!(text, "{access}fn {of}{name}({arguments}) {{ {WORD} {number} }}");
        let block =
            StmtBlock::new(body, function.body.start_position(), function.body.end_position());
        bodies.push(Body(Rc::new(Expr::Stmt(Box::new(block)))));
    }
    let mut parser = rhai::Engine::new_raw();
    parser.register_custom_syntax_with_state_raw(
        WORD,
        move |read, _, state| match read {
            [_, number] => {
                let body = number.parse().ok().and_then(|number: usize| bodies.get(number));
                *state = body.cloned().map_or(Dynamic::UNIT, Dynamic::from);
                Ok(None)
            }
            _ => Ok(Some("$int$".into())),
        },
        false,
        |_: &mut EvalContext<'_, '_, '_, '_, '_, '_>, _: &[Expression<'_>], _: &Dynamic| {
            Ok(Dynamic::UNIT)
        },
    );
    // What was parsed once is parsed again.
    if let Ok(others) = parser.compile(&text) {
        ast.combine(others);
    }
}
