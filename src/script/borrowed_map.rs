//! `key in this.map` looks into the map where it is: the engine by itself copies it for each look.
//!
//! Owns when that is the same: where the key can be asked twice, and the script has no `contains` of
//! its own. Never changes what the expression comes to.

use rhai::{
    CustomExpr, Dynamic, EvalContext, Expr, Expression, FnCallExpr, ImmutableString, Map, Position,
};

/// The name that the engine knows such a look by, which no script can spell.
const NAME: &str = "a borrowed map";
/// What the engine calls for `in`.
const CONTAINS: &str = "contains";

/// Where a map is below `this`.
#[derive(Clone)]
struct Path(Vec<ImmutableString>);

/// Lets an engine evaluate such looks.
pub(super) fn register(engine: &mut rhai::Engine) {
    engine.register_custom_syntax_with_state_raw(
        NAME,
        |_, _, _| Ok(None),
        false,
        |context: &mut EvalContext<'_, '_, '_, '_, '_, '_>,
         inputs: &[Expression<'_>],
         path: &Dynamic| {
            let key = context.eval_expression_tree(&inputs[1])?;
            match looked_up(context.this_ptr(), path, &key) {
                Some(found) => Ok(Dynamic::from_bool(found)),
                None => context.eval_expression_tree(&inputs[0]),
            }
        },
    );
}

/// Whether a map below `this` has a key; nothing where that is the engine's to say.
fn looked_up(this: Option<&Dynamic>, path: &Dynamic, key: &Dynamic) -> Option<bool> {
    let path = path.read_lock::<Path>()?;
    let key = key.read_lock::<ImmutableString>()?;
    has_key(this?, &path.0, &key)
}

fn has_key(value: &Dynamic, path: &[ImmutableString], key: &str) -> Option<bool> {
    let map = value.read_lock::<Map>()?;
    match path.split_first() {
        None => Some(map.contains_key(key)),
        Some((first, rest)) => has_key(map.get(first.as_str())?, rest, key),
    }
}

/// Puts a look in the place of a call, if it is one of `contains` on something below `this`.
pub(super) fn rewrite(expression: &mut Expr) {
    let Some(path) = looked_into(expression) else { return };
    let original = std::mem::replace(expression, Expr::Unit(Position::NONE));
    let Expr::FnCall(call, place) = &original else { return };
    let (place, key) = (*place, call.args[1].clone());
    let custom = CustomExpr {
        inputs: [original, key].into_iter().collect(),
        tokens: std::iter::once(ImmutableString::from(NAME)).collect(),
        state: Dynamic::from(Path(path)),
        scope_may_be_changed: false,
        self_terminated: false,
    };
    *expression = Expr::Custom(Box::new(custom), place);
}

/// Where the map is that a call looks into.
fn looked_into(expression: &Expr) -> Option<Vec<ImmutableString>> {
    let Expr::FnCall(call, _) = expression else { return None };
    let FnCallExpr { name, namespace, args, .. } = &**call;
    let [container, key] = &args[..] else { return None };
    if name != CONTAINS || !namespace.is_empty() || !is_asked_twice_alike(key) {
        return None;
    }
    let Expr::Dot(pair, flags, _) = container else { return None };
    if !matches!(pair.lhs, Expr::ThisPtr(_)) || flags.contains(rhai::ASTFlags::NEGATED) {
        return None;
    }
    let mut path = Vec::new();
    below(&pair.rhs, &mut path).then_some(path)
}

/// Collects the names of properties of properties; nothing else may be among them.
fn below(expression: &Expr, path: &mut Vec<ImmutableString>) -> bool {
    if let Expr::Property(property, _) = expression {
        path.push(property.2.clone());
        return true;
    }
    let Expr::Dot(pair, flags, _) = expression else { return false };
    !flags.contains(rhai::ASTFlags::NEGATED) && below(&pair.lhs, path) && below(&pair.rhs, path)
}

/// Whether a key is the same when it is evaluated again: no function is called for it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the engine has many kinds of expressions")]
fn is_asked_twice_alike(key: &Expr) -> bool {
    match key {
        Expr::StringConstant(..) | Expr::Variable(..) | Expr::Property(..) | Expr::ThisPtr(..) => {
            true
        }
        Expr::InterpolatedString(parts, _) => parts.iter().all(is_asked_twice_alike),
        Expr::Dot(pair, ..) => is_asked_twice_alike(&pair.lhs) && is_asked_twice_alike(&pair.rhs),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::script::Invocation;
    use crate::script::trial::{Trial, rewritten, shown};
    use crate::zeromq::Role::{Pull, Push};

    const START: &str = "fn on_start() { this.m = #{a: 1, contains: |x| 7, o: #{b: 2}}; \
                         this.t = \"abc\"; this.l = [\"a\", 2]; }";

    /// What a body says of a message with the text `a`, after a start.
    fn said(body: &str, more: &str) -> String {
        let script = format!("{START} fn on_message(msg) {{ {body} }} {more}");
        let mut trial = Trial::new(&[("in", Pull), ("out", Push)], &script);
        trial.invoke(Invocation::Start).unwrap();
        match trial.message(0, &[b"a"]) {
            Ok(effects) => effects.iter().map(shown).collect::<Vec<_>>().join("; "),
            Err(error) => format!("failed: {}", error.message),
        }
    }

    #[test]
    fn a_look_comes_to_what_the_engine_makes_of_it() {
        for (body, want) in [
            ("`${\"a\" in this.m} ${\"z\" in this.m} ${\"z\" !in this.m}`", "true false true"),
            (
                "`${\"b\" in this.m.o} ${\"a\" in this.m.o} ${msg.text in this.m}`",
                "true false true",
            ),
            (
                "let k = \"a\"; `${k in this.m} ${`${k}` in this.m} ${contains(this.m, k)}`",
                "true true true",
            ),
            (
                "`${\"contains\" in this.m} ${\"ab\" in this.t} ${\"a\" in this.l} ${2 in this.l}`",
                "true true true true",
            ),
            ("if \"a\" in this.m { \"yes\" }", "yes"),
            ("while \"a\" in this.m { this.m.remove(\"a\"); } `${this.m.len()}`", "2"),
            ("`${this.l.filter(|x| x == \"a\").len()}`", "1"),
        ] {
            assert_eq!(said(body, ""), format!("1: {want}"), "{body}");
        }
        for body in ["\"a\" in this.nothing", "\"a\" in this.m.a", "1 in this.m"] {
            // A function that is called has no such looks.
            let own = said("this.own()", &format!("fn own() {{ {body} }}"));
            assert!(own.starts_with("failed"), "{own}");
            assert_eq!(said(body, ""), own, "{body}");
        }
    }

    #[test]
    fn a_scripts_own_contains_stays() {
        let own = "fn contains(a, b) { 42 }";
        assert_eq!(said("`${\"a\" in this.m}`", own), "1: 42");
    }

    #[test]
    fn a_look_costs_the_same_in_a_large_map() {
        let script = "fn on_start() { this.m = #{}; for i in 0..20000 { this.m[`k${i}`] = i; } } \
                      fn on_message(msg) { let n = 0; \
                      for i in 0..2000 { if msg.text in this.m { n += 1; } } `${n}` }";
        assert_eq!(rewritten(script, NAME), 1);
        let mut trial = Trial::new(&[("in", Pull), ("out", Push)], script);
        trial.invoke(Invocation::Start).unwrap();
        let begun = Instant::now();
        assert_eq!(trial.sent(0, &["k7"]), ["1: 2000"]);
        // A copy for each look took three seconds.
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }
}
