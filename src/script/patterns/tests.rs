use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::script::trial::{said, said_of, said_patiently, table};

#[test]
fn patterns_are_searched_for() {
    table(&[
        (
            r#"`${"a1b22".matches("[0-9]{2}")} ${"ab".matches("[0-9]")} ${"".matches("")}`"#,
            "true false true",
        ),
        (r#"`${"ab".matches("^b")} ${"Ab".matches("(?i)^aB$")}`"#, "false true"),
        (r#""a1b22".find("[0-9]+")"#, "1"),
        (r#""ab".find("[0-9]").type_of()"#, "()"),
        (r#"`${"host:80".captures("(\\w+):(\\d+)")}`"#, r#"["host:80", "host", "80"]"#),
        (r#"`${"b".captures("(a)|(?<b>b)")}`"#, r#"["b", (), "b"]"#),
        (r#""ab".captures("c").type_of()"#, "()"),
        (r#""2026-11-28".replace_all("(\\d+)-(\\d+)-(\\d+)", "$3.$2.$1")"#, "28.11.2026"),
        (r#""ab".replace_all("(?<x>.)", "${x}$x$$1")"#, "aa$1bb$1"),
        (r#""aXbX".replace_all("X", "")"#, "ab"),
        (r#""äb".replace_all("", "-")"#, "-ä-b-"),
        (r#""a.b".replace_all("\\.", "$")"#, "a$b"),
        // What the text is searched in stays as it is.
        (r#"let t = "aa"; t.replace_all("a", "b") + t"#, "bbaa"),
        (r#"matches(msg.text, "^$").to_string()"#, "true"),
        ("[1, 2].find(|x| x > 1).to_string()", "2"),
    ]);
}

#[test]
fn what_is_no_pattern_is_said() {
    table(&[
        (r#""a".matches("(")"#, "failed: \"(\" is no regular expression: unclosed group"),
        (
            r#""a".find("(?=a)")"#,
            "failed: \"(?=a)\" is no regular expression: look-around, including look-ahead and look-behind, is not supported",
        ),
        (
            r#""a".captures("(a)\\1")"#,
            "failed: \"(a)\\\\1\" is no regular expression: backreferences are not supported",
        ),
        (
            r#""a".matches("(a{1000}){1000}")"#,
            "failed: \"(a{1000}){1000}\" is no regular expression: it is too large once compiled; repeat less",
        ),
        (
            r#""a".replace_all("a", "$1")"#,
            "failed: \"a\" has no group 1; `$$` stands for a dollar sign",
        ),
        (
            r#"let p = "a"; p.pad(70000, 'a'); "a".matches(p)"#,
            "failed: a regular expression has 64 KiB at most; this one has 70000 bytes",
        ),
    ]);
}

#[test]
fn a_thread_keeps_a_bounded_number_of_patterns() {
    let patterns = Patterns::default();
    for number in 0..1000 {
        patterns.get(&format!("a{number}").into()).unwrap();
        patterns.get(&"often".into()).unwrap();
    }
    assert_eq!(patterns.kept.borrow().len(), KEPT);
    let known = patterns.kept.borrow().get("often").map(|known| Rc::clone(&known.pattern));
    assert!(Rc::ptr_eq(&known.unwrap(), &patterns.get(&"often".into()).unwrap()));
}

/// What no engine without backtracking takes long for, and what such an engine does.
#[test]
fn no_pattern_makes_a_call_long() {
    for body in [
        r#"let t = "a"; t.pad(1000000, 'a'); `${t.matches("(a*)*b")}`"#,
        r#"let t = "a"; t.pad(1000000, 'a'); `${t.matches("(a|a|aa)+$")}`"#,
        r#"let t = "0"; t.pad(1000000, 'x'); `${t.find("\\w+\\s").type_of()}`"#,
    ] {
        let start = Instant::now();
        let said = said(body);
        assert!(!said.starts_with("failed"), "{said}");
        assert!(start.elapsed() < Duration::from_secs(5), "{body}: {:?}", start.elapsed());
    }
    // Each bit leads to another state, and there are more of them than anybody can note.
    let mut bits = 1_u32;
    let text: Vec<u8> = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'0' + (bits >> 31) as u8
    })
    .take(4_000_000)
    .collect();
    let start = Instant::now();
    let said = said_of(r#"msg.text.find("[01]*1[01]{200}x")"#, &text);
    assert!(said.starts_with("failed: a text of 4000000 bytes is too long for "), "{said}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// Each match is short, and each search goes to the end of the text.
#[test]
fn many_searches_of_one_call_are_ended() {
    let body = r#"let t = "a"; t.pad(1000000, 'a'); t.replace_all("a*b|a", "b")"#;
    let start = Instant::now();
    let said = said(body);
    assert!(said.contains("500 ms"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn what_grows_is_bounded() {
    let body = r#"let b = "$0"; b.pad(20000, "$0"); let t = "a"; t.pad(100000, 'a'); t.replace_all("a+", b)"#;
    assert_eq!(said_patiently(body), "failed: a call can hold 96 MiB at most, and this is more");
}

proptest! {
    /// Both ways of searching find the same.
    #[test]
    fn long_texts_are_searched_like_short_ones(
        text in "[ab0 ü]{0,40}",
        pattern in prop::sample::select(vec!["a+", "(a|ab)(b?)", "\\w+", "[^a]*?b", "a*", "b$", "^[ab]+", "ü|0"]),
    ) {
        let pattern = Pattern::new(pattern).unwrap();
        let (lazy, cache) = pattern.lazy().unwrap();
        let all = |find: &dyn Fn(&Input<'_>) -> Option<Match>| {
            let mut searcher = Searcher::new(Input::new(&text));
            std::iter::from_fn(|| searcher.advance(|input| Ok(find(input)))).collect::<Vec<_>>()
        };
        let short = all(&|input| pattern.regex.search(input));
        let long = all(&|input| lazy.try_search(&mut cache.borrow_mut(), input).unwrap());
        prop_assert_eq!(short, long);
    }

    /// The groups of a match are those that a search from the beginning finds.
    #[test]
    fn groups_belong_to_the_match(text in "[ab0 ]{0,30}") {
        for pattern in ["(a+)(b*)", "(a|ab)(b?)(0*)", "(?:(a)|b)+", "(\\w+?)( |$)"] {
            let pattern = Pattern::new(pattern).unwrap();
            let mut whole = pattern.regex.create_captures();
            pattern.regex.search_captures(&Input::new(&text), &mut whole);
            let Some(found) = pattern.first(&text).unwrap() else { continue };
            let groups = pattern.groups(&text, found).unwrap();
            prop_assert_eq!(groups.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn replacing_by_the_match_changes_nothing(text in "\\PC{0,40}") {
        for pattern in ["a", "\\w*", "(.)(.)", ""] {
            let body = format!("`${{msg.text.replace_all({pattern:?}, \"$0\") == msg.text}}`");
            prop_assert_eq!(said_of(&body, text.as_bytes()), "true");
        }
    }
}
