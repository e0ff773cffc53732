use proptest::prelude::*;

use super::*;
use crate::script::json::is_same;

fn values() -> impl Strategy<Value = Dynamic> {
    let text = || prop_oneof!["\\PC{0,6}", "\\$\\$?(blob|float|this|x)?"];
    let leaf = prop_oneof![
        Just(Dynamic::UNIT),
        any::<bool>().prop_map(Dynamic::from_bool),
        any::<i64>().prop_map(Dynamic::from_int),
        any::<f64>()
            .prop_filter("one NaN is like another", |it| !it.is_nan())
            .prop_map(Dynamic::from_float),
        text().prop_map(Dynamic::from),
        any::<char>().prop_map(Dynamic::from_char),
        any::<Vec<u8>>().prop_map(Dynamic::from_blob),
        "-?[1-9][0-9]{19,60}".prop_map(|digits| Dynamic::from(Digits::new(&digits))),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Dynamic::from_array),
            proptest::collection::btree_map(text(), inner, 0..6).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
                Dynamic::from_map(entries.collect())
            }),
        ]
    })
}

fn again(state: &Dynamic) -> Dynamic {
    let kept = write(state).unwrap();
    assert_eq!(kept.left_out, Vec::<String>::new());
    read(&kept.text).unwrap()
}

/// `is_same` knows no characters.
fn said(value: &Dynamic) -> String {
    format!("{value:?}")
}

proptest! {
    #[test]
    fn a_state_comes_back_exactly(value in values()) {
        let mut map = Map::new();
        map.insert("v".into(), value.clone());
        let state = Dynamic::from_map(map);
        let back = again(&state);
        prop_assert_eq!(said(&back), said(&state));
        prop_assert_eq!(said(&again(&value)), said(&value));
    }
}

#[test]
fn each_kind_of_value_keeps_its_kind() {
    for value in [
        Dynamic::from_float(1.0),
        Dynamic::from_float(-0.0),
        Dynamic::from_float(f64::MIN_POSITIVE),
        Dynamic::from_float(f64::INFINITY),
        Dynamic::from_int(i64::MIN),
        Dynamic::from_blob(vec![0, 255]),
        Dynamic::from(Digits::new("18446744073709551616")),
    ] {
        assert!(is_same(&again(&value), &value), "{value:?}");
    }
    assert!(again(&Dynamic::from_float(f64::NAN)).as_float().unwrap().is_nan());
    assert_eq!(again(&Dynamic::from_char('x')).as_char(), Ok('x'));
}

#[test]
fn what_cannot_be_kept_is_named_with_its_place() {
    let mut map = Map::new();
    map.insert("f".into(), rhai::FnPtr::new("f").unwrap().into());
    map.insert("n".into(), Dynamic::from_int(5).into_shared());
    map.insert("t".into(), Dynamic::from_array(vec![Dynamic::from(Instant::now())]));
    let kept = write(&Dynamic::from_map(map)).unwrap();
    assert_eq!(kept.text, b"{\"f\":null,\"n\":5,\"t\":[null]}\n");
    assert_eq!(
        kept.left_out,
        [
            "this.f, a function",
            "this.t[0], a time of the engine: keep `now()` instead of `timestamp()`"
        ]
    );
    let mut deep = Dynamic::UNIT;
    for _ in 0..DEPTH {
        deep = Dynamic::from_array(vec![deep]);
    }
    assert!(write(&deep).unwrap_err().contains("nested more than 100 deep"));
}

#[test]
fn a_text_that_is_no_state_says_what_is_wrong_where() {
    for (text, wrong) in [
        ("", "it is empty"),
        ("[1]", "a state is a JSON object"),
        ("{\"a\": 1,\n \"b\": }", "at line 2 column 7"),
        ("{\"a\": 1} {", "trailing characters"),
        ("{\"a\": [{\"$blob\": \"?\"}]}", "this.a[0] is no `$blob`: \"?\""),
        ("{\"a\": {\"$set\": 1}}", "this.a has the key `$set`, which stands for nothing"),
        ("{\"$blob\": \"\", \"a\": 1}", "this has the key `$blob` beside others"),
        ("{\"a\": {\"$char\": \"xy\"}}", "this.a is no `$char`"),
    ] {
        let said = read(text.as_bytes()).unwrap_err();
        assert!(said.contains(wrong), "{text}: {said}");
    }
}
