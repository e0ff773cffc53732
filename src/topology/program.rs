//! A program that drives a node in the place of handlers: what is started, and how it is treated.
//!
//! Owns what a file says of it, as plain `Eq` data, and where the program lies. Never starts anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::zeromq::Endpoint;

/// A program that drives a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramSpec {
    /// `command`: the program and its arguments; never empty.
    pub command: Vec<String>,
    /// `directory`: where it runs.
    pub directory: PathBuf,
    /// `environment`: what is added to zrig's own.
    pub environment: BTreeMap<String, String>,
    /// `on_exit`.
    pub on_exit: OnExit,
    /// `ready`: what has to accept connections before the program counts as ready.
    pub ready: Option<Ready>,
    /// `stop`.
    pub stop: StopSpec,
    /// The folder of the certificates, where a socket of it has one.
    pub keys: Option<PathBuf>,
}

/// Why a program cannot be started.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotFound {
    /// No folder of the `PATH` has it.
    #[error("no folder of PATH has a program `{0}`")]
    InPath(String),
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    File(PathBuf),
    /// The file is not one that can be executed.
    #[error("{} is no file that can be executed", .0.display())]
    NotExecutable(PathBuf),
    /// There is no such folder.
    #[error("there is no folder {}", .0.display())]
    Directory(PathBuf),
}

impl ProgramSpec {
    /// The file that is executed: where the command has a `/`, that, from its directory; otherwise the
    /// first of that name in the `PATH`.
    ///
    /// # Errors
    ///
    /// When it is not there, or its directory is not.
    pub fn locate(&self) -> Result<PathBuf, NotFound> {
        let name = self.command.first().map_or("", String::as_str);
        if !self.directory.is_dir() {
            return Err(NotFound::Directory(self.directory.clone()));
        }
        if name.contains('/') {
            let directory = std::path::absolute(&self.directory);
            let file = directory.unwrap_or_else(|_| self.directory.clone()).join(name);
            return match file.metadata() {
                Ok(about) if is_executable(&about) => Ok(file),
                Ok(_) => Err(NotFound::NotExecutable(file)),
                Err(_) => Err(NotFound::File(file)),
            };
        }
        let path = self.environment.get("PATH").map(OsString::from);
        let path = path.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let mut found = std::env::split_paths(&path).map(|folder| folder.join(name));
        found
            .find(|file| file.metadata().is_ok_and(|about| is_executable(&about)))
            .ok_or_else(|| NotFound::InPath(name.to_owned()))
    }
}

fn is_executable(about: &Metadata) -> bool {
    about.is_file() && about.permissions().mode() & 0o111 != 0
}

/// What happens when a program exits by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnExit {
    /// It is started again, with back-off.
    #[default]
    Restart,
    /// The whole topology ends.
    Stop,
    /// Nothing.
    Leave,
}

/// What has to accept connections before a program counts as ready.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ready {
    /// An endpoint.
    Endpoint(Endpoint),
    /// What the socket of that name binds.
    Socket(String),
}

/// How a program is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopSpec {
    /// What it is told by.
    pub signal: StopSignal,
    /// How long it may take before it is killed.
    pub within: Duration,
}

impl Default for StopSpec {
    fn default() -> Self {
        Self { signal: StopSignal::Term, within: Duration::from_secs(2) }
    }
}

/// A signal that ends a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StopSignal {
    /// `SIGTERM`.
    #[default]
    Term,
    /// `SIGINT`.
    Int,
    /// `SIGHUP`.
    Hup,
    /// `SIGQUIT`.
    Quit,
    /// `SIGUSR1`.
    Usr1,
    /// `SIGUSR2`.
    Usr2,
    /// `SIGKILL`.
    Kill,
}

impl StopSignal {
    /// Every one with its word.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("SIGTERM", Self::Term),
        ("SIGINT", Self::Int),
        ("SIGHUP", Self::Hup),
        ("SIGQUIT", Self::Quit),
        ("SIGUSR1", Self::Usr1),
        ("SIGUSR2", Self::Usr2),
        ("SIGKILL", Self::Kill),
    ];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, signal)| *signal == self).map_or("SIGTERM", |(word, _)| word)
    }
}
