//! Where control sockets lie: a folder of the user's own, one file a run.
//!
//! Owns its places, its name and who may look into it. Never says anything over a socket.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Bytes of a topology's name in a socket's file name.
const NAME_MAX: usize = 40;
/// The longest path of a unix socket: `sun_path` has 108 bytes on Linux, one of them for the end.
const PATH_MAX: usize = 107;
/// Where the system makes each user's runtime folder, as far as it does.
const RUNTIME: &str = "/run/user";

/// What there is to find.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// Every control socket's file, with the process that made it.
    pub(super) files: Vec<(PathBuf, u32)>,
    /// The folders that could hold more and cannot be looked into, each with the reason.
    pub(super) barred: Vec<String>,
}

/// Why a folder is no place for a control socket.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) why: String,
    /// Whether somebody else's may be there.
    may_hold: bool,
}

/// The folders for a new control socket, the best one first.
pub(super) fn places() -> Vec<Result<PathBuf, Unusable>> {
    let own = std::env::temp_dir().join(format!("zrig-{}", user()));
    runtime().into_iter().chain([Ok(own)]).collect()
}

/// Makes a folder for control sockets where it is missing.
///
/// # Errors
///
/// Why it cannot be made, or that others could reach into it.
pub(super) fn made(folder: &Path) -> Result<&Path, String> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("{} cannot be made: {error}", folder.display()));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(folder);
    let found = found.map_err(|error| format!("{}: {error}", folder.display()))?;
    match why_not_private(&found) {
        None => Ok(folder),
        Some(why) => Err(format!(
            "{} has to be a folder of your own that nobody else may read (mode 0700), and {why}",
            folder.display()
        )),
    }
}

/// Whether a path is short enough for a socket.
///
/// # Errors
///
/// That it is too long.
pub(super) fn fits(path: &Path) -> Result<(), String> {
    let bytes = path.as_os_str().as_bytes().len();
    if bytes <= PATH_MAX {
        return Ok(());
    }
    Err(format!("{} has {bytes} bytes, and a socket's path at most {PATH_MAX}", path.display()))
}

/// What lies in every folder in which a run of this user may have its socket.
pub(super) fn sockets() -> Found {
    let mut found = Found::default();
    for place in places() {
        match place.map(|folder| listed(&folder)) {
            Ok(Ok(files)) => found.files.extend(files),
            Ok(Err(why)) => found.barred.push(why),
            Err(place) => found.barred.extend(place.may_hold.then_some(place.why)),
        }
    }
    found.files.sort();
    found.files.dedup();
    found
}

/// The control sockets in a folder; none where it is missing.
fn listed(folder: &Path) -> Result<Vec<(PathBuf, u32)>, String> {
    let about = match fs::symlink_metadata(folder) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(barred(folder).unwrap_or_else(|| format!("{}: {error}", folder.display())));
        }
        Err(_) => return Ok(Vec::new()),
    };
    if let Some(why) = why_not_private(&about) {
        return Err(format!("{}: {why}", folder.display()));
    }
    match fs::read_dir(folder) {
        Ok(entries) => {
            let paths = entries.flatten().map(|entry| entry.path());
            Ok(paths.filter_map(|path| owner(&path).map(|pid| (path, pid))).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}; {}", folder.display(), belongs(&about))),
    }
}

/// What keeps this user from a file: the first folder on the way, or the file, that belongs to
/// somebody else or lets nobody in. None where that cannot be told.
pub(super) fn barred(path: &Path) -> Option<String> {
    // The way goes from the root down; what lies behind the first bar cannot be looked at.
    let path = std::path::absolute(path).ok()?;
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    let seen = way.into_iter().map_while(|at| Some((at, fs::symlink_metadata(at).ok()?)));
    let (at, about) = seen.last()?;
    Some(format!("{} may not be entered: {}", at.display(), belongs(&about)))
}

/// Whose a file is and who may use it, and what to do about that.
fn belongs(about: &Metadata) -> String {
    let mode = about.mode() & 0o7777;
    if about.uid() == user() {
        return format!("it is yours, but its mode is {mode:04o}: `chmod u+rwx` lets you in");
    }
    let (whose, you) = (named(about.uid()), named(user()));
    let root = if about.uid() == 0 { "" } else { ", or as root" };
    format!("it belongs to {whose} (mode {mode:04o}), and you are {you}: act as {whose}{root}")
}

/// A user's number, with the name where the system's own list has one.
fn named(user: u32) -> String {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    };
    match list.lines().find_map(of) {
        Some(name) => format!("user {user} ({name})"),
        None => format!("user {user}"),
    }
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

/// The folder in the user's runtime folder; none where there is no such folder, nor a word of one.
fn runtime() -> Option<Result<PathBuf, Unusable>> {
    let given = std::env::var_os("XDG_RUNTIME_DIR").filter(|given| !given.is_empty());
    let Some(given) = given.map(PathBuf::from) else {
        // A run of this user's session may have it there, and a command without that session finds it.
        let usual = Path::new(RUNTIME).join(user().to_string());
        let is_ours = fs::metadata(&usual).is_ok_and(|found| found.uid() == user());
        return is_ours.then(|| Ok(usual.join("zrig")));
    };
    let (why, may_hold) = match fs::metadata(&given) {
        _ if !given.is_absolute() => ("it is no absolute path".to_owned(), false),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            (barred(&given).unwrap_or_else(|| error.to_string()), true)
        }
        Err(error) => (error.to_string(), false),
        Ok(found) if !found.is_dir() => ("it is no folder".to_owned(), false),
        Ok(found) if found.uid() != user() => (belongs(&found), true),
        Ok(_) => return Some(Ok(given.join("zrig"))),
    };
    let why = format!("XDG_RUNTIME_DIR, {}, cannot be used: {why}", given.display());
    Some(Err(Unusable { why, may_hold }))
}

/// What keeps a file from being a folder, no link, that only this user can look into.
fn why_not_private(found: &Metadata) -> Option<String> {
    if found.is_symlink() {
        return Some("it is a symbolic link, which may lead anywhere".to_owned());
    }
    if !found.is_dir() {
        return Some("it is no folder".to_owned());
    }
    if found.uid() != user() {
        return Some(belongs(found));
    }
    let mode = found.mode() & 0o7777;
    (mode & 0o077 != 0).then(|| format!("others may use it (mode {mode:04o}): `chmod 700` it"))
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

    #[test]
    fn a_folder_that_others_may_use_is_not_looked_into_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let wide = folder.path().join("wide");
        let file = folder.path().join("file");
        let link = folder.path().join("link");
        fs::write(&file, "").unwrap();
        made(&wide).unwrap();
        std::os::unix::fs::symlink(&wide, &link).unwrap();
        assert_eq!(listed(&wide), Ok(Vec::new()));
        fs::set_permissions(&wide, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for (at, way) in
            [(&wide, "mode 0755"), (&file, "it is no folder"), (&link, "a symbolic link")]
        {
            assert!(listed(at).unwrap_err().contains(way));
            assert!(made(at).unwrap_err().contains(way));
        }
        assert_eq!(listed(&folder.path().join("missing")), Ok(Vec::new()));
        made(&file.join("below")).unwrap_err();
        fits(&folder.path().join("a".repeat(200))).unwrap_err();
        // Whoever looks may be root, whom nothing bars; whose a file is is told all the same.
        assert!(barred(&wide).unwrap().contains("it is yours"));
        assert!(barred(Path::new("/")).unwrap().contains("may not be entered"));
    }
}
