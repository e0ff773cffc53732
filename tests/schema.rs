//! The schema against the checker: it takes what is sound, and marks every key that the checker
//! does not know. Owns nothing that the schema says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::Value;
use zrig::diagnostic::Code;
use zrig::load::load;
use zrig::schema::schema;

fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

/// A file as an editor's language server hands it to the schema.
fn instance(yaml: &str) -> Value {
    let mut value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    value.apply_merge().unwrap();
    serde_json::to_value(value).unwrap()
}

fn topologies(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn the_schema_is_a_schema() {
    assert!(jsonschema::draft7::meta::is_valid(&schema()));
}

#[test]
fn every_sound_topology_fits() {
    let validator = validator();
    let mended = topologies("tests/check");
    let mended = mended.into_iter().filter(|path| path.to_str().unwrap().ends_with(".fixed.yaml"));
    for path in topologies("topologies").into_iter().chain(topologies("tests/sound")).chain(mended)
    {
        let instance = instance(&fs::read_to_string(&path).unwrap());
        let faults: Vec<String> =
            validator.iter_errors(&instance).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn a_key_or_word_that_the_checker_does_not_know_is_marked() {
    let validator = validator();
    let marked = [Code::UnknownKey, Code::UnknownWord, Code::OptionNotHere];
    // Handlers by socket, and options by role, only the checker can hold against each other; a value of
    // `params` may be anything.
    let passed = [
        "handler_for_no_socket",
        "handler_misspelt_inline",
        "look_up_unknown_kind",
        "option_of_another_role",
    ];
    let mut seen = 0;
    for path in topologies("tests/check") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let faults = load(&path, &|_| None).diagnostics;
        let is_marked = faults.iter().any(|fault| marked.contains(&fault.code));
        if !is_marked || passed.contains(&name.as_str()) {
            continue;
        }
        seen += 1;
        let yaml = fs::read_to_string(&path).unwrap();
        assert!(!validator.is_valid(&instance(&yaml)), "{name}:\n{yaml}");
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn typos_anywhere_are_marked() {
    let validator = validator();
    for yaml in [
        "node: {a: {role: pub, bind: 5}}",
        "nodes: {a: {role: pub, bind: 5}}\ndescripton: x",
        "nodes: {a: {rol: pub, bind: 5}}",
        "nodes: {a: {role: pubb, bind: 5}}",
        "nodes: {a: {role: pub, bnd: 5}}",
        "nodes: {a: {role: pub, bind: 70000}}",
        "nodes: {a: {role: pub, bind: 5, every: 1sec}}",
        "nodes: {a: {role: pub, bind: 5, evry: 1s}}",
        "nodes: {a: {role: pub, bind: 5, linger: soon}}",
        "nodes: {a: {role: pub, bind: 5, hwm: -1}}",
        "nodes: {a: {role: pub, bind: 5, hwm: {sent: 1}}}",
        "nodes: {a: {role: pub, bind: 5, format: json}}",
        "nodes: {a: {role: pub, bind: 5, when_full: block}}",
        "nodes: {a: {role: pub, bind: 5, sequence: yep}}",
        "nodes: {a: {role: pub, bind: 5, on_error: ignore}}",
        "nodes: {a: {role: pub, bind: 5, replicas: 0}}",
        "nodes: {a: {role: pub, bind: 5, options: {reconect_ivl: 1s}}}",
        "nodes: {a: {role: pub, bind: 5, options: {conflate: perhaps}}}",
        "nodes: {a: {role: pub, bind: 5, options: {maxmsgsize: 1MP}}}",
        "nodes: {a: {role: push, bind: 5, read: {fil: x}}}",
        "nodes: {a: {role: push, bind: 5, read: {file: x, rate: fast}}}",
        "nodes: {a: {role: pull, bind: 5, write: {file: x, appnd: true}}}",
        "nodes: {a: {sockets: {b: {role: pub, bnd: 5}}}}",
        "nodes: {a: {sockets: {}}}",
        "nodes: {'a b': {role: pub, bind: 5}}",
        "nodes: {a: {role: pub, bind: 5, timers: {late: 1day}}}",
        "nodes: []",
        "nodes: {}",
        "defaults: {hmw: 5}\nnodes: {a: {role: pub, bind: 5}}",
        "version: 2\nnodes: {a: {role: pub, bind: 5}}",
    ] {
        assert!(!validator.is_valid(&instance(yaml)), "{yaml}");
    }
}

#[test]
fn roles_and_options_bear_their_meaning() {
    let schema = schema().to_string();
    for word in
        ["Sends every message to all subscribers", "Keep only the last message", "high-water"]
    {
        let is_there = schema.contains(word) || schema.to_lowercase().contains(word);
        assert!(is_there, "{word}");
    }
}
