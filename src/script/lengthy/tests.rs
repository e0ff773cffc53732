use proptest::prelude::*;

use rhai::{Array, Dynamic, ImmutableString};

use super::sorting::{sort_by, sort_plain};
use super::*;
use crate::script::trial::{Trial, shown};
use crate::script::{HandlerErrorKind, Invocation, STACK_BYTES};
use crate::zeromq::Role::Push;

/// What a body says, or the message it fails with.
fn said(body: &str) -> String {
    let script = format!("const NUMBERS = [3, 1, 2]; fn on_tick() {{ {body} }}");
    match Trial::new(&[("out", Push)], &script).invoke(Invocation::Tick) {
        Ok(effects) => effects.iter().map(shown).collect::<Vec<_>>().join("; "),
        Err(error) => format!("failed: {}", error.message),
    }
}

/// What the engine's own functions make of a body.
fn plain(body: &str) -> String {
    let script = format!("let NUMBERS = [3, 1, 2]; {body}");
    format!("0: {}", rhai::Engine::new().eval::<ImmutableString>(&script).expect(body))
}

#[test]
fn they_do_what_the_engines_own_do() {
    for body in [
        "let a = [3, 1, 2]; a.sort(); `${a}`",
        "let a = [3, 1, 2]; a.sort_desc(); `${a}`",
        "`${NUMBERS.order()} ${NUMBERS.order_desc()} ${NUMBERS}`",
        "`${[\"b\", \"a\"].order()} ${['b', 'a'].order()} ${[2.5, 1.5].order()} ${[true, false].order()}`",
        "let a = [(), ()]; a.sort(); `${a} ${[].order()} ${[1].order_desc()}`",
        "let a = [3, 1, 2]; a.sort(|x, y| y - x); `${a}`",
        "let a = [3, 1, 2]; a.sort_by(|x, y| x < y); `${a}`",
        "let a = [3, \"a\", 2]; a.sort(|x, y| \"?\"); `${a.len()}`",
        "`${NUMBERS.order_by(|x, y| x - y)}`",
        "`${NUMBERS.contains(2)} ${4 in NUMBERS} ${\"a\" in NUMBERS} ${2.0 in NUMBERS}`",
        "`${NUMBERS.index_of(2)} ${NUMBERS.index_of(9)} ${NUMBERS.index_of(3, 1)}`",
        "`${NUMBERS.index_of(1, -2)} ${NUMBERS.index_of(3, -9)} ${NUMBERS.index_of(2, 9)}`",
        "`${NUMBERS.index_of(|x| x < 2)} ${[].index_of(1)}`",
        "let a = [1, 1, \"1\", \"1\", 1, 1.0, 1.0]; a.dedup(); `${a}`",
        "let a = [1, 1, 2, 2, 1]; a.dedup(); `${a}`",
        "`${[1, [2]] == [1, [2]]} ${[1] != [1, 2]} ${[1] == [\"1\"]} ${[] == []}`",
        "`${#{a: [1]} == #{a: [1]}} ${#{a: 1} == #{b: 1}} ${#{a: 1} != #{a: 2}}`",
        "`${[#{a: 1.0, b: ['c', \"d\\n\", (), true], e: blob(2, 7)}]}`",
        "`${[1.5, 1e300, 0..5]} ${#{}} ${[]} ${[[], [[]]]}`",
        "`${blob(3, 1)} ${blob(0)} ${blob(20, 255)}`",
        "let a = [1, \"b\", 'c', blob(3, 4)]; a.to_debug() + a.to_string() + #{a: a}.to_string()",
        "blob(3, 4).to_string() + blob(3, 4).to_debug()",
        "let a = \"x y\".split(); let b = \"x,y\".split(','); `${a} ${b} ${\"xy\".to_chars()}`",
    ] {
        assert_eq!(said(body), plain(body), "{body}");
    }
    assert_eq!(said("print([1, 'c']); debug([\"d\"])"), "log Info: [1, c]; log Debug: [\"d\"]");
}

#[test]
fn what_cannot_be_sorted_is_said() {
    for (body, want) in [
        ("[1, \"a\"].order()", "failed: elements of different types cannot be sorted"),
        ("[#{}, #{}].order()", "failed: elements of map cannot be sorted"),
        ("let a = [3, 1]; a.sort(|x, y| throw \"no\")", "failed: no"),
    ] {
        assert_eq!(said(body), want, "{body}");
    }
}

/// How a body fails, with a time that it may take.
fn ended(body: &str) -> (HandlerErrorKind, String) {
    let script = format!("fn on_tick() {{ {body} }}");
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let error =
            Trial::new(&[("out", Push)], &script).invoke(Invocation::Tick).expect_err(&script);
        (error.kind, error.message)
    });
    thread.unwrap().join().unwrap()
}

#[test]
fn a_long_one_is_ended_by_the_limit_of_time() {
    let large = "let a = []; a.pad(1500000, \"abc\");";
    for body in [
        "loop { a.order(); }",
        "a.sort(|x, y| 0); a.sort(|x, y| 0)",
        "loop { \"abd\" in a; }",
        "loop { a.index_of(\"abd\"); }",
        "loop { let b = a == a; }",
        "loop { let b = `${a}`; }",
    ] {
        let (kind, message) = ended(&format!("{large} {body}"));
        assert_eq!(kind, HandlerErrorKind::Limit, "{body}: {message}");
        assert!(message.contains("500 ms"), "{body}: {message}");
    }
}

#[test]
fn a_long_blob_is_shown_in_part() {
    let text = said("`${blob(1000000, 1)}`");
    assert!(text.starts_with("0: [01010101"), "{}", &text[..40]);
    assert!(text.ends_with("01… and 934464 bytes more]"), "{}", &text[text.len() - 40..]);
}

proptest! {
    #[test]
    fn many_are_sorted_as_few(numbers in proptest::collection::vec(any::<i16>(), 0..20_000)) {
        let guard = Guard::new(&Rc::default());
        guard.begin(1);
        let mut array: Array = numbers.iter().map(|&number| i64::from(number).into()).collect();
        sort_plain(&guard, &mut array, false).unwrap();
        let sorted: Vec<i64> = array.iter().map(|value| value.as_int().unwrap()).collect();
        let mut want: Vec<i64> = numbers.iter().map(|&number| number.into()).collect();
        want.sort_unstable();
        prop_assert_eq!(sorted, want);
    }

    #[test]
    fn what_is_equal_keeps_its_order(numbers in proptest::collection::vec(0..20_i64, 0..500)) {
        let guard = Guard::new(&Rc::default());
        guard.begin(1);
        let pair = |(place, number): (usize, &i64)| -> Dynamic {
            vec![Dynamic::from(*number), Dynamic::from(i64::try_from(place).unwrap())].into()
        };
        let mut array: Array = numbers.iter().enumerate().map(pair).collect();
        let part = |value: &Dynamic, at: usize| value.as_array_ref().unwrap()[at].as_int().unwrap();
        sort_by(&guard, &mut array, |a, b| Ok(part(a, 0).cmp(&part(b, 0)))).unwrap();
        for two in array.windows(2) {
            let keys = two.iter().map(|value| (part(value, 0), part(value, 1))).collect::<Vec<_>>();
            prop_assert!(keys[0] < keys[1], "{:?}", keys);
        }
    }
}
