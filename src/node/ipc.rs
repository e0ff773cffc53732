//! Making room for an ipc endpoint: libzmq unlinks whatever lies at the path, even another
//! program's live socket (libzmq#2059).
//!
//! Owns the refusal to take what is not ours, and the removal of our own file, which libzmq leaves
//! behind. Never removes anybody else's.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Finds out whether an endpoint can be bound without harm.
pub(super) fn make_room(endpoint: &str) -> Result<(), String> {
    let Some(path) = path_of(endpoint) else { return Ok(()) };
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(
            "there is a file of that name that is no socket, and bind would delete it".into()
        );
    }
    match UnixStream::connect(path) {
        Ok(_) => Err("another socket or program has it already".into()),
        // Nobody listens: the file is left over from an owner that died.
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(format!("the socket file that is there cannot be looked at: {error}")),
    }
}

/// The file of an ipc endpoint that we bound. It is removed when this is dropped, unless the path
/// has come to be somebody else's.
#[derive(Debug)]
pub(super) struct IpcFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl IpcFile {
    /// Looks up the file of an endpoint that has just been bound; other transports have none.
    pub(super) fn of(endpoint: &str) -> Option<Self> {
        let path = PathBuf::from(path_of(endpoint)?);
        let found = std::fs::symlink_metadata(&path).ok()?;
        Some(Self { path, device: found.dev(), inode: found.ino() })
    }
}

impl Drop for IpcFile {
    fn drop(&mut self) {
        let Ok(found) = std::fs::symlink_metadata(&self.path) else { return };
        if (found.dev(), found.ino()) == (self.device, self.inode) {
            // A folder that became read-only keeps it; the next bind finds that nobody listens.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The path of an ipc endpoint, where there is a file: libzmq itself looks after `ipc://*`.
fn path_of(endpoint: &str) -> Option<&str> {
    endpoint.strip_prefix("ipc://").filter(|path| *path != "*" && !path.starts_with('@'))
}
