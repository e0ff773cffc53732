//! Places, variables, merge keys and bounds of documents.

use super::*;
use crate::source::SourceMap;

fn parse(yaml: &str) -> Result<Document, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let source = Source::new("a.yaml", yaml);
    let lookup = |name: &str| (name == "PORT").then(|| "5556".into());
    Document::parse(sources.add(source.clone()), &source, &lookup)
}

fn sound(yaml: &str) -> Document {
    let document = parse(yaml).unwrap();
    assert_eq!(document.faults(), [], "{yaml}");
    document
}

fn at<'d>(document: &'d Document, path: &[&str]) -> &'d Node {
    path.iter().fold(document.root(), |node, key| node.as_mapping().unwrap().get(key).unwrap())
}

fn written<'d>(document: &'d Document, node: &Node) -> &'d str {
    &document.source().text()[node.span.start..node.span.end]
}

#[test]
fn every_value_knows_where_it_is_written() {
    let document = sound(
        "\u{feff}# ä\na: 'é'  # x\r\nb:\r\n  - x y  \r\n  - {q: 1, r: \"t\"}\r\nc: &n !!str z\nd: &m |  # y\n  l1\n\n  l2\n\ne: *m\nf: [1,\n 2]\n",
    );
    for (path, want) in [
        (&["a"][..], "'é'"),
        (&["b"], "- x y  \r\n  - {q: 1, r: \"t\"}"),
        (&["c"], "z"),
        (&["d"], "l1\n\n  l2"),
        (&["e"], "l1\n\n  l2"),
        (&["f"], "[1,\n 2]"),
    ] {
        assert_eq!(written(&document, at(&document, path)), want, "{path:?}");
    }
    let items = at(&document, &["b"]).as_sequence().unwrap();
    assert_eq!(written(&document, &items[0]), "x y");
    assert_eq!(written(&document, &items[1]), "{q: 1, r: \"t\"}");
    let keys: Vec<&str> = document
        .root()
        .as_mapping()
        .unwrap()
        .entries
        .iter()
        .map(|entry| &document.source().text()[entry.key.span.start..entry.key.span.end])
        .collect();
    assert_eq!(keys, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn variables_are_filled_in_everywhere_but_in_handlers_bodies() {
    let document = sound(
        "nodes:\n  a: &a\n    bind: ${PORT}\n    on_message: ${PORT}\n    on_error: ${PORT}\n    params: {on_x: \"${PORT}\"}\n  b:\n    <<: {on_tick: \"${PORT}\", every: \"${PORT}\"}\non_message: ${PORT}\n",
    );
    for (path, want) in [
        (&["nodes", "a", "bind"][..], "5556"),
        (&["nodes", "a", "on_message"], "${PORT}"),
        (&["nodes", "a", "on_error"], "5556"),
        (&["nodes", "a", "params", "on_x"], "5556"),
        (&["nodes", "b", "on_tick"], "${PORT}"),
        (&["nodes", "b", "every"], "5556"),
        (&["on_message"], "5556"),
    ] {
        let scalar = at(&document, path).as_scalar().unwrap();
        assert_eq!(&*scalar.text, want, "{path:?}");
    }
}

#[test]
fn explicit_keys_win_over_merged_ones_and_earlier_maps_over_later_ones() {
    let document = sound(
        "x: &x {p: 1, q: 1}\ny: &y {q: 2, r: 2}\nz:\n  <<: [*x, *y]\n  p: 3\nw:\n  <<: *x\n  <<: *y\n",
    );
    let read = |path| at(&document, path).read::<std::collections::BTreeMap<String, u8>>();
    let want = |pairs: [(&str, u8); 3]| pairs.map(|(key, value)| (key.to_owned(), value)).into();
    assert_eq!(read(&["z"]).unwrap(), want([("p", 3), ("q", 1), ("r", 2)]));
    assert_eq!(read(&["w"]).unwrap(), want([("p", 1), ("q", 1), ("r", 2)]));
}

fn same_as_serde_yaml(yaml: &str) {
    let mut theirs: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    theirs.apply_merge().unwrap();
    let ours: serde_yaml::Value = sound(yaml).root().read().unwrap();
    assert_eq!(ours, theirs, "{yaml}");
}

#[test]
fn what_is_read_is_what_serde_yaml_reads() {
    const SAMPLE: &str = "a: &a {b: [1, -2, 0x1F, 0o17, 1.5, 1e3, .inf, ~, null, true, False, yes]}\n\
        c: \"7\"\nd: '7'\ne: !!str 7\nf: |\n  7\ng: >-\n  7\nh:\ni: *a\nj: {<<: *a, k: 1}\n";
    same_as_serde_yaml(SAMPLE);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let yaml = std::fs::read_to_string(&path).unwrap();
        // serde_yaml knows no variables.
        if yaml.contains(":-") {
            continue;
        }
        same_as_serde_yaml(&yaml);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn the_bounds_are_kept() {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    assert!(parse(&deep(64)).is_ok());
    for yaml in [
        deep(65),
        deep(100_000),
        "- a\n".repeat(200_001),
        "a: b\n".repeat(3 << 20),
        format!("- &a {}\n{}", "x".repeat(1 << 20), "- *a\n".repeat(30)),
        "[".repeat(300_000),
    ] {
        let faults = parse(&yaml).unwrap_err();
        assert_eq!(faults.last().unwrap().code, Code::TooLarge);
    }
}

#[test]
fn a_variable_that_is_no_text_is_told_as_that() {
    use std::os::unix::ffi::OsStringExt;
    let mut sources = SourceMap::default();
    let source = Source::new("a.yaml", "nodes: {a: {bind: \"${PORT:-5}\"}}");
    let lookup = |_: &str| Some(std::ffi::OsString::from_vec(vec![0xff]));
    let document = Document::parse(sources.add(source.clone()), &source, &lookup).unwrap();
    let told: Vec<&str> = document.faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(told, ["the variable `PORT` is set to bytes that are no UTF-8"]);
}
