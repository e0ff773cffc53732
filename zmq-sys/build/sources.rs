//! Owns the sources that are compiled: a copy of the released ones, with the patches applied.
//!
//! Never the released ones themselves, which belong to the crate `zeromq-src` and stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::patch::{self, Patch};

/// The folder of the copy that holds the source files.
pub(crate) const INCLUDED: &str = "src";

/// Files by which libzmq's sources are known.
pub(crate) const EXPECTED: &[&str] =
    &["config.hpp", "precompiled.hpp", "stream_engine_base.hpp", "zmq.cpp"];
/// What needs GnuTLS, which is not here.
pub(crate) const LEFT_OUT: &[&str] = &["wss_address.cpp", "wss_engine.cpp"];

/// Whether a folder holds libzmq's sources.
pub(crate) fn look(folder: &Path) -> Result<(), String> {
    match EXPECTED.iter().chain(LEFT_OUT).find(|name| !folder.join(name).is_file()) {
        Some(name) => Err(format!(
            "{} does not hold the sources of libzmq that this was written for: no {name}",
            folder.display()
        )),
        None => Ok(()),
    }
}

/// Copies the source files of a folder to `src/` of a new one.
pub(crate) fn copy(from: &Path, tree: &Path) -> Result<(), String> {
    for path in files(from)? {
        let copy = tree.join(INCLUDED).join(path.file_name().unwrap_or_default());
        write(&copy, &text_of(&path)?)?;
    }
    Ok(())
}

/// Applies every patch of a folder that belongs to a feature that is asked for: those of the first
/// feature before those of the next, so that they fit without those, and in the order of their names.
pub(crate) fn patch(tree: &Path, patches: &Path, features: &[(&str, bool)]) -> Result<(), String> {
    let mut texts = Vec::new();
    for path in files(patches)? {
        texts.push((text_of(&path)?, path));
    }
    let mut read = Vec::new();
    for (text, path) in &texts {
        let at = |fault: String| format!("{}: {fault}", path.display());
        let patch = patch::read(text).map_err(at)?;
        if features.iter().all(|(name, _)| *name != patch.feature) {
            return Err(at(format!("there is no feature {}", patch.feature)));
        }
        read.push((patch, path));
    }
    for (name, _) in features.iter().filter(|(_, wanted)| *wanted) {
        for (patch, path) in read.iter().filter(|(patch, _)| patch.feature == *name) {
            apply(tree, patch).map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
    }
    Ok(())
}

fn apply(tree: &Path, patch: &Patch<'_>) -> Result<(), String> {
    for (file, hunks) in &patch.files {
        let copy = tree.join(file);
        let patched = text_of(&copy).and_then(|text| patch::apply(&text, hunks));
        let at = |fault| format!("'{}' does not fit: {file}: {fault}", patch.title);
        write(&copy, &patched.map_err(at)?)?;
    }
    Ok(())
}

/// A file that includes every source file.
pub(crate) fn whole(tree: &Path) -> Result<String, String> {
    let mut text = "#include \"precompiled.hpp\"\n".to_owned();
    for path in files(&tree.join(INCLUDED))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".cpp") && !LEFT_OUT.contains(&&*name) {
            text += &format!("#include \"{name}\"\n");
        }
    }
    Ok(text)
}

/// The files of a folder, sorted by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let at = |error| format!("cannot read {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        paths.push(entry.map_err(at)?.path());
    }
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a file, and the folder that it is in.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
