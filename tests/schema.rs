//! The schema against the checker: it takes what is sound, and marks every key that the checker
//! does not know. Owns nothing that the schema says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::Value;
use zrig::diagnostic::Code;
use zrig::load::load;
use zrig::schema::{schema, test_schema};

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
        .filter(|path| !path.to_str().unwrap().ends_with(".test.yaml"))
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
    let shipped = topologies("topologies").into_iter().chain(topologies("topologies/guide"));
    for path in shipped.chain(topologies("tests/sound")).chain(mended) {
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

fn test_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.to_str().unwrap().ends_with(".test.yaml")).collect();
    files.sort();
    files
}

#[test]
fn every_sound_test_file_fits_its_schema() {
    assert!(jsonschema::draft7::meta::is_valid(&test_schema()));
    let validator = jsonschema::draft7::new(&test_schema()).unwrap();
    let shipped = test_files("topologies/tests");
    let sound = test_files("tests/check_tests")
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains(".fixed."));
    let sound = sound.chain(shipped).chain(test_files("topologies/tests/guide"));
    let mut seen = 0;
    for path in sound {
        seen += 1;
        let instance = instance(&fs::read_to_string(&path).unwrap());
        let faults: Vec<String> =
            validator.iter_errors(&instance).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
    }
    assert!(seen >= 30, "{seen}");
}

#[test]
fn what_the_form_of_a_test_file_forbids_is_marked() {
    let validator = jsonschema::draft7::new(&test_schema()).unwrap();
    let step = |step: &str| format!("topology: a.yaml\ntests: [{{name: a, steps: [{step}]}}]");
    for yaml in [
        "tests: [{name: a, steps: [wait: 1s]}]".to_owned(),
        "topology: a.yaml\ntests: []".to_owned(),
        "topology: a.yaml\ntests: [{name: a, steps: []}]".to_owned(),
        "topology: a.yaml\ntests: [{name: a, step: [wait: 1s]}]".to_owned(),
        "topology: a.yaml\ntests: [{name: a, peers: {b: {role: req}}, steps: [wait: 1s]}]"
            .to_owned(),
        step("{wiat: 1s}"),
        step("{wait: 1s, kill: a}"),
        step("{wait: soon}"),
        step("{expect: {log: a}}"),
        step("{expect: {at: a, lgo: a}}"),
        step("{never: {at: a, within: 1s}}"),
        step("{cut: [a]}"),
        step("{delay: {between: [a, b]}}"),
        step("{send: {from: a, msgid: x}}"),
        step("{call: {handler: on_tick}}"),
    ] {
        assert!(!validator.is_valid(&instance(&yaml)), "{yaml}");
    }
    for yaml in [step("{tick: a}"), step("{tick: {node: a, timer: b}}"), step("{wait: 1s}")] {
        assert!(validator.is_valid(&instance(&yaml)), "{yaml}");
    }
}
