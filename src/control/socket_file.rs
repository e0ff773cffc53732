//! The file of a run's control socket.
//!
//! Owns where it is, whose it is, and that it goes with the run. Who comes is the desk's.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::folder;
use super::server::Desk;

/// The pause after the system gave no descriptor.
const REST: Duration = Duration::from_millis(100);

/// A run's control socket; its file goes when it is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    detour: Option<String>,
    task: JoinHandle<()>,
}

impl ControlSocket {
    /// Opens the socket of a run. Has to be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// When there is no folder for it that only this user can look into.
    pub fn open(desk: &Desk) -> io::Result<Self> {
        let pid = std::process::id();
        for (path, pid) in folder::sockets().files {
            folder::remove_stale(&path, pid);
        }
        let name = folder::file_name(&desk.name(), pid);
        let Opened { path, listener, detour } = open(&name)?;
        let task = tokio::spawn(serve(listener, desk.clone()));
        Ok(Self { path, detour, task })
    }

    /// Why it is not where it is wanted first, if it is not.
    #[must_use]
    pub fn detour(&self) -> Option<&str> {
        self.detour.as_deref()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A socket that listens.
struct Opened {
    path: PathBuf,
    listener: UnixListener,
    detour: Option<String>,
}

/// Listens in the first folder where that can be done.
fn open(name: &str) -> io::Result<Opened> {
    let mut unusable: Vec<String> = Vec::new();
    for place in folder::places() {
        let opened = place.map_err(|place| place.why).and_then(|folder| {
            let path = folder::made(&folder)?.join(name);
            folder::fits(&path)?;
            let listener = listen(&path);
            let listener = listener.map_err(|error| format!("{}: {error}", path.display()))?;
            Ok((path, listener))
        });
        match opened {
            Ok((path, listener)) => {
                let detour = (!unusable.is_empty()).then(|| unusable.join("; "));
                return Ok(Opened { path, listener, detour });
            }
            Err(why) => unusable.push(why),
        }
    }
    Err(io::Error::other(unusable.join("; ")))
}

/// Listens at a path, where the socket appears when it takes connections and is its owner's alone.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_file_name(format!(".{}", std::process::id()));
    // One of an earlier process that bore the same number.
    let _ = fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    let named = fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(&fresh, path));
    if named.is_err() {
        // It is of no use to anybody.
        let _ = fs::remove_file(&fresh);
    }
    named.map(|()| listener)
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.task.abort();
        // Somebody may have removed it before.
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(listener: UnixListener, desk: Desk) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        desk.attend(stream);
    }
}
