//! Where a program lies.
//!
//! Owns the search for it, as a shell would search. Never starts anything.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use thiserror::Error;

use crate::topology::ProgramSpec;

/// Why a program cannot be started.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotFound {
    /// No folder of the `PATH` has it.
    #[error("no folder of PATH has a program `{0}`")]
    InPath(String),
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    File(PathBuf),
    /// The file is not one that can be executed.
    #[error("{} is no file that can be executed", .0.display())]
    NotExecutable(PathBuf),
    /// There is no such folder.
    #[error("there is no folder {}", .0.display())]
    Directory(PathBuf),
}

/// The file that is executed: where the command has a `/`, that, from its directory; otherwise the
/// first of that name in the `PATH`.
///
/// # Errors
///
/// When it is not there, or its directory is not.
pub fn locate(program: &ProgramSpec) -> Result<PathBuf, NotFound> {
    let name = program.command.first().map_or("", String::as_str);
    if !program.directory.is_dir() {
        return Err(NotFound::Directory(program.directory.clone()));
    }
    if name.contains('/') {
        let directory = std::path::absolute(&program.directory);
        let file = directory.unwrap_or_else(|_| program.directory.clone()).join(name);
        return match file.metadata() {
            Ok(about) if is_executable(&about) => Ok(file),
            Ok(_) => Err(NotFound::NotExecutable(file)),
            Err(_) => Err(NotFound::File(file)),
        };
    }
    let path = program.environment.get("PATH").map(OsString::from);
    let path = path.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found
        .find(|file| file.metadata().is_ok_and(|about| is_executable(&about)))
        .ok_or_else(|| NotFound::InPath(name.to_owned()))
}

fn is_executable(about: &Metadata) -> bool {
    about.is_file() && about.permissions().mode() & 0o111 != 0
}
