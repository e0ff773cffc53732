//! A block that ends with one of its own variables, as in `let m = msg.json; m.n += 1; m`, gives
//! that value away instead of a copy of it: a copy of a map costs half as much as parsing it.
//!
//! Owns when that is safe: where the variable ends with the block, and no closure shares it. Never
//! changes what a block comes to.

use rhai::{ASTFlags, Dynamic, Expr, Position, Stmt};

use super::custom;

/// The name that the engine knows a moved return by, which no script can spell.
const NAME: &str = "a moved return";

/// Lets an engine evaluate moved returns.
pub(super) fn register(engine: &mut rhai::Engine) {
    custom::register(engine, NAME, |context, name| {
        let name = name.as_immutable_string_ref().ok()?;
        // No constant is found so, and none is given away.
        let variable = context.scope_mut().get_mut(&name)?;
        (!variable.is_shared()).then(|| std::mem::take(variable))
    });
}

/// Puts a moved return in the place of the variable that a block ends with, if it is the block's
/// own.
pub(super) fn rewrite(block: &mut [Stmt]) {
    let Some((last, before)) = block.split_last_mut() else { return };
    let Some(expression) = value_of(last) else { return };
    let Expr::Variable(variable, ..) = &*expression else { return };
    let is_own = before.iter().any(|statement| declares(statement, &variable.1));
    if !variable.2.is_empty() || !is_own {
        return;
    }
    let name = Dynamic::from(variable.1.clone());
    let original = std::mem::replace(expression, Expr::Unit(Position::NONE));
    *expression = custom::instead_of(original, NAME, name);
}

fn declares(statement: &Stmt, name: &str) -> bool {
    matches!(statement, Stmt::Var(declared, ..) if declared.0.name == name)
}

/// The expression that a block's last statement gives out.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of statements")]
fn value_of(statement: &mut Stmt) -> Option<&mut Expr> {
    match statement {
        Stmt::Expr(expression) => Some(expression),
        // With that flag it is a `throw`.
        Stmt::Return(Some(expression), flags, _) if !flags.contains(ASTFlags::BREAK) => {
            Some(expression)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::script::Invocation;
    use crate::script::trial::{Trial, rewritten, shown};
    use crate::zeromq::Role::Push;

    /// What a body sends, in the handler itself, and in a function, where nothing is handed over.
    fn both_ways(body: &str) -> [Vec<String>; 2] {
        [
            format!("fn on_start() {{ {body} }}"),
            format!("fn on_start() {{ f() }} fn f() {{ {body} }}"),
        ]
        .map(|text| {
            let mut trial = Trial::new(&[("out", Push)], &text);
            match trial.invoke(Invocation::Start) {
                Ok(effects) => effects.iter().map(shown).collect(),
                Err(error) => vec![format!("failed: {}", error.message)],
            }
        })
    }

    #[test]
    fn a_block_gives_its_own_variable_away() {
        for (body, count) in [
            ("let m = #{a: 1}; m.a += 1; m", 1),
            ("let m = #{a: 1}; return m;", 1),
            ("let c = true; if c { let m = [1, 2]; m } else { let n = 3; n }", 2),
            ("let m = 1; let m = #{b: 2}; m", 1),
            ("let m = #{a: 1}; { let n = m; n }", 1),
            ("let m = [1]; let f = || m.push(2); f.call(); m", 1),
            ("let m = #{a: 1}; let c = true; if c { m } else { m }", 0),
            ("let m = 3; m + 1", 0),
            ("let m = #{a: #{b: 1}}; m.a", 0),
            ("let m = #{a: 1}; try { throw m } catch (e) { e.a }", 0),
        ] {
            assert_eq!(rewritten(&format!("fn on_start() {{ {body} }}"), NAME), count, "{body}");
            let [here, there] = both_ways(body);
            assert_eq!(here, there, "{body}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_value_that_a_copy_would_be(
            parts in prop::collection::vec(0_usize..10, 0..6),
            last in prop::sample::select(vec![
                "m", "n", "return m;", "return n;", "[m, n]", "if m == n { m } else { let k = m; k }",
            ]),
        ) {
            let statements = [
                "m.a = 5;", "n = m;", "let m = #{a: 7};", "let n = [m];", "let f = || m;",
                "if n == m { let m = 1; m }", "for i in 0..2 { let m = i; m }",
                "let k = { let n = m; n };", "send({ let m = [m]; m });", "{ let n = m; n };",
            ];
            let chosen: String = parts.iter().map(|&at| statements[at]).collect();
            let body = format!("let m = #{{a: 1}}; let n = [1, \"two\"]; {chosen} {last}");
            let [here, there] = both_ways(&body);
            prop_assert_eq!(here, there, "{}", body);
        }
    }
}
