//! Expressions of a compiled handler that a function of ours evaluates, where it can.
//!
//! Owns how one is put in the place of the original. Never decides which, or what it comes to.

use rhai::{CustomExpr, Dynamic, EvalContext, Expr, Expression, ImmutableString};

/// Lets an engine evaluate the expressions of that name, which no script can spell. The function is
/// given what [`instead_of`] was; where it has no value, the original is evaluated as written.
pub(super) fn register(
    engine: &mut rhai::Engine,
    name: &'static str,
    value: impl Fn(&mut EvalContext<'_, '_, '_, '_, '_, '_>, &Dynamic) -> Option<Dynamic> + 'static,
) {
    engine.register_custom_syntax_with_state_raw(
        name,
        |_, _, _| Ok(None),
        false,
        move |context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
              original: &[Expression<'_>],
              given: &Dynamic| {
            match value(context, given) {
                Some(value) => Ok(value),
                None => context.eval_expression_tree(&original[0]),
            }
        },
    );
}

/// The expression of that name in the place of an original.
pub(super) fn instead_of(original: Expr, name: &'static str, given: Dynamic) -> Expr {
    let place = original.start_position();
    let custom = CustomExpr {
        inputs: std::iter::once(original).collect(),
        tokens: std::iter::once(ImmutableString::from(name)).collect(),
        state: given,
        scope_may_be_changed: false,
        self_terminated: false,
    };
    Expr::Custom(Box::new(custom), place)
}
