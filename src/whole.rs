//! Files that are written whole or not at all.
//!
//! Owns how: beside their place, and then put there. Never knows what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::visible::visible;

/// Writes a file that is not there yet; one that is stays as it is.
///
/// # Errors
///
/// When it is there, or cannot be written.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = Draft::write(path, bytes, mode)?;
    // Unlike renaming it this replaces nothing, whoever was quicker.
    fs::hard_link(&draft.0, path)
}

/// Replaces a file, or writes it if there is none; a link is followed, and who may read the file stays.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&target).map_or(0o600, |about| about.permissions().mode() & 0o777);
    let draft = Draft::write(&target, bytes, mode)?;
    fs::rename(&draft.0, &target)
}

/// An error with the path that it is about, in which nothing acts on a terminal.
pub(crate) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", visible(&path.display().to_string())))
}

/// A file beside its place, removed when it is not needed any more.
struct Draft(PathBuf);

impl Draft {
    fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let name = format!(".{}.{}.new", name.to_string_lossy(), std::process::id());
        let draft = Self(path.with_file_name(name));
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft.0)?;
        // The mode at its creation is less what the umask takes.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_path_and_nothing_in_that_acts_on_a_terminal() {
        let named = naming(Path::new("a\x1b[2J"), &io::ErrorKind::NotFound.into());
        assert_eq!(named.to_string(), "a\\x1b[2J: entity not found");
        assert_eq!(named.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_there_whole_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_new(&path, b"one", 0o600).unwrap();
        assert_eq!(
            write_new(&path, b"two", 0o600).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
