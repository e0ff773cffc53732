//! How the patches of libzmq are applied, and that each says why. Owns nothing about what they do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../zmq-sys/build/patch.rs"]
mod patch;
#[path = "../zmq-sys/build/sources.rs"]
mod sources;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

const SOURCE: &str = "one\ntwo\nthree\nfour\nfive\n";

const PATCH: &str = "Say it in French

It is shorter.

Feature: patched

--- a/src/numbers.cpp
+++ b/src/numbers.cpp
@@ -2,2 +2,3 @@ namespace zmq
 two
-three
+trois
+et demi
@@ -5 +6 @@
-five
+cinq
";

fn applied(text: &str, source: &str) -> Result<String, String> {
    let patch = patch::read(text)?;
    patch.files.iter().try_fold(source.to_owned(), |text, (_, hunks)| patch::apply(&text, hunks))
}

#[test]
fn a_patch_changes_the_lines_that_it_names() {
    let patch = patch::read(PATCH).unwrap();
    assert_eq!(patch.feature, "patched");
    assert_eq!(patch.title, "Say it in French");
    assert_eq!(patch.files[0].0, "src/numbers.cpp");
    assert_eq!(applied(PATCH, SOURCE).unwrap(), "one\ntwo\ntrois\net demi\nfour\ncinq\n");
}

#[test]
fn a_patch_that_fits_elsewhere_or_nowhere_is_refused() {
    let moved = format!("zero\n{SOURCE}");
    let fault = applied(PATCH, &moved).unwrap_err();
    assert!(fault.contains("hunk 1"), "{fault}");
    assert!(fault.contains("lines 2 to 3"), "{fault}");
    for source in
        ["", "one\ntwo\n", "one\ntwo\n three\nfour\nfive\n", "one\ntwo\nthree\nfour\nsix\n"]
    {
        applied(PATCH, source).unwrap_err();
    }
    // Twice is elsewhere too.
    applied(PATCH, &applied(PATCH, SOURCE).unwrap()).unwrap_err();
}

#[test]
fn a_patch_that_is_no_patch_is_refused() {
    for (from, to) in [
        ("Feature: patched", ""),
        ("It is shorter.", ""),
        ("Say it in French", ""),
        ("+++ b/src/numbers.cpp", "+++ b/src/others.cpp"),
        ("--- a/src/numbers.cpp", "--- /dev/null"),
        ("@@ -2,2 +2,3 @@", "@@ -2,3 +2,3 @@"),
        ("@@ -2,2 +2,3 @@", "@@ -2,1 +2,3 @@"),
        ("@@ -2,2 +2,3 @@", "@@ two @@"),
        ("@@ -2,2 +2,3 @@", "@@ -0,0 +1,3 @@"),
        ("+cinq\n", ""),
        ("-five", "?five"),
    ] {
        assert!(PATCH.contains(from), "{from}");
        assert!(patch::read(&PATCH.replace(from, to)).is_err(), "{from:?} as {to:?} is taken");
    }
    patch::read("").unwrap_err();
    let head = &PATCH[..PATCH.find("@@").unwrap()];
    patch::read(head).unwrap_err();
}

/// A copy of sources, a folder with one patch for them, and what becomes of it with a feature.
fn built(file: &str, source: &str, feature: (&str, bool)) -> Result<String, String> {
    let folder = TempDir::new().unwrap();
    let (tree, patches) = (folder.path().join("tree"), folder.path().join("patches"));
    let file = tree.join(file);
    sources::write(&file, source)?;
    sources::write(&patches.join("0001-french.patch"), PATCH)?;
    sources::patch(&tree, &patches, &[feature])?;
    Ok(fs::read_to_string(file).unwrap())
}

#[test]
fn the_patches_of_a_feature_are_applied_where_it_is_asked_for() {
    let on = built("src/numbers.cpp", SOURCE, ("patched", true)).unwrap();
    assert_eq!(on, "one\ntwo\ntrois\net demi\nfour\ncinq\n");
    assert_eq!(built("src/numbers.cpp", SOURCE, ("patched", false)).unwrap(), SOURCE);
}

#[test]
fn the_patches_that_are_always_applied_come_before_all_others_whatever_their_numbers() {
    let folder = TempDir::new().unwrap();
    let (tree, patches) = (folder.path().join("tree"), folder.path().join("patches"));
    let body = |number: &str, feature: &str, from: &str, to: &str| {
        let text = format!(
            "Change one word\n\nA reason.\n\nFeature: {feature}\n\n--- a/src/word.cpp\n+++ \
             b/src/word.cpp\n@@ -1 +1 @@\n-{from}\n+{to}\n"
        );
        sources::write(&patches.join(format!("{number}-word.patch")), &text).unwrap();
    };
    body("0001", "patched", "second", "third");
    body("0002", "needed", "first", "second");
    for (patched, wanted) in [(true, "third\n"), (false, "second\n")] {
        sources::write(&tree.join("src/word.cpp"), "first\n").unwrap();
        sources::patch(&tree, &patches, &[("needed", true), ("patched", patched)]).unwrap();
        assert_eq!(fs::read_to_string(tree.join("src/word.cpp")).unwrap(), wanted);
    }
}

#[test]
fn a_patch_whose_file_or_feature_is_not_there_is_refused() {
    for (file, feature) in
        [("src/letters.cpp", "patched"), ("numbers.cpp", "patched"), ("src/numbers.cpp", "other")]
    {
        let fault = built(file, SOURCE, (feature, true)).unwrap_err();
        assert!(fault.contains("0001-french.patch"), "{fault}");
    }
    let fault = built("src/numbers.cpp", "one\n", ("patched", true)).unwrap_err();
    assert!(fault.contains("'Say it in French' does not fit: src/numbers.cpp: hunk 1"), "{fault}");
}

#[test]
fn sources_that_are_not_libzmq_s_are_refused() {
    let folder = TempDir::new().unwrap();
    for name in sources::EXPECTED.iter().chain(sources::LEFT_OUT) {
        let fault = sources::look(folder.path()).unwrap_err();
        assert!(fault.contains("does not hold the sources of libzmq"), "{fault}");
        sources::write(&folder.path().join(name), "").unwrap();
    }
    sources::look(folder.path()).unwrap();
    sources::copy(folder.path(), &folder.path().join("tree")).unwrap();
    let whole = sources::whole(&folder.path().join("tree")).unwrap();
    assert_eq!(whole, "#include \"precompiled.hpp\"\n#include \"zmq.cpp\"\n");
}

#[test]
fn every_patch_has_a_number_and_a_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("zmq-sys/patches");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 5, "{names:?}");
    for (number, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}-", number + 1)), "{name}");
        assert!(Path::new(name).extension().is_some_and(|it| it == "patch"), "{name}");
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let patch = patch::read(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let why = text.lines().skip(1).take_while(|line| !line.starts_with("Feature: "));
        let why: usize = why.map(str::len).sum();
        assert!(why > 60, "{name}: {}: why?", patch.title);
    }
}
