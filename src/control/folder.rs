//! Where control sockets lie: a folder of the user's own, one file a run.
//!
//! Owns its place, its name and who may look into it. Never says anything over a socket.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Bytes of a topology's name in a socket's file name: the whole path has at most 107.
const NAME_MAX: usize = 40;

/// The folder for new control sockets, which is made where it is missing.
///
/// # Errors
///
/// When it cannot be made, or others could reach into it.
pub(super) fn made() -> io::Result<PathBuf> {
    let folder = candidates().into_iter().next().unwrap_or_default();
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if is_private(&folder) {
        return Ok(folder);
    }
    let text = format!(
        "{} has to be a folder of your own that nobody else may read (mode 0700)",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// Every control socket's file, with the process that made it.
pub(super) fn sockets() -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for folder in candidates().into_iter().filter(|folder| is_private(folder)) {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let paths = entries.flatten().map(|entry| entry.path());
        found.extend(paths.filter_map(|path| owner(&path).map(|pid| (path, pid))));
    }
    found.sort();
    found
}

/// The name of a run's socket.
pub(super) fn file_name(topology: &str, pid: u32) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = topology.chars().map(plain).take(NAME_MAX).collect();
    format!("{name}.{pid}.sock")
}

/// Removes the socket of a run that is over: its process is gone, and nobody listens. One that is
/// just being made has a process, and one of another container has a listener.
pub(super) fn remove_stale(path: &Path, pid: u32) {
    let lives = Path::new("/proc").join(pid.to_string()).exists();
    let refused = io::ErrorKind::ConnectionRefused;
    if !lives && UnixStream::connect(path).is_err_and(|error| error.kind() == refused) {
        // Another client may have been first.
        let _ = fs::remove_file(path);
    }
}

/// The user that this process acts as.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The folders in which a run may have its socket, the best one first.
fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let is_ours = |folder: &PathBuf| {
        folder.is_absolute() && fs::metadata(folder).is_ok_and(|found| found.uid() == user())
    };
    folders.extend(runtime.filter(is_ours).map(|folder| folder.join("zrig")));
    folders.push(std::env::temp_dir().join(format!("zrig-{}", user())));
    folders
}

/// Whether it is a folder, no link, that only this user can look into.
fn is_private(folder: &Path) -> bool {
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == user() && found.mode() & 0o077 == 0)
}

fn owner(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?.strip_suffix(".sock")?;
    name.rsplit_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_a_short_file_name_that_tells_its_process() {
        let name = file_name("../a b/é".repeat(20).as_str(), 4_194_304);
        assert!(name.len() < 64 && !name.contains('/'), "{name}");
        assert_eq!(owner(Path::new(&name)), Some(4_194_304));
        assert_eq!(owner(Path::new("x.sock")), None);
    }
}
