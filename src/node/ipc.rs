//! Making room for an ipc endpoint: libzmq unlinks whatever lies at the path, even another
//! program's live socket (libzmq#2059).
//!
//! Owns the refusal to take what is not ours, and the removal of our own file, which libzmq leaves
//! behind. Never removes anybody else's, and never waits long: neither for who has the path nor for
//! the file system.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;

use crate::aside::{asked, within};
use crate::clock;

/// How long whoever has the path, or its file system, may take to answer.
const ANSWER: Duration = Duration::from_millis(500);

/// Why an endpoint cannot be bound without harm.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is somebody else's.
    ForGood(String),
    /// It may be a socket of this process that is still closing.
    Perhaps(String),
}

/// Finds out whether an endpoint can be bound without harm.
pub(super) async fn make_room(endpoint: &str) -> Result<(), Taken> {
    let Some(path) = path_of(endpoint) else { return Ok(()) };
    let owned = path.to_owned();
    let looked = asked(move || std::fs::symlink_metadata(owned));
    match clock::before(clock::now() + ANSWER, looked).await {
        Some(Some(Ok(found))) if found.file_type().is_socket() => probe(path).await,
        Some(Some(Ok(_))) => Err(Taken::ForGood(
            "there is a file of that name that is no socket, and bind would delete it".into(),
        )),
        // Bind itself says what is wrong with the path.
        Some(Some(Err(_)) | None) => Ok(()),
        None => Err(Taken::ForGood("the file system of its path does not answer".into())),
    }
}

/// Asks a socket file once whether anybody listens there, without waiting for who does not accept.
async fn probe(path: &str) -> Result<(), Taken> {
    let theirs = || Taken::ForGood("another program has it already".to_owned());
    match clock::before(clock::now() + ANSWER, UnixStream::connect(path)).await {
        Some(Ok(stream)) => {
            let owner = stream.peer_cred().ok().and_then(|owner| owner.pid());
            if owner.and_then(|owner| owner.try_into().ok()) == Some(std::process::id()) {
                return Err(Taken::Perhaps("another socket of this run has it already".to_owned()));
            }
            Err(theirs())
        }
        // Nobody listens: the file is left over from an owner that died.
        Some(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(()),
        // As many as may wait there wait already.
        Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => Err(Taken::Perhaps(
            "another program has it already, and accepts no connections".to_owned(),
        )),
        Some(Err(error)) => Err(Taken::ForGood(format!(
            "the socket file that is there cannot be looked at: {error}"
        ))),
        None => Err(theirs()),
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
        let found = look_at(path.clone())?.ok()?;
        Some(Self { path, device: found.dev(), inode: found.ino() })
    }
}

impl Drop for IpcFile {
    fn drop(&mut self) {
        let (path, owner) = (std::mem::take(&mut self.path), (self.device, self.inode));
        within(ANSWER, move || remove(&path, owner));
    }
}

fn remove(path: &Path, owner: (u64, u64)) {
    let Ok(found) = std::fs::symlink_metadata(path) else { return };
    if (found.dev(), found.ino()) == owner {
        // A folder that became read-only keeps it; the next bind finds that nobody listens.
        let _ = std::fs::remove_file(path);
    }
}

fn look_at(path: PathBuf) -> Option<io::Result<Metadata>> {
    within(ANSWER, move || std::fs::symlink_metadata(path))
}

/// The path of an ipc endpoint, where there is a file: libzmq itself looks after `ipc://*`.
fn path_of(endpoint: &str) -> Option<&str> {
    endpoint.strip_prefix("ipc://").filter(|path| *path != "*" && !path.starts_with('@'))
}
