//! `zrig new`: a topology to begin with, its scripts and its tests.
//!
//! Owns the arguments of `new`, and that nothing is written over. What there is to begin with is `kinds`'.

mod kinds;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::kinds::{KINDS, Kind, kind};
use super::output::{aside, invalid};
use crate::nearest::nearest;
use crate::visible::visible;
use crate::whole::{naming, write_new};

/// Write a topology to begin with, its scripts and its tests; without a kind, list the kinds
#[derive(Args, Debug)]
pub(super) struct NewArguments {
    /// What kind, such as pipeline
    kind: Option<String>,
    /// The topology's file, such as my.yaml; the rest is written beside it. Without it, KIND.yaml
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A file that is to be written.
struct Wanted {
    path: PathBuf,
    text: String,
}

impl NewArguments {
    /// Writes the files of a kind, or lists the kinds.
    ///
    /// # Errors
    ///
    /// When the list cannot be printed, or a file not be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        let Some(word) = &self.kind else {
            out.write_all(list().as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        };
        let Some(kind) = kind(word) else { return Ok(invalid(&unknown(word))) };
        let file = self.file.clone().unwrap_or_else(|| format!("{}.yaml", kind.word).into());
        let wanted = match wanted(kind, &file) {
            Ok(wanted) => wanted,
            Err(error) => return Ok(invalid(&error)),
        };
        let there: Vec<&Wanted> =
            wanted.iter().filter(|one| fs::symlink_metadata(&one.path).is_ok()).collect();
        if !there.is_empty() {
            for one in there {
                aside(&format!("error: {} is there already", visible(&shown(&one.path))));
            }
            aside("nothing was written; name another file, or one in another folder");
            return Ok(ExitCode::FAILURE);
        }
        write_all(&wanted)?;
        for one in &wanted {
            writeln!(out, "{}", visible(&shown(&one.path)))?;
        }
        let (file, tests) = (shown(&wanted[0].path), shown(&wanted[1].path));
        let (file, tests) = (visible(&file), visible(&tests));
        writeln!(out, "\n`zrig run {file}` runs it, `zrig test {tests}` tests it")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Every kind with its line.
fn list() -> String {
    let width = KINDS.iter().map(|kind| kind.word.len()).max().unwrap_or(0);
    let lines = KINDS.iter().map(|kind| format!("  {:width$}  {}\n", kind.word, kind.line()));
    format!(
        "Kinds of topologies:\n{}\n`zrig new KIND FILE.yaml` writes one, its scripts and its tests.\n",
        lines.collect::<String>()
    )
}

fn unknown(word: &str) -> String {
    let hint = match nearest(word, KINDS.iter().map(|kind| kind.word)) {
        Some(meant) => format!("did you mean `{}`?", meant.first()),
        None => "`zrig new` lists the kinds".to_owned(),
    };
    format!("there is no kind `{}`; {hint}", visible(word))
}

/// The files of a kind: the topology, its tests, and what else it needs, all in one folder.
fn wanted(kind: &Kind, file: &Path) -> Result<Vec<Wanted>, String> {
    let name = file.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| name.strip_suffix(".yaml").or(name.strip_suffix(".yml")));
    let (Some(name), Some(stem)) = (name, stem.filter(|stem| !stem.is_empty())) else {
        let shown = file.display().to_string();
        return Err(format!("{}: the name of a topology's file ends with .yaml", visible(&shown)));
    };
    if stem.ends_with(".test") {
        return Err(format!("{}: so ends the name of a test file", visible(name)));
    }
    let tests = format!("{stem}.test.yaml");
    let mut wanted = vec![
        Wanted { path: file.to_owned(), text: kind.topology(name, &tests) },
        Wanted { path: file.with_file_name(&tests), text: kind.tests(name) },
    ];
    wanted.extend(kind.files.iter().map(|beside| Wanted {
        path: file.with_file_name(beside.name()),
        text: beside.text.to_owned(),
    }));
    Ok(wanted)
}

/// Writes all files, or none: what somebody else puts there meanwhile stays, too.
fn write_all(wanted: &[Wanted]) -> io::Result<()> {
    for (at, one) in wanted.iter().enumerate() {
        let made = one.path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = made.and_then(|()| write_new(&one.path, one.text.as_bytes(), 0o644)) {
            for written in &wanted[..at] {
                // It is ours, and the error is told all the same.
                let _ = fs::remove_file(&written.path);
            }
            return Err(naming(&one.path, &error));
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_on_one_line_and_needs_nothing_from_elsewhere() {
        let list = list();
        for kind in KINDS {
            let line = list.lines().find(|line| line.starts_with(&format!("  {} ", kind.word)));
            assert!(line.unwrap().chars().count() < 120, "{}", kind.word);
            for one in wanted(kind, Path::new("folder/my.yaml")).unwrap() {
                assert!(one.path.starts_with("folder"), "{}", one.path.display());
                let is_python = one.path.extension().is_some_and(|end| end == "py");
                assert!(is_python || !one.text.contains("../"), "{}", one.path.display());
                assert!(!one.text.contains("data/"), "{}", one.path.display());
            }
        }
    }

    #[test]
    fn what_was_written_goes_again_where_the_rest_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let one = |name: &str| Wanted { path: folder.path().join(name), text: "x".to_owned() };
        fs::write(folder.path().join("c"), "theirs").unwrap();
        let error = write_all(&[one("a"), one("b"), one("c")]).unwrap_err();
        assert!(error.to_string().contains("/c: "), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(folder.path().join("c")).unwrap(), "theirs");
    }
}
