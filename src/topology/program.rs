//! A program that drives a node in the place of handlers: what is started, and how it is treated.
//!
//! Owns what a file says of it, as plain `Eq` data. Never looks for the program, nor starts it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

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
