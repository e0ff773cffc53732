//! Reading one text file within bounds.
//!
//! Owns why a file cannot be used. Never knows what is in it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use crate::aside::within;

/// How long a file may take to be read.
const ANSWER: Duration = Duration::from_secs(2);

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It holds files itself.
    #[error("it is a folder")]
    Folder,
    /// It has more bytes than anybody writes by hand.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// It is no text.
    #[error("it is not UTF-8: the byte {byte:#04x} on line {line} begins no character")]
    NotUtf8 {
        /// The first byte that is wrong.
        byte: u8,
        /// Its line, from 1.
        line: usize,
    },
    /// It gives its text once, or never: it could not be read again after a change.
    #[error("it is no file but a pipe or a device")]
    NoFile,
    /// Its file system is away.
    #[error("its file system does not answer")]
    NoAnswer,
    /// The system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    pub(super) fn is_size(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }

    /// What to do.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Missing => "check the path",
            Self::Folder => "name a file in it",
            Self::NoFile => "name a file",
            Self::NoAnswer => "look whether it is mounted and reachable",
            Self::TooLarge(_) => "split it; what moves much data reads it with `read`",
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::Io(_) => "check the file's permissions",
        }
    }
}

/// Reads a whole text of at most `most` bytes, once; no more than that is ever read. A pipe or a
/// device may keep its reader waiting.
pub(super) fn read_text(path: &Path, most: usize) -> Result<String, ReadError> {
    read(File::open(path).map_err(told)?, most)
}

/// The same of a file that may be read again while a topology runs. What could keep its reader
/// waiting is refused.
pub(super) fn read_file(path: &Path, most: usize) -> Result<String, ReadError> {
    let path = path.to_owned();
    within(ANSWER, move || read_only_file(&path, most)).unwrap_or(Err(ReadError::NoAnswer))
}

fn read_only_file(path: &Path, most: usize) -> Result<String, ReadError> {
    let file =
        File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(told)?;
    let about = file.metadata()?;
    if !about.is_file() && !about.is_dir() {
        return Err(ReadError::NoFile);
    }
    read(file, most)
}

fn read(mut file: File, most: usize) -> Result<String, ReadError> {
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(ReadError::Folder);
    }
    if about.len() > most as u64 {
        return Err(ReadError::TooLarge(most));
    }
    let mut bytes = Vec::new();
    // Devices and pipes have no length beforehand.
    file.by_ref().take(most as u64 + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() > most {
        return Err(ReadError::TooLarge(most));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        ReadError::NotUtf8 { byte: bytes[at], line }
    })
}

fn told(error: io::Error) -> ReadError {
    if error.kind() == io::ErrorKind::NotFound {
        ReadError::Missing
    } else if error.kind() == io::ErrorKind::IsADirectory {
        ReadError::Folder
    } else {
        ReadError::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(matches!(read_text(&path, 10), Err(ReadError::Missing)));
        assert!(matches!(read_text(folder.path(), 10), Err(ReadError::Folder)));
        File::create(&path).unwrap().write_all(b"ab\nc\xFFd").unwrap();
        let error = read_text(&path, 10).unwrap_err();
        assert!(matches!(error, ReadError::NotUtf8 { byte: 0xFF, line: 2 }));
        assert!(matches!(read_text(&path, 3), Err(ReadError::TooLarge(3))));
        assert!(matches!(read_text(Path::new("/dev/zero"), 10), Err(ReadError::TooLarge(10))));
        assert!(matches!(read_file(Path::new("/dev/zero"), 10), Err(ReadError::NoFile)));
        assert!(matches!(read_file(folder.path(), 10), Err(ReadError::Folder)));
    }
}
