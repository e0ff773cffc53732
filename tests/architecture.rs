//! The floors of the crate, held by its own source: what imports what, and who alone may use what.
//!
//! A floor may use the floors below it and itself, never one above. See `src/lib.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the top; modules of one line may use each other.
const FLOORS: &[&[&str]] = &[
    &["main", "cli"],
    &["app"],
    &["load", "watch", "observe", "control"],
    &["supervisor"],
    &["node"],
    &["event", "counters", "snapshot"],
    &["plan", "lint", "graph", "explain", "schema"],
    &["topology"],
    &["document", "script"],
    &[
        "message",
        "diagnostic",
        "source",
        "zeromq",
        "units",
        "duration",
        "memory",
        "fiber",
        "nearest",
        "listing",
        "lock",
        "aside",
        "visible",
    ],
];

/// Crates that belong to some modules alone.
const OWNERS: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("annotate_snippets", &["cli"]),
    ("notify", &["watch"]),
    ("notify_debouncer_full", &["watch"]),
    ("rhai", &["script"]),
    ("zmq", &["node", "message"]),
    ("zmq_sys", &["node", "message"]),
    ("serde_yaml", &["document"]),
    ("simdutf8", &["message"]),
    ("saphyr_parser", &["document"]),
    ("corosensei", &["fiber"]),
    ("chrono", &["cli", "observe"]),
    ("hyper", &["observe"]),
    ("hyper_util", &["observe"]),
    ("http_body_util", &["observe"]),
    ("mimalloc", &["main"]),
    ("rustix", &["script", "control", "cli"]),
];

/// The only files with unsafe code.
const UNSAFE: [&str; 4] = ["fiber.rs", "memory.rs", "message/frame.rs", "node/raw.rs"];

struct File {
    /// The path below `src`.
    path: String,
    /// The module at the top of the crate that it belongs to.
    module: String,
    /// The text without comments and without what only tests see.
    code: String,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() > 50, "where is the source?");
    paths
        .into_iter()
        .filter(|path| {
            !path.ends_with("tests.rs")
                && !path.components().any(|part| part.as_os_str() == "tests")
        })
        .map(|path| {
            let below = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let module = below.split(['/', '.']).next().unwrap().to_owned();
            File { code: code_of(&fs::read_to_string(&path).unwrap()), path: below, module }
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// A test may look wherever it likes, and a comment uses nothing.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The modules of this crate that a text names as `crate::module`, `use crate::{a, b}` included.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(heads_of(group));
        } else {
            found.insert(word(rest));
        }
    }
    found
}

/// The first words of the parts of a brace group: `a::b, c::{d, e}}` has `a` and `c`.
fn heads_of(group: &str) -> Vec<String> {
    let mut heads = vec![word(group.trim_start())];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()
}

#[test]
fn every_module_has_its_floor() {
    let modules: BTreeSet<String> =
        files().into_iter().map(|file| file.module).filter(|module| module != "lib").collect();
    for module in &modules {
        assert!(floor_of(module).is_some(), "on which floor is {module}?");
    }
}

#[test]
fn imports_go_only_downward() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.module != "lib") {
        let floor = floor_of(&file.module).unwrap();
        for used in used_modules(&file.code) {
            // What is no module is an item of the crate's root; there are none, so a macro's name.
            let Some(theirs) = floor_of(&used) else {
                wrong.push(format!("{} uses crate::{used}, which is no module", file.path));
                continue;
            };
            if theirs < floor {
                wrong.push(format!("{} looks up to {used}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_module_imports_everything_of_another() {
    for file in files() {
        let globs: Vec<&str> = file
            .code
            .lines()
            .filter(|line| line.contains("use ") && line.contains("::*"))
            .collect();
        assert_eq!(globs, [""; 0], "{}", file.path);
    }
}

#[test]
fn an_outside_crate_is_used_by_its_owner_only() {
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files() {
        for (name, _) in OWNERS {
            let uses = file.code.match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = file.code[..at].chars().next_back();
                // `zmq::` is also the end of another path, or of a word.
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if uses {
                users.entry(name).or_default().insert(file.module.clone());
            }
        }
    }
    for (name, owners) in OWNERS {
        let users = users.remove(name).unwrap_or_default();
        let strangers: Vec<&String> =
            users.iter().filter(|user| !owners.contains(&user.as_str())).collect();
        assert!(strangers.is_empty(), "{name} belongs to {owners:?}, but {strangers:?} use it");
    }
}

#[test]
fn unsafe_code_stands_in_three_files() {
    let mut found: Vec<String> = files()
        .into_iter()
        .filter(|file| {
            file.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
        })
        .map(|file| file.path)
        .collect();
    found.sort_unstable();
    assert_eq!(found, UNSAFE);
}

#[test]
fn every_file_says_what_it_owns() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut silent = Vec::new();
    for file in files().iter().filter(|file| file.path != "main.rs") {
        let text = fs::read_to_string(root.join(&file.path)).unwrap();
        if !text.starts_with("//! ") {
            silent.push(file.path.clone());
        }
    }
    assert!(silent.is_empty(), "no first lines in {silent:?}");
}
