//! The floors of the crate, held by its own source: what imports what, and who alone may use what.
//!
//! A floor may use the floors below it and itself, never one above, and no file one that uses it. See
//! `src/lib.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the top; modules of one line may use each other.
const FLOORS: &[&[&str]] = &[
    &["main", "cli"],
    &["app", "learn", "lsp", "trial"],
    &["load", "watch", "observe", "control", "recording", "replay", "web"],
    &["supervisor"],
    &["node"],
    &["event", "receipt", "counters", "snapshot", "tally"],
    &["plan", "lint", "graph", "import", "explain", "export", "schema", "language", "test_file"],
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
        "security",
        "listing",
        "lock",
        "aside",
        "backlog",
        "clock",
        "until",
        "visible",
        "simulation",
        "whole",
        "ink",
        "sequence",
    ],
];

/// Crates that belong to some modules alone.
const OWNERS: &[(&str, &[&str])] = &[
    ("chacha20", &["script"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("annotate_snippets", &["cli"]),
    ("notify", &["watch"]),
    ("notify_debouncer_full", &["watch"]),
    ("rhai", &["script"]),
    ("crc32fast", &["recording", "script"]),
    ("csv", &["script"]),
    ("data_encoding", &["message", "script"]),
    ("flate2", &["script", "web"]),
    ("hmac", &["script"]),
    ("lz4_flex", &["recording", "script"]),
    ("md5", &["script"]),
    ("mcap", &["recording"]),
    ("minicbor", &["script"]),
    ("prost", &["recording"]),
    ("prost_types", &["recording"]),
    ("rand", &["script", "simulation", "trial"]),
    ("regex_automata", &["script"]),
    ("rmp", &["script"]),
    ("ruzstd", &["script"]),
    ("sha1", &["script"]),
    ("sd_notify", &["app"]),
    ("sha2", &["cli", "script"]),
    ("zmq", &["node", "message"]),
    ("zmq_sys", &["node", "message", "security"]),
    ("ipnet", &["security"]),
    ("ratatui", &["cli"]),
    ("rpassword", &["cli"]),
    ("subtle", &["security"]),
    ("twox_hash", &["message"]),
    ("getrandom", &["security"]),
    ("zeroize", &["cli", "security"]),
    ("serde_yaml", &["document"]),
    ("simdutf8", &["message"]),
    ("saphyr_parser", &["document"]),
    ("corosensei", &["fiber"]),
    ("argon2", &["security"]),
    ("chrono", &["cli", "observe", "script", "security"]),
    ("axum", &["web"]),
    ("lsp_server", &["lsp"]),
    ("lsp_types", &["lsp"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("http_body_util", &["web"]),
    ("mimalloc", &["main"]),
    ("rustix", &["script", "control", "cli", "node"]),
];

/// The only files with unsafe code.
const UNSAFE: [&str; 8] = [
    "fiber.rs",
    "memory.rs",
    "message/frame.rs",
    "node/raw.rs",
    "node/raw/context.rs",
    "node/raw/events.rs",
    "node/raw/system.rs",
    "security/pair.rs",
];

/// Modules that know the time from `clock` alone, so that their tests need not wait.
const CLOCKED: [&str; 6] = ["app", "node", "script", "supervisor", "until", "watch"];
/// Files of those that measure how long work takes, or whose own threads wait for the system.
const MEASURES: [&str; 8] = [
    "node/carrier/agreement/relay.rs",
    "node/carrier/agreement/world.rs",
    "node/call_clock.rs",
    "node/keeper/writer.rs",
    "node/line_source/reader.rs",
    "node/names.rs",
    "node/sink/writer.rs",
    "script/guard.rs",
];

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
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
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

/// What the code names of elsewhere, in `use` lines and where it stands, as whole paths: whether it
/// is handed on, and the parts. Paths that begin neither with `crate`, `super` nor `self` are others'.
fn imports(code: &str) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find("use ") {
        let line = rest[..start].rsplit('\n').next().unwrap().trim();
        let is_public = line.starts_with("pub");
        if line.is_empty() || (is_public && !line.contains(' ')) {
            mentions(&rest[..start], &mut found);
            let (tree, behind) = rest[start + "use ".len()..].split_once(';').unwrap();
            branches(&[], tree, &mut |path| found.push((is_public, path)));
            rest = behind;
        } else {
            let behind = start + "use ".len();
            mentions(&rest[..behind], &mut found);
            rest = &rest[behind..];
        }
    }
    mentions(rest, &mut found);
    found
}

/// The paths in code that is no `use` line, such as `sends::check`.
fn mentions(code: &str, found: &mut Vec<(bool, Vec<String>)>) {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for path in code.split(|c| !is_path(c)).filter(|path| path.contains("::")) {
        let parts = path.split("::").map(str::to_owned).collect();
        // `pub(in crate::script)` names who may look.
        if !code.contains(&format!("(in {path})")) {
            found.push((false, parts));
        }
    }
}

/// The paths of a `use` tree: `a::{b, c::{d}}` has `a::b` and `a::c::d`.
fn branches(before: &[String], tree: &str, found: &mut impl FnMut(Vec<String>)) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let head = head.split(" as ").next().unwrap();
    let parts = head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    let path: Vec<String> = before.iter().cloned().chain(parts).collect();
    let Some(group) = group else { return found(path) };
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[start..at].trim().is_empty() {
                    branches(&path, group[start..at].trim(), &mut *found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The files by their module paths, and what each brings in and hands on.
struct Tree {
    /// `script/json.rs` is `[script, json]`.
    files: BTreeMap<Vec<String>, String>,
    imports: BTreeMap<Vec<String>, Vec<(bool, Vec<String>)>>,
}

impl Tree {
    fn of(files: &[File]) -> Self {
        let mut tree = Self { files: BTreeMap::new(), imports: BTreeMap::new() };
        for file in files.iter().filter(|file| file.path != "main.rs") {
            let path = file.path.trim_end_matches(".rs");
            let path = path.trim_end_matches("/mod").split('/').filter(|&part| part != "lib");
            let path: Vec<String> = path.map(str::to_owned).collect();
            tree.imports.insert(path.clone(), imports(&file.code));
            tree.files.insert(path, file.path.clone());
        }
        tree
    }

    /// The file that defines what a path in a module names, through what others hand on.
    fn owner(&self, module: &[String], path: &[String], hops: usize) -> Option<Vec<String>> {
        let mut at = module.to_vec();
        let mut path = path;
        match path.first()?.as_str() {
            "crate" => at.clear(),
            "super" | "self" => {
                while path[0] == "super" && path.get(1).is_some_and(|next| next == "super") {
                    at.pop();
                    path = &path[1..];
                }
                if path[0] == "super" {
                    at.pop();
                }
            }
            child => {
                at.push(child.to_owned());
                self.files.get(&at)?;
            }
        }
        path = &path[1..];
        while let Some((next, behind)) = path.split_first() {
            at.push(next.clone());
            if !self.files.contains_key(&at) {
                at.pop();
                break;
            }
            path = behind;
        }
        let handed_on = path.first().filter(|_| hops > 0).and_then(|name| {
            let mut from = self.imports[&at].iter().filter(|(is_public, _)| *is_public);
            from.find(|(_, path)| path.last() == Some(name))
        });
        handed_on.and_then(|(_, path)| self.owner(&at, path, hops - 1)).or(Some(at))
    }

    /// A file and the folder of its name are one: `handler.rs` and `handler/direct.rs`.
    fn whole(&self, module: &[String]) -> String {
        let mut folders = (1..=module.len()).filter_map(|length| self.files.get(&module[..length]));
        folders.find(|file| !file.ends_with("/mod.rs")).unwrap_or(&self.files[module]).clone()
    }

    /// Which file uses which; what is only handed on is not used.
    fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, imports) in &self.imports {
            let user = self.whole(module);
            let owners = imports.iter().filter(|(is_public, _)| !is_public);
            let owners = owners.filter_map(|(_, path)| self.owner(module, path, 4));
            let used = owners.map(|owner| self.whole(&owner)).filter(|used| *used != user);
            uses.entry(user.clone()).or_default().extend(used);
        }
        uses
    }
}

/// Everything that a file uses, directly or not.
fn reached(from: &str, uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(file) = next.pop() {
        for used in uses.get(&file).into_iter().flatten() {
            if found.insert(used.clone()) {
                next.push(used.clone());
            }
        }
    }
    found
}

#[test]
fn no_files_of_a_module_import_each_other_in_a_circle() {
    let files = files();
    let uses = Tree::of(&files).uses();
    let circular: Vec<&String> =
        uses.keys().filter(|file| reached(file, &uses).contains(*file)).collect();
    assert!(circular.is_empty(), "a circle goes through {circular:?}");
}

#[test]
fn what_is_named_is_found_in_groups_and_through_what_is_handed_on() {
    let file = |path: &str, code: &str| File {
        path: path.to_owned(),
        module: "m".to_owned(),
        code: code.to_owned(),
    };
    let files = [
        file("lib.rs", "pub mod m;\n"),
        file("m/mod.rs", "mod a;\nmod b;\npub use a::{A, other::X};\nfn f() { b::B }\n"),
        file("m/a.rs", "use super::b::{self, C};\nuse std::rc::Rc;\n    use crate::{m::d::D};\n"),
        file("m/a/inner.rs", "use super::A;\npub(super) use super::super::d::{D, E as F};\n"),
        file("m/b.rs", "use super::A;\n"),
        file("m/d.rs", "let text = \"we use it\";\n"),
    ];
    let uses = Tree::of(&files).uses();
    let of = |path: &str| uses[path].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("m/mod.rs"), ["m/b.rs"]);
    assert_eq!(of("m/a.rs"), ["m/b.rs", "m/d.rs"]);
    assert_eq!(of("m/b.rs"), ["m/a.rs"]);
    assert_eq!(of("m/d.rs"), [""; 0]);
    assert!(reached("m/a.rs", &uses).contains("m/a.rs"), "a and b use each other");
    assert!(!reached("m/d.rs", &uses).contains("m/d.rs"));
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
fn unsafe_code_stands_in_few_files() {
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
fn the_parts_of_a_node_do_not_know_it() {
    let files = files();
    let parts = files
        .iter()
        .filter(|file| file.path.starts_with("node/") && !file.path.starts_with("node/running"));
    let knowing = parts.filter(|file| file.code.contains("running::"));
    let knowing: Vec<&str> = knowing.map(|file| &*file.path).collect();
    // A thread makes it.
    assert_eq!(knowing, ["node/shard.rs"]);
}

#[test]
fn no_function_of_what_runs_is_longer_than_sixty_lines() {
    let mut long = Vec::new();
    for file in files().iter().filter(|file| ["node", "supervisor"].contains(&&*file.module)) {
        let mut begun: Option<(usize, usize, String)> = None;
        for (at, line) in file.code.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let head = line.trim_start().split('(').next().unwrap_or_default();
            if head.split_whitespace().any(|word| word == "fn") && !line.ends_with(';') {
                begun = Some((at, indent, line.trim().to_owned()));
            } else if line.trim_end() == format!("{:indent$}}}", "")
                && let Some((from, _, name)) = begun.take_if(|(_, of, _)| *of == indent)
                && at - from >= 60
            {
                long.push(format!("{}: {name}: {} lines", file.path, at - from + 1));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn time_is_read_where_a_test_can_pause_it() {
    let measures = |file: &&File| !MEASURES.contains(&&*file.path);
    let files = files();
    for file in files.iter().filter(|file| CLOCKED.contains(&&*file.module)).filter(measures) {
        for reading in
            ["Instant::now", ".elapsed()", "thread::sleep", "time::sleep(", "time::timeout"]
        {
            assert!(!file.code.contains(reading), "{} has {reading}; clock has it", file.path);
        }
    }
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
