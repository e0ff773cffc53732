//! Taking the first element of an array.
//!
//! Owns that it costs the same however long the array is, so that one is a queue: the engine by itself
//! moves all that is behind. Never changes what `shift` means.

use rhai::{Array, Dynamic, Engine, FuncRegistration, Module};

use crate::memory::pop_front;

/// Puts this before the engine's own.
pub(super) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    FuncRegistration::new("shift")
        .with_purity(false)
        .with_volatility(false)
        .set_into_module(&mut module, |array: &mut Array| -> Dynamic {
            pop_front(array).unwrap_or(Dynamic::UNIT)
        });
    module.build_index();
    engine.register_global_module(module.into());
}

#[cfg(test)]
mod tests {
    fn says(script: &str) -> String {
        let mut engine = rhai::Engine::new();
        super::register(&mut engine);
        match engine.eval::<rhai::Dynamic>(script) {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn shift_means_what_the_engine_means_by_it() {
        for (script, wanted) in [
            ("let a = []; `${a.shift()}|${a.shift()}`", "|"),
            ("let a = [1, 2, 3]; `${a.shift()} ${a}`", "1 [2, 3]"),
            (
                "let m = #{q: [[1, 2], 3]}; `${m.q[0].shift()} ${m.q.shift()} ${m}`",
                "1 [2] #{\"q\": [3]}",
            ),
            ("let a = [1]; let b = a; a.shift(); `${a} ${b}`", "[] [1]"),
            ("let b = blob(2, 7); `${b.shift()} ${b.len()}`", "7 1"),
        ] {
            assert_eq!(says(script), wanted, "{script}");
        }
        assert!(
            says("const A = [1]; A.shift()").contains("constant"),
            "{}",
            says("const A = [1]; A.shift()")
        );
    }

    #[test]
    fn a_long_queue_is_an_array_like_any_other_while_it_is_shifted() {
        let script = "
            let q = []; let next = 0;
            for i in 0..30000 { q.push(i); }
            for round in 0..40000 {
                let first = q.shift();
                if first != next { throw `${first} for ${next}`; }
                next += 1;
                if round % 2 == 0 { q.push(30000 + round / 2); }
            }
            let copy = q;
            q.insert(0, -1); q.sort(); q.remove(0);
            if q != copy || q[0] != next || q[-1] != 49999 || q.len() != 10000 { throw `${q.len()} ${q[0]}`; }
            q.truncate(5); q.append(copy); q.len()";
        assert_eq!(says(script), "10005");
    }
}
