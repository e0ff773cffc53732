//! Owns the comparison of this crate with the sources of libzmq that it was built from.
//!
//! Never a test of behaviour: what libzmq does is tested through the crate `zmq`.

#[path = "../build/linux.rs"]
mod linux;

use std::fs;
use std::path::Path;

const DECLARATIONS: &str = concat!(
    include_str!("../src/constants.rs"),
    include_str!("../src/events.rs"),
    include_str!("../src/functions.rs"),
    include_str!("../src/options.rs"),
);

/// What the build copied for us to look at.
fn upstream(path: &str) -> String {
    let path = Path::new(env!("OUT_DIR")).join("source").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Deprecated names, and switches that are no values.
fn is_left_out(name: &str) -> bool {
    matches!(
        name,
        "ZMQ_XREQ"
            | "ZMQ_XREP"
            | "ZMQ_SRCFD"
            | "ZMQ_IPV4ONLY"
            | "ZMQ_DEFINED_STDINT"
            | "ZMQ_HAS_CAPABILITIES"
            | "ZMQ_STREAMER"
            | "ZMQ_FORWARDER"
            | "ZMQ_QUEUE"
            | "ZMQ_IDENTITY"
            | "ZMQ_CONNECT_RID"
            | "ZMQ_DELAY_ATTACH_ON_CONNECT"
            | "ZMQ_NOBLOCK"
            | "ZMQ_FAIL_UNROUTABLE"
            | "ZMQ_ROUTER_BEHAVIOR"
    )
}

fn number(text: &str) -> Option<i64> {
    let text = text.replace('_', "");
    match text.strip_prefix("0x") {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None => text.parse().ok(),
    }
}

fn declared(name: &str) -> Option<i64> {
    let line =
        DECLARATIONS.lines().find_map(|line| line.strip_prefix(&format!("pub const {name}: ")))?;
    number(line.split("= ").nth(1)?.split(';').next()?)
}

#[test]
fn every_number_of_zmq_h_is_declared_with_its_value() {
    let header = upstream("include/zmq.h");
    let mut compared = 0;
    for line in header.lines() {
        let mut words = line.split_whitespace();
        let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Some(value) = number(value).filter(|_| name.starts_with("ZMQ_")) else {
            continue;
        };
        if !is_left_out(name) {
            assert_eq!(declared(name), Some(value), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} numbers found in zmq.h");
}

#[test]
fn every_declared_function_has_the_parameters_of_zmq_h() {
    let header = upstream("include/zmq.h").replace(['\n', '\t'], " ");
    let mut compared = 0;
    for declaration in DECLARATIONS.split("pub fn ").skip(1) {
        let (name, rest) = declaration.split_once('(').unwrap();
        let (ours, _) = rest.split_once(')').unwrap();
        let ours = ours.split(',').filter(|parameter| parameter.contains(':')).count();
        let theirs = header
            .split("ZMQ_EXPORT ")
            .find_map(|prototype| {
                let (before, rest) = prototype.split_once('(')?;
                let found = before.trim().rsplit([' ', '*']).next()? == name;
                found.then(|| rest.split_once(')').map(|(parameters, _)| parameters.to_owned()))?
            })
            .unwrap_or_else(|| panic!("{name} is not in zmq.h"));
        let theirs = match theirs.trim() {
            "void" => 0,
            parameters => parameters.split(',').count(),
        };
        assert_eq!(ours, theirs, "{name}");
        compared += 1;
    }
    assert!(compared > 40, "only {compared} functions declared");
}

#[test]
fn every_define_of_ours_is_tested_by_the_source() {
    let folder = Path::new(env!("OUT_DIR")).join("source/src");
    let source: String = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .collect();
    for (name, _) in linux::DEFINES {
        let tested = source
            .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .any(|word| word == *name);
        assert!(tested, "nothing in libzmq asks for {name}");
    }
}
