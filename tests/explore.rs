//! `zrig explore`, seen from outside: what was planted is found, of what is sound nothing is said, and what
//! is found is shown, drawn and made a test.
//!
//! `tests/explore/planted` has a mistake each, from what went wrong for people; `sound` the same mended. As
//! a soak each planted one gets ten seconds, each sound one a minute.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the table of a soak is for a person")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn zrig(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zrig"))
        .current_dir(root())
        .env("NO_COLOR", "1")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The topologies of a folder, from the root of the repository.
fn topologies(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let mut files: Vec<String> =
        files.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    files.sort();
    files
}

fn is_soak() -> bool {
    std::env::var_os("ZRIG_SOAK").is_some()
}

/// The kind of symptom that a topology has, as it says itself.
fn planted_in(file: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    assert!(text.contains("\n# Report: ") && text.contains("\n# https://"), "{file}");
    let kind = text.lines().find_map(|line| line.strip_prefix("# Symptom: "));
    kind.unwrap_or_else(|| panic!("{file}")).to_owned()
}

/// `… 34 runs, …`, and how fast.
fn summary(told: &str) -> String {
    let line = told.lines().find(|line| line.contains(" states seen")).unwrap_or_default();
    line.to_owned()
}

#[test]
fn thirty_mistakes_from_public_reports_are_found_each_and_made_a_test_that_fails() {
    let files = topologies("tests/explore/planted");
    assert!(files.len() >= 30);
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let kind = planted_in(&file);
        let test = folder.path().join("found.test.yaml");
        let written = test.display().to_string();
        let begun = Instant::now();
        // A busy machine takes longer; as a soak ten seconds have to do.
        let most = if is_soak() { "10s" } else { "1m" };
        let found = zrig(&["explore", &file, "--faults", "--most", most, "--write", &written]);
        let took = begun.elapsed();
        let told = text(&found);
        assert_eq!(found.status.code(), Some(1), "{file}: {told}");
        assert!(told.contains(&format!("--except {kind}")), "{file}, {kind}: {told}");
        assert!(told.contains("See `zrig explain "), "{file}: {told}");
        if is_soak() {
            let says = told.lines().next().unwrap_or_default();
            println!("{:>6} ms  {kind:<12} {file}: {says}; {}", took.as_millis(), summary(&told));
            assert!(took.as_secs() < 12, "{file}");
        }
        let text_of_test = fs::read_to_string(&test).unwrap();
        let seed = text_of_test.split("--seed ").nth(1).unwrap().split('`').next().unwrap();
        let again = zrig(&["test", &written, "--seed", seed]);
        assert_eq!(again.status.code(), Some(1), "{file}:\n{text_of_test}\n{}", text(&again));
        fs::remove_file(&test).unwrap();
    }
}

#[test]
fn of_thirty_sound_topologies_nothing_is_said() {
    let files = topologies("tests/explore/sound");
    assert_eq!(
        files.iter().map(|it| it.replace("sound", "planted")).collect::<Vec<_>>(),
        topologies("tests/explore/planted"),
        "each is another one mended"
    );
    for file in files {
        let few: &[&str] = if is_soak() {
            &["--most", "1m", "--runs", "1000000"]
        } else {
            &["--most", "1m", "--runs", "6"]
        };
        let output = zrig(&[&["explore", &file, "--faults"], few].concat());
        let told = text(&output);
        assert!(output.status.success() && told.contains("nothing went wrong"), "{file}: {told}");
        if is_soak() {
            println!("{file}: {}", summary(&told));
        }
    }
}

/// What a fault brings about in what ships, since ZeroMQ does that and the file says so.
const MEANT: &[(&str, &str)] = &[
    ("broker", "waits"),
    ("hello", "waits"),
    ("load-balancing", "waits"),
    ("pair", "silent"),
    ("seed", "waits"),
    ("seed", "silent"),
];

