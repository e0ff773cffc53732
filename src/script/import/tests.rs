use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ImportError, plain, target_of};
use crate::script::{Engine, FaultKind, Handlers, ScriptText};

/// What a script at `path` imports out of these files, for a topology in `folder`.
fn gathered(
    path: &str,
    script: &str,
    folder: &str,
    files: &[(&str, &str)],
) -> Result<Vec<String>, Vec<String>> {
    let files: BTreeMap<PathBuf, Arc<str>> =
        files.iter().map(|(path, text)| (PathBuf::from(path), Arc::from(*text))).collect();
    let reads = RefCell::new(Vec::new());
    let read = |path: &Path| {
        reads.borrow_mut().push(path.to_owned());
        files.get(path).cloned().ok_or(ImportError::Missing)
    };
    let text = ScriptText {
        path: path.into(),
        handlers: Handlers::File(script.into()),
        modules: BTreeMap::new(),
    };
    match Engine::new().gather(&text, Path::new(folder), &read) {
        Ok(modules) => {
            let mut reads = reads.into_inner();
            reads.sort();
            assert_eq!(reads, modules.keys().cloned().collect::<Vec<_>>(), "each is read once");
            Ok(modules.keys().map(|path| path.display().to_string()).collect())
        }
        Err(faults) => {
            assert!(faults.iter().all(|fault| fault.kind == FaultKind::Import));
            Err(faults.iter().map(ToString::to_string).collect())
        }
    }
}

#[test]
fn modules_are_found_beside_the_script_that_imports_them() {
    let files = [
        ("scripts/lib.rhai", "import \"deep/more\" as more; fn f() {}"),
        ("scripts/deep/more.rhai", "import \"../lib2.rhai\" as lib2;"),
        ("scripts/lib2.rhai", "fn g() { import \"deep/last\" as last; }"),
        ("scripts/deep/last.rhai", ""),
        ("scripts/other.rhai", ""),
    ];
    let found = gathered(
        "scripts/a.rhai",
        "import \"lib\" as l; import \"lib2\" as m;",
        "topologies",
        &files,
    );
    let want = [
        "scripts/deep/last.rhai",
        "scripts/deep/more.rhai",
        "scripts/lib.rhai",
        "scripts/lib2.rhai",
    ];
    assert_eq!(found, Ok(want.map(str::to_owned).to_vec()));
}

#[test]
fn an_import_stays_below_the_scripts_folder_or_the_topologys() {
    let files = [
        ("topologies/x.rhai", ""),
        ("scripts/x.rhai", ""),
        ("secret.rhai", ""),
        ("/etc/x.rhai", ""),
    ];
    for (literal, fine) in [
        ("x", true),
        ("./x", true),
        ("sub/../x", true),
        ("../topologies/x", true),
        ("../secret", false),
        ("../../secret", false),
        ("/etc/x", false),
        ("../scripts2/x", false),
    ] {
        let script = format!("import \"{literal}\" as x;");
        let found = gathered("scripts/a.rhai", &script, "topologies", &files);
        assert_eq!(found.is_ok(), fine, "{literal}: {found:?}");
        if !fine {
            let told = format!(
                "scripts/a.rhai:1:1: the import \"{literal}\" leaves the folder of the script"
            );
            assert_eq!(found, Err(vec![told]));
        }
    }
}

#[test]
fn folders_outside_the_current_one_hold_their_own_only() {
    let files = [("../scripts/x.rhai", ""), ("../x.rhai", "")];
    assert!(gathered("../scripts/a.rhai", "import \"x\" as x;", "t", &files).is_ok());
    assert!(gathered("../scripts/a.rhai", "import \"../x\" as x;", "t", &files).is_err());
    assert!(gathered("a.rhai", "import \"../x\" as x;", "", &files).is_err());
    assert!(gathered("../a.rhai", "import \"../x\" as x;", "..", &[("../../x.rhai", "")]).is_err());
}

#[test]
fn every_import_that_cannot_be_had_is_told() {
    let files = [
        ("a/lib.rhai", "\n  import \"gone\" as g;"),
        ("a/bad.rhai", "fn ("),
        ("a/me.rhai", "import \"me\" as m;"),
    ];
    let script = "import \"lib\" as l;\nimport \"nope\" as n;\nfn f(x) { import x as y; }\nimport \"bad\" as b; import \"me\" as m;";
    assert_eq!(
        gathered("a/s.rhai", script, "a", &files),
        Err(vec![
            "a/lib.rhai:2:3: the module a/gone.rhai cannot be read: there is no such file"
                .to_owned(),
            "a/s.rhai:2:1: the module a/nope.rhai cannot be read: there is no such file".to_owned(),
            "a/s.rhai:3:11: an import names its file with a literal text".to_owned(),
        ])
    );
}

#[test]
fn a_chain_of_imports_has_an_end() {
    let files: Vec<(String, String)> =
        (0..200).map(|n| (format!("m{n}.rhai"), format!("import \"m{}\" as m;", n + 1))).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let told = gathered("a.rhai", "import \"m0\" as m;", "", &files).unwrap_err();
    assert_eq!(told, ["m99.rhai:1:1: more than 100 modules are imported"]);
}

#[test]
fn paths_are_made_plain_by_their_text() {
    for (path, want) in [
        ("a/./b", "a/b"),
        ("a/../b", "b"),
        ("../a", "../a"),
        ("a/../../b", "../b"),
        ("/a/../b", "/b"),
        ("", ""),
    ] {
        assert_eq!(plain(Path::new(path)), Path::new(want), "{path}");
    }
    for (script, literal, want) in [
        ("s/a.rhai", "b", "s/b.rhai"),
        ("s/a.rhai", "b.rhai", "s/b.rhai"),
        ("s/a.rhai", "b.v2", "s/b.v2.rhai"),
        ("a.rhai", "c/b", "c/b.rhai"),
    ] {
        assert_eq!(target_of(Path::new(script), literal), Path::new(want), "{script} {literal}");
    }
}
