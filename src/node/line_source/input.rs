//! What a source reads: standard input, a file, or a pipe; where it begins in a file, and whether
//! another file has taken its place.
//!
//! Owns the open file. Never cuts what it reads, and never waits for more.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::topology::ReadFrom;

/// What is read.
#[derive(Debug)]
pub(super) enum Input {
    Standard(io::Stdin),
    /// It has an end, which can move, and can be begun again.
    File(File),
    /// A pipe or a device.
    Other(File),
}

/// What became of a file that is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// Another file has its name.
    Replaced,
    /// It is shorter than what was read of it.
    CutOff,
}

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    File,
    Pipe,
    Device,
}

impl Sort {
    /// Looks at a path.
    ///
    /// # Errors
    ///
    /// When there is nothing, or a folder.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let about = path.metadata()?;
        if about.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok(if about.is_file() {
            Self::File
        } else if about.file_type().is_fifo() {
            Self::Pipe
        } else {
            Self::Device
        })
    }
}

impl Input {
    /// Opens what a path leads to, however long that takes.
    pub(super) fn open(path: &Path, sort: Sort) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(if sort == Sort::File { Self::File(file) } else { Self::Other(file) })
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Standard(input) => input.read(room),
            Self::File(file) | Self::Other(file) => file.read(room),
        }
    }

    /// Goes to where reading begins; how many bytes are before it.
    ///
    /// # Errors
    ///
    /// When it has no places to go to, or ends before.
    pub(super) fn begin(&mut self, from: ReadFrom) -> io::Result<u64> {
        let Self::File(file) = self else {
            return match from {
                ReadFrom::Start | ReadFrom::Line(_) => Ok(0),
                ReadFrom::End | ReadFrom::Byte(_) => Err(ErrorKind::NotSeekable.into()),
            };
        };
        let end = file.metadata()?.len();
        match from {
            ReadFrom::Start | ReadFrom::Line(_) => file.rewind().map(|()| 0),
            ReadFrom::End => file.seek(SeekFrom::Start(end)),
            ReadFrom::Byte(byte) if byte > end => Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("it has {end} bytes, and reading was to begin at byte {byte}"),
            )),
            ReadFrom::Byte(byte) => file.seek(SeekFrom::Start(byte)),
        }
    }

    /// What became of the file of that name, since it was opened.
    pub(super) fn change(&mut self, path: &Path) -> io::Result<Option<Change>> {
        let Self::File(file) = self else { return Ok(None) };
        let own = file.metadata()?;
        // One that is gone may come back; what is appended to it by others meanwhile is read.
        let Ok(named) = path.metadata() else { return Ok(None) };
        if (named.dev(), named.ino()) != (own.dev(), own.ino()) {
            return Ok(Some(Change::Replaced));
        }
        Ok((own.len() < file.stream_position()?).then_some(Change::CutOff))
    }
}
