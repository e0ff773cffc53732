//! The patterns of the ZeroMQ guide that ship: each teaches at its top, has its picture, and stands on the
//! page of the docs.
//!
//! Owns what belongs to a topology of the guide. That they are sound and that their tests hold is looked at
//! where all that ships is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    paths.sort();
    paths
}

fn patterns() -> Vec<PathBuf> {
    files("topologies/guide", "yaml")
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn every_pattern_teaches_in_fifteen_lines_what_to_try() {
    assert!(patterns().len() >= 40, "{}", patterns().len());
    for path in patterns() {
        let text = fs::read_to_string(&path).unwrap();
        let comment: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!((8..=15).contains(&comment.len()), "{}: {}", path.display(), comment.len());
        let has = |word: &str| comment.iter().any(|line| line.contains(word));
        assert!(has("# Try: ") && has("guide"), "{}", path.display());
        assert!(text.contains("\ndescription: "), "{}", path.display());
    }
}

#[test]
fn every_script_of_the_guide_belongs_to_a_pattern() {
    let scripts = files("scripts/guide", "rhai");
    let texts: String =
        patterns().iter().chain(&scripts).map(|it| fs::read_to_string(it).unwrap()).collect();
    for script in &scripts {
        let name = stem(script);
        let is_run = texts.contains(&format!("scripts/guide/{name}.rhai"));
        assert!(is_run || texts.contains(&format!("import \"{name}\"")), "nobody runs {name}");
    }
}

#[test]
fn every_picture_of_the_guide_is_what_the_command_draws() {
    let mut names: Vec<String> = Vec::new();
    for path in patterns() {
        let drawn = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(["graph", "--format", "svg"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(drawn.status.success(), "{}", path.display());
        let name = stem(&path).to_owned();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/guide/{name}.svg"));
        let kept = fs::read(&kept).unwrap_or_default();
        assert!(
            kept == drawn.stdout,
            "docs/guide/{name}.svg is old: docs/guide/pictures.sh draws it anew"
        );
        names.push(name);
    }
    let pictures: Vec<String> =
        files("docs/guide", "svg").iter().map(|it| stem(it).to_owned()).collect();
    assert_eq!(pictures, names);
}

#[test]
fn the_page_of_the_guide_has_every_pattern() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide.md")).unwrap();
    for path in patterns() {
        let name = stem(&path);
        for link in [format!("(../topologies/guide/{name}.yaml)"), format!("(guide/{name}.svg)")] {
            assert!(page.contains(&link), "docs/guide.md lacks {link}");
        }
    }
}
