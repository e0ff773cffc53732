//! Which files `zrig check` was asked about.
//!
//! Owns folders and globs. Never reads a file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// No folder of topologies is deeper.
const DEEPEST: usize = 32;

/// The files of all arguments, each once, in the order of the arguments.
///
/// # Errors
///
/// With an argument that stands for no file.
pub(in crate::cli) fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for argument in arguments {
        let found = of_one(argument)?;
        files.extend(found.into_iter().filter(|file| seen.insert(file.clone())));
    }
    Ok(files)
}

/// The test files of all arguments: of folders and patterns those whose names end as theirs do.
///
/// # Errors
///
/// With an argument that stands for no file.
pub(in crate::cli) fn test_files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let is_test = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".test.yaml") || name.ends_with(".test.yml") || arguments.contains(file)
    };
    let found: Vec<PathBuf> = files(arguments)?.into_iter().filter(is_test).collect();
    if found.is_empty() {
        Err("there is no .test.yaml file among these".to_owned())
    } else {
        Ok(found)
    }
}

fn of_one(argument: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = argument.display();
    if argument.is_dir() {
        let found = topologies_in(argument, DEEPEST);
        return if found.is_empty() {
            Err(format!("there is no .yaml or .yml file in the folder {shown}"))
        } else {
            Ok(found)
        };
    }
    let pattern = argument.to_str().filter(|text| text.contains(['*', '?', '[']));
    // A file may be called like a pattern; a missing one is a fault with a code of its own.
    let Some(pattern) = pattern.filter(|_| !argument.exists()) else {
        return Ok(vec![argument.to_owned()]);
    };
    let matches = glob::glob(pattern).map_err(|error| format!("the pattern {shown}: {error}"))?;
    let found: Vec<PathBuf> = matches
        .flatten()
        .flat_map(|path| if path.is_dir() { topologies_in(&path, DEEPEST) } else { vec![path] })
        .collect();
    if found.is_empty() { Err(format!("no file fits the pattern {shown}")) } else { Ok(found) }
}

/// The YAML files of a folder and its folders, by name; hidden ones and links to folders left out.
fn topologies_in(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<std::fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if is_hidden {
            continue;
        }
        if is_folder && depth > 0 {
            found.extend(topologies_in(&path, depth - 1));
        } else if is_yaml && path.is_file() {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_stand_for_their_files_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("deep/.hidden")).unwrap();
        for name in ["a.yaml", "b.yml", "c.txt", "deep/d.yaml", "deep/.hidden/e.yaml"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        let named = |names: &[&str]| names.iter().map(|name| root.join(name)).collect::<Vec<_>>();
        let all = named(&["a.yaml", "b.yml", "deep/d.yaml"]);
        assert_eq!(files(&[root.to_owned(), root.join("a.yaml")]), Ok(all));
        assert_eq!(files(&[root.join("*.y*ml")]), Ok(named(&["a.yaml", "b.yml"])));
        assert_eq!(files(&[root.join("**/*.yaml")]).unwrap().len(), 3);
        assert_eq!(files(&[root.join("none.yaml")]), Ok(named(&["none.yaml"])));
        assert!(files(&[root.join("x*")]).is_err());
        assert!(files(&[root.join("deep/.hidden/..")]).is_ok());
    }
}