#[test]
fn of_what_ships_nothing_is_said_but_what_its_file_says_itself() {
    for file in topologies("topologies") {
        let name = Path::new(&file).file_stem().unwrap().to_str().unwrap().to_owned();
        let runs = if is_soak() { "1000000" } else { "3" };
        let still = zrig(&["explore", &file, "--runs", "2"]);
        if text(&still).contains("is a program") || text(&still).contains("is a stream") {
            continue;
        }
        assert!(text(&still).contains("nothing went wrong"), "{file}: {}", text(&still));
        let meant = MEANT.iter().filter(|(of, _)| *of == name).flat_map(|(_, it)| ["--except", it]);
        let meant: Vec<&str> = meant.collect();
        let arguments = ["explore", &file, "--faults", "--most", "1m", "--runs", runs];
        let output = zrig(&[&arguments[..], &meant].concat());
        assert!(text(&output).contains("nothing went wrong"), "{file}: {}", text(&output));
    }
}

#[test]
fn the_same_seed_gives_the_same_search() {
    let once = || {
        let file = "tests/explore/planted/server-that-dies.yaml";
        let told = text(&zrig(&["explore", file, "--faults"]));
        // How fast it was is another matter.
        told.lines().filter(|line| !line.contains(" a second")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(once(), once());
}

#[test]
fn a_finding_is_drawn_to_keep_and_what_is_meant_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let file = "tests/explore/planted/name-that-nobody-has.yaml";
    let (svg, mermaid) = (path("a.svg"), path("a.mmd"));
    let output = zrig(&["explore", file, "--picture", &svg, "--picture", &mermaid]);
    assert!(text(&output).contains("drawn to "), "{}", text(&output));
    let drawn = fs::read_to_string(&svg).unwrap();
    let drawn = roxmltree::Document::parse(&drawn).unwrap();
    assert!(drawn.descendants().any(|node| node.text() == Some("boss")));
    let drawn = fs::read_to_string(&mermaid).unwrap();
    assert!(drawn.starts_with("sequenceDiagram\n") && drawn.contains("as boss"), "{drawn}");
    let output = zrig(&["explore", file, "--picture", &path("a.png")]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let output = zrig(&["explore", file, "--runs", "3", "--except", "dropped"]);
    assert!(text(&output).contains("nothing went wrong: 3 runs"), "{}", text(&output));
}

#[test]
fn an_always_that_breaks_is_found_be_it_of_the_command_line_or_of_a_test_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let topology = "
nodes:
  a: {role: push, bind: 'inproc://a', every: 1s, on_tick: send(1)}
  b: {role: pull, connect: a, on_message: 'count(\"seen\")'}
";
    fs::write(path("a.yaml"), topology).unwrap();
    let tests = "topology: a.yaml
tests:
  - {name: few, steps: [{wait: 1s}], always: counters.b.received < 4}
";
    fs::write(path("a.test.yaml"), tests).unwrap();
    let topology = path("a.yaml").display().to_string();
    let output = zrig(&["explore", &topology, "--always", "counters.b.received < 5"]);
    let told = text(&output);
    assert!(told.contains("this does not hold always: counters.b.received < 5"), "{told}");
    let written = path("found.test.yaml").display().to_string();
    let tests = path("a.test.yaml").display().to_string();
    let output = zrig(&["explore", &tests, "--write", &written]);
    let told = text(&output);
    assert!(told.contains("this does not hold always: counters.b.received < 4"), "{told}");
    assert_eq!(zrig(&["test", &written]).status.code(), Some(1));
    let output = zrig(&["explore", &topology, "--always", "counters.b.recieved <"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
}

#[test]
fn what_the_page_of_tests_says_of_each_lesson_is_what_the_search_says() {
    let page = fs::read_to_string(root().join("docs/testing.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.contains("](../tests/explore/planted/"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 7, "a lesson for each classic fault");
    for row in rows {
        let file = row[2].split("](../").nth(1).unwrap().split(')').next().unwrap();
        let mended = row[4].split("](../").nth(1).unwrap().split(')').next().unwrap();
        let told = text(&zrig(&["explore", file, "--faults"]));
        // How many there were hangs on how far it could be shortened, and a failure has its place.
        let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        let first = words(told.lines().next().unwrap());
        for part in words(row[3].trim_matches('`')).split(": ") {
            assert!(first.contains(part), "{part}: {first}");
        }
        assert_eq!(mended, file.replace("planted", "sound"));
        assert!(root().join(mended).exists(), "{mended}");
    }
}
