//! Whether something that a change needs could be had, without having it: ports, paths, files.
//!
//! Never listens, so that no peer can come to an endpoint that may yet not be bound, and never
//! changes what is in a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpSocket;

use super::blueprint::{NodeError, UNFIT};
use super::ipc::{self, Taken};
use super::port_holder::with_holder;
use super::socket::bind_failure;
use super::target::copy_of;
use crate::aside::asked;
use crate::clock;
use crate::script::check_state_text;
use crate::topology::{FileSpec, NodeSpec};

/// How long a file system may take to answer.
const ANSWER: Duration = Duration::from_millis(500);

/// The largest state that is looked at beforehand.
const LOOKED_AT: u64 = 4 << 20;

/// Finds out whether an endpoint could be bound, given with the address that libzmq makes of its
/// host. The error is the reason, in words.
///
/// # Errors
///
/// When somebody has it, or it cannot be bound here.
pub async fn probe_endpoint(endpoint: &str) -> Result<(), String> {
    let (scheme, address) = endpoint.split_once("://").unwrap_or_default();
    match scheme {
        "tcp" | "ws" => {
            let address = address.split_once('/').map_or(address, |(address, _)| address);
            // An address with a zone, say, is found out about by the bind itself.
            address.parse().map_or(Ok(()), |address| probe_port(address, endpoint))
        }
        "ipc" if address != "*" && !address.starts_with('@') => {
            ipc::make_room(endpoint).await.map_err(|taken| match taken {
                Taken::Perhaps(why) | Taken::ForGood(why) => why,
            })?;
            let path = PathBuf::from(address);
            let looked = within(move || can_make_a_file_beside(&path)).await;
            looked.map_err(|error| error.to_string())
        }
        _ => Ok(()),
    }
}

/// Binds as libzmq does, but never listens: nobody can connect, nor is the port taken.
fn probe_port(address: SocketAddr, endpoint: &str) -> Result<(), String> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let bound = socket.and_then(|socket| {
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    });
    bound.map_err(|error| {
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        let why = bind_failure(errno, endpoint);
        if errno == libc::EADDRINUSE { with_holder(why, endpoint) } else { why }
    })
}

/// Finds out whether the files that an instance is to read, write and keep its state in can be used;
/// those that it has already are left out.
///
/// # Errors
///
/// When one cannot.
pub async fn probe_files(
    instance: &str,
    from: Option<&NodeSpec>,
    to: &NodeSpec,
) -> Result<(), NodeError> {
    let reads = from.and_then(|from| from.read.as_ref());
    if let Some(read) = to.read.as_ref().filter(|read| reads != Some(*read))
        && let FileSpec::Path(path) = &read.file
    {
        let (wanted, waits) = (path.clone(), read.follow);
        let opened = within(move || can_read(&wanted, waits)).await;
        opened.map_err(|error| NodeError::Source { path: path.clone(), error })?;
    }
    let writes = from.and_then(|from| from.write.as_ref());
    if let Some(write) = to.write.as_ref().filter(|write| writes != Some(*write))
        && let FileSpec::Path(path) = &write.file
    {
        let wanted = path.clone();
        let opened = within(move || can_write(&wanted)).await;
        opened.map_err(|error| NodeError::Sink { path: path.clone(), error })?;
    }
    let (_, copy) = copy_of(instance);
    let keeps = from.and_then(|from| from.persists_in(copy));
    if let Some(path) = to.persists_in(copy).filter(|path| keeps.as_ref() != Some(path)) {
        let wanted = path.clone();
        let opened = within(move || can_keep(&wanted)).await;
        opened.map_err(|error| NodeError::State { path, why: error.to_string() })?;
    }
    Ok(())
}

fn can_read(path: &Path, waits: bool) -> io::Result<()> {
    let about = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && waits => return Ok(()),
        about => about?,
    };
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // Opening a pipe would wait for its writer, or take what is another reader's.
    if about.is_file() { File::open(path).map(drop) } else { Ok(()) }
}

fn can_write(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(about) if about.is_file() => OpenOptions::new().append(true).open(path).map(drop),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => can_make_a_file_beside(path),
        Err(error) => Err(error),
    }
}

/// Whether a file can keep a state, and one that is there does.
fn can_keep(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A large one takes longer to look at than a file system may take to answer.
        Ok(about) if about.len() > LOOKED_AT => {}
        Ok(_) => {
            let text = std::fs::read(path)?;
            check_state_text(&text).map_err(|why| io::Error::other(format!("{why}; {UNFIT}")))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    can_make_a_file_beside(path)
}

fn can_make_a_file_beside(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let probe = folder.join(format!(".zrig-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => std::fs::remove_file(&probe),
        // Left over from a probe of ours that was cut short.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a call of the file system comes to; one that does not answer is left behind.
async fn within(call: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    match clock::before(clock::now() + ANSWER, asked(call)).await {
        Some(Some(result)) => result,
        Some(None) => Ok(()),
        None => Err(io::Error::new(io::ErrorKind::TimedOut, "its file system does not answer")),
    }
}
