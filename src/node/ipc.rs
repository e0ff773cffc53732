//! Making room for an ipc endpoint: libzmq unlinks whatever lies at the path, even another
//! program's live socket (libzmq#2059).
//!
//! Owns the refusal to take what is not ours. Never removes a file itself.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;

/// Finds out whether an endpoint can be bound without harm.
pub(super) fn make_room(endpoint: &str) -> Result<(), String> {
    let Some(path) = endpoint.strip_prefix("ipc://") else { return Ok(()) };
    if path == "*" || path.starts_with('@') {
        return Ok(());
    }
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err("there is a file of that name that is no socket, and bind would delete it".into());
    }
    match UnixStream::connect(path) {
        Ok(_) => Err("another socket or program has it already".into()),
        // Nobody listens: the file is left over from an owner that died.
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(format!("the socket file that is there cannot be looked at: {error}")),
    }
}
