//! What is read of texts that are YAML, and of those that are none yet.

use super::*;

/// A value in one line: `{key: 'text', list: [..]}`, nothing as `_`.
fn told(text: &str, value: &Value) -> String {
    match &value.kind {
        Kind::Empty => "_".to_owned(),
        Kind::Scalar(_, inner) => format!("'{}'", text[inner.clone()].trim().replace('\n', "/")),
        Kind::Alias(name) => format!("*{}", &text[name.clone()]),
        Kind::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|item| told(text, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Mapping(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| {
                    let colon = if entry.has_colon { ": " } else { "? " };
                    format!("{}{colon}{}", &text[entry.key.clone()], told(text, &entry.value))
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn yaml_is_read_as_it_is() {
    for (text, want) in [
        ("", "_"),
        ("a: 1\nb:\n  c: 'x'  # why\n  d: \"y z\"\n", "{a: '1', b: {c: 'x', d: 'y z'}}"),
        ("a:\n- 1\n- b: 2\n  c: 3\n-\n  d\n", "{a: ['1', {b: '2', c: '3'}, 'd']}"),
        (
            "a: [1, {b: c, d}, \"e,f\", tcp://*:5]\n",
            "{a: ['1', {b: 'c', d? _}, 'e,f', 'tcp://*:5']}",
        ),
        ("a: [\n  1,  # one\n  2\n]\nb: 3\n", "{a: ['1', '2'], b: '3'}"),
        ("a: |\n  x: y\n\n    z\nb: >-\n  t\n", "{a: 'x: y//    z', b: 't'}"),
        ("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n", "{a: {b: '1'}, c: *x, d: {<<: *x}}"),
        ("a: one\n  two\nb: tcp://[::1]:5\n", "{a: 'one/  two', b: 'tcp://[::1]:5'}"),
        ("a: {p: ${PORT:-5}, q: 1}\n", "{a: {p: '${PORT:-5}', q: '1'}}"),
        ("---\n\"a\": 'it''s'\n", "{a: 'it''s'}"),
    ] {
        assert_eq!(told(text, &parse(text)), want, "{text}");
    }
}

#[test]
fn what_is_not_finished_is_read_as_it_is_meant() {
    for (text, want) in [
        ("a:\n  b\n  c: 1\n", "{a: {b? _, c: '1'}}"),
        ("a: 1\nb\n", "{a: '1', b? _}"),
        ("a: [1, 2\nb: 3\n", "{a: ['1', '2'], b: '3'}"),
        ("a: {b: [1\nc: 3\n", "{a: {b: ['1']}, c: '3'}"),
        ("a: \"x\nb: \"y\"\n", "{a: 'x', b: 'y'}"),
        ("a: 1\n    b: 2\nc: 3\n", "{a: '1', b: '2', c: '3'}"),
        ("a: {b: 1]}\nc: 2\n", "{a: {b: '1'}, c: '2'}"),
        ("a:\n    b: 1\n  c: 2\n", "{a: {b: '1'}, c: '2'}"),
    ] {
        assert_eq!(told(text, &parse(text)), want, "{text}");
    }
}

#[test]
fn no_depth_is_too_much() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
        parse(&text);
    }
    let deep: String = (0..2_000).map(|at| format!("{}a:\n", " ".repeat(at))).collect();
    parse(&deep);
}
