//! Chance for handlers: numbers, elements and names that nobody can foretell.
//!
//! Owns what each function gives. Never holds a generator: a node has its own.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, FuncRegistration, ImmutableString};

use super::call_context::CallContext;
use super::operand::{Answer, with_array};

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, context: &Rc<CallContext>) {
    let at = Rc::clone(context);
    engine.register_fn("random", move || -> Answer<f64> { Ok(at.view()?.generator.fraction()) });
    let at = Rc::clone(context);
    engine.register_fn("random", move |low: i64, high: i64| -> Answer<i64> {
        if low > high {
            return Err(format!(
                "random(low, high) gives an integer from {low} to {high}, and there is none"
            )
            .into());
        }
        Ok(at.view()?.generator.integer(low..=high))
    });
    let at = Rc::clone(context);
    FuncRegistration::new("pick").with_purity(true).register_into_engine(
        engine,
        move |array: &mut Dynamic| -> Answer<Dynamic> {
            let view = at.view()?;
            with_array("pick", array, |array| {
                let picked = view.generator.pick(array).cloned();
                picked.ok_or_else(|| "an empty array has nothing to pick from".into())
            })
        },
    );
    let at = Rc::clone(context);
    engine.register_fn("shuffle", move |array: Dynamic| -> Answer<Array> {
        let view = at.view()?;
        let mut array = with_array("shuffle", &array, |array| Ok(array.clone()))?;
        view.generator.shuffle(&mut array);
        Ok(array)
    });
    let at = Rc::clone(context);
    engine.register_fn("uuid", move || -> Answer<ImmutableString> {
        Ok(uuid(at.view()?.generator.bytes()).into())
    });
}

/// A UUID of version 4, as RFC 9562 writes it.
fn uuid(bytes: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::script::Invocation;
    use crate::script::trial::{Trial, said, script, shown, socket_view, table, view};
    use crate::zeromq::Role::Push;

    /// What a body sends at each of some ticks, of a node of that name.
    fn ticks(seed: Option<u64>, node: &str, body: &str) -> Vec<String> {
        let view = crate::script::NodeView {
            seed,
            replica: node.into(),
            ..view(vec![socket_view("out", Push)])
        };
        let mut trial = Trial::with(view, &script(&format!("fn on_tick() {{ {body} }}")));
        (0..5)
            .flat_map(|_| trial.invoke(Invocation::Tick).unwrap())
            .map(|effect| shown(&effect))
            .collect()
    }

    const ALL: &str = "[random(), random(1, 1000), pick([1, 2, 3]), shuffle([1, 2, 3]), uuid()]";

    #[test]
    fn a_seed_repeats_and_nodes_differ() {
        let first = ticks(Some(7), "a", ALL);
        assert_eq!(ticks(Some(7), "a", ALL), first);
        assert_ne!(ticks(Some(8), "a", ALL), first);
        assert_ne!(ticks(Some(7), "b", ALL), first);
        assert_ne!(ticks(None, "a", ALL), ticks(None, "a", ALL));
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 5, "no tick is like another");
    }

    #[test]
    fn handlers_that_are_swapped_go_on() {
        let view = |seed| crate::script::NodeView { seed, ..view(vec![socket_view("out", Push)]) };
        let text = script("fn on_tick() { uuid() }");
        let mut trial = Trial::with(view(Some(1)), &text);
        let tick = |trial: &mut Trial| shown(&trial.invoke(Invocation::Tick).unwrap()[0]);
        let first = tick(&mut trial);
        let program = crate::script::trial::compiled(&trial.engine, &text);
        trial.handler.swap(program, view(Some(1)));
        assert_ne!(tick(&mut trial), first);
    }

    #[test]
    fn both_ends_are_included_and_all_in_between_come() {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let body =
            "let a = []; for i in 0..1000 { a.push(random(-2, 2)); } a.map(|n| n.to_string())";
        for number in said(body).split(" | ") {
            *seen.entry(number.to_owned()).or_default() += 1;
        }
        assert_eq!(
            seen.keys().map(String::as_str).collect::<Vec<_>>(),
            ["-1", "-2", "0", "1", "2"]
        );
        // A fifth each; a thousand throws leave that by less than a third.
        assert!(seen.values().all(|count| (130..270).contains(count)), "{seen:?}");
        table(&[
            ("random(3, 3).to_string()", "3"),
            ("let n = random(-9223372036854775808, 9223372036854775807); type_of(n)", "i64"),
            ("let f = random(); `${f >= 0.0 && f < 1.0}`", "true"),
            ("let a = [1, 2, 3]; `${shuffle(a).order() == a && a == [1, 2, 3]}`", "true"),
            ("`${pick([[1]])}`", "[1]"),
        ]);
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([255; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn what_cannot_be_is_said() {
        table(&[
            (
                "random(2, 1)",
                "failed: random(low, high) gives an integer from 2 to 1, and there is none",
            ),
            ("pick([])", "failed: an empty array has nothing to pick from"),
            ("pick(7)", "failed: pick takes an array; this is a number"),
            ("shuffle(\"abc\")", "failed: shuffle takes an array; this is a text"),
        ]);
    }
}
