//! `zrig fmt`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use zrig::language::{Formatted, formatted};
use zrig::load::load_text;

use crate::{done, zrig, zrig_in};

const UGLY: &str = "\n# head\nnodes:\n    a:\n        role:   pub # why\n        bind: 5556   \n\n\n\n        options: { linger:   1s,sndbuf: 4KiB }\n        msgid: 1000\n        every: 1s\n        on_tick: |\n            let x = 1;\n              x\n\n\n";
const NEAT: &str = "# head\nnodes:\n  a:\n    role: pub   # why\n    bind: 5556\n\n    options: {linger: 1s, sndbuf: 4KiB}\n    msgid: 1000\n    every: 1s\n    on_tick: |\n      let x = 1;\n        x\n";

#[test]
fn a_file_is_laid_out_in_its_place_and_only_told_of_with_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, UGLY).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.yaml");
    std::os::unix::fs::symlink("a.yaml", &link).unwrap();
    let checked = zrig_in(folder.path(), &["fmt", "--check", "a.yaml"]);
    assert_eq!((checked.status, &*checked.out), (Some(1), "a.yaml\n"), "{}", checked.said);
    assert_eq!(fs::read_to_string(&file).unwrap(), UGLY);
    assert_eq!(zrig_in(folder.path(), &["fmt", "link.yaml"]).well(), "link.yaml\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), NEAT);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(zrig_in(folder.path(), &["fmt", "--check", "a.yaml"]).well(), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
}

#[test]
fn what_cannot_be_laid_out_stays_as_it_is_and_the_rest_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("broken.yaml", "a: [\n", "no sound YAML"),
        ("windows.yaml", "a:  1\r\n", "CR and LF"),
        ("twice.yaml", "a: 1\na:  2\n", "no sound YAML"),
    ];
    for (name, text, _) in cases {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("ugly.yaml"), UGLY).unwrap();
    let done = zrig_in(folder.path(), &["fmt", ".", "gone.yaml"]);
    assert_eq!(done.status, Some(2));
    for (name, text, why) in cases {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
        let line = done.said.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.starts_with("error: ") && line.contains(why), "{line}");
    }
    assert!(done.said.contains("gone.yaml: "), "{}", done.said);
    assert_eq!(fs::read_to_string(folder.path().join("ugly.yaml")).unwrap(), NEAT);
}

#[test]
fn standard_input_is_laid_out_on_standard_output() {
    let through = |arguments: &[&str], text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        done(child.wait_with_output().unwrap())
    };
    assert_eq!(through(&["fmt", "-"], UGLY).well(), NEAT);
    assert_eq!(through(&["fmt", "-"], NEAT).well(), NEAT);
    assert_eq!(through(&["fmt", "--check", "-"], UGLY).status, Some(1));
    let refused = through(&["fmt", "-"], "a: [");
    assert_eq!((refused.status, &*refused.out), (Some(2), ""));
    assert!(refused.said.starts_with("error: standard input: "), "{}", refused.said);
}

#[test]
fn scripts_are_laid_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.rhai");
    fs::write(&file, "fn a() {  \n\n\n\n  1\n}\n\n").unwrap();
    assert_eq!(zrig_in(folder.path(), &["fmt", "a.rhai"]).well(), "a.rhai\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "fn a() {\n\n  1\n}\n");
}

/// The YAML files below a folder of the repository.
fn yaml_in(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_ships_is_laid_out_already() {
    let said = zrig(&[
        "fmt",
        "--check",
        "topologies",
        "lessons/*/lesson.yaml",
        "lessons/*/judge.test.yaml",
    ])
    .well();
    assert_eq!(said, "");
}

/// Blanks and blank lines put in where they mean nothing, by numbers that are drawn.
fn spoilt(text: &str, drawn: &[u8]) -> String {
    let mut drawn = drawn.iter().cycle().copied();
    let mut out = String::new();
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let is_inside = block.is_some_and(|of| line.trim().is_empty() || indent > of);
        if !is_inside {
            block = None;
        }
        let mut line = line.to_owned();
        if !is_inside && !line.contains(['"', '\'', '`', '#']) {
            for (from, to) in [(": ", ":   "), (", ", ","), ("{", "{ "), ("]", " ]")] {
                if drawn.next().unwrap_or(0) % 3 == 0 {
                    line = line.replace(from, to);
                }
            }
        }
        if !is_inside && drawn.next().unwrap_or(0) % 4 == 0 {
            line.push_str("  ");
        }
        out.push_str(&line);
        out.push('\n');
        if line.trim_end().ends_with(['|', '>']) {
            block = Some(indent);
        } else if !is_inside && drawn.next().unwrap_or(0) % 5 == 0 {
            out.push_str("\n\n");
        }
    }
    out
}

/// What a topology comes to, without where anything stands.
fn came_to(path: &Path, text: &str) -> (Vec<String>, Option<String>) {
    let loaded = load_text(path, text, &|_| None);
    let mut faults: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|fault| format!("{} {}", fault.code.id(), fault.message))
        .collect();
    faults.sort();
    let plan = loaded.topology.map(|topology| {
        let nodes: Vec<String> = topology
            .nodes
            .iter()
            .map(|node| format!("{} {:?} {:?}", node.name, node.sockets, node.params))
            .collect();
        nodes.join("\n")
    });
    (faults, plan)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_blanks_are_put_in_it_is_laid_out_once_and_means_the_same(
        drawn in proptest::collection::vec(any::<u8>(), 40..80),
        which in any::<prop::sample::Index>(),
    ) {
        let files = yaml_in("topologies");
        let path = which.get(&files);
        let text = fs::read_to_string(path).unwrap();
        let ugly = spoilt(&text, &drawn);
        let neat = match formatted(&ugly) {
            Formatted::Anew(neat) => neat,
            Formatted::Already => ugly.clone(),
            Formatted::Never(why) => panic!("{}: {why}\n{ugly}", path.display()),
        };
        prop_assert_eq!(formatted(&neat), Formatted::Already);
        if !path.to_str().unwrap().ends_with(".test.yaml") {
            prop_assert_eq!(came_to(path, &ugly), came_to(path, &neat));
        }
        let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(without_blanks(&ugly), without_blanks(&neat), "only blanks change");
    }
}
