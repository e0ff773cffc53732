//! `zrig new`.

use std::fs;
use std::path::Path;

use crate::{zrig, zrig_in};

/// The kinds that `zrig new` lists.
fn kinds() -> Vec<String> {
    let list = zrig(&["new"]).well();
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    let kinds: Vec<String> = lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(kinds.len() >= 10, "{list}");
    kinds
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_kind_checks_clean_without_warnings_and_passes_its_own_tests() {
    for kind in kinds() {
        let folder = tempfile::tempdir().unwrap();
        let said = zrig_in(folder.path(), &["new", &kind, "deep/my own.yaml"]).well();
        let mut lines = said.lines();
        let written: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert_eq!(written[..2], ["deep/my own.yaml", "deep/my own.test.yaml"], "{said}");
        let mut listed: Vec<String> =
            written.iter().map(|path| path.trim_start_matches("deep/").to_owned()).collect();
        listed.sort();
        assert_eq!(names(&folder.path().join("deep")), listed, "{kind}");
        let sound = zrig_in(folder.path(), &["check", "--deny-warnings", "deep"]).well();
        assert!(sound.starts_with("2 files, all sound: "), "{kind}: {sound}");
        let tested = zrig_in(folder.path(), &["test", "deep/my own.test.yaml"]).well();
        assert!(tested.contains(" passed, in ") && !tested.contains("skip"), "{kind}: {tested}");
        let text = fs::read_to_string(folder.path().join("deep/my own.yaml")).unwrap();
        assert!(text.contains("`zrig run my own.yaml`"), "{kind}: {text}");
    }
}

#[test]
fn without_a_file_it_is_called_as_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    zrig_in(folder.path(), &["new", "hello"]).well();
    assert_eq!(names(folder.path()), ["hello.test.yaml", "hello.yaml"]);
}

#[test]
fn nothing_is_written_over_and_nothing_written_where_one_file_is_there() {
    type Make = fn(&Path);
    let there: [(&str, Make); 3] = [
        ("my.yaml", |path| fs::write(path, "mine").unwrap()),
        // One of those that are written last.
        ("sink.rhai", |path| fs::create_dir(path).unwrap()),
        // Whatever it leads to.
        ("my.test.yaml", |path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
    ];
    for (name, make) in there {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join(name));
        let done = zrig_in(folder.path(), &["new", "pipeline", "my.yaml"]);
        assert_eq!((done.status, &*done.out), (Some(1), ""), "{name}");
        assert!(done.said.contains(&format!("error: {name} is there already")), "{}", done.said);
        assert!(done.said.contains("nothing was written"), "{}", done.said);
        assert_eq!(names(folder.path()), [name]);
    }
}

#[test]
fn what_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, status, words) in [
        (&["new", "pipelin", "my.yaml"][..], 2, "did you mean `pipeline`?"),
        (&["new", "zzzzzzzz"], 2, "`zrig new` lists the kinds"),
        (&["new", "pair", "my.txt"], 2, "ends with .yaml"),
        (&["new", "pair", ".yaml"], 2, "ends with .yaml"),
        (&["new", "pair", "folder/"], 2, "ends with .yaml"),
        (&["new", "pair", "my.test.yaml"], 2, "test file"),
        (&["new", "pair", "/proc/no/my.yaml"], 1, "/proc/no/my.yaml: "),
    ] {
        let done = zrig_in(folder.path(), arguments);
        assert_eq!(done.status, Some(status), "{arguments:?}: {}", done.said);
        assert!(done.said.starts_with("error: ") && done.said.contains(words), "{}", done.said);
    }
    assert_eq!(names(folder.path()), [""; 0]);
}
