//! What a recording has, as it is read.
//!
//! Owns its parts as values. Never reads a file.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use thiserror::Error;

use crate::node::{Calls, Direction, Passed, Place};

/// Why a file cannot be read as a recording.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The system does not give it.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is none.
    #[error("{} is no recording: {why}", path.display())]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A part of it is not as it was written.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where and how.
        why: String,
    },
}

/// A socket and a direction in a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channel {
    /// The socket.
    pub place: Arc<Place>,
    /// Which way.
    pub direction: Direction,
    /// How many messages it has.
    pub messages: u64,
    /// How many bytes their frames have, where the file says it.
    pub bytes: Option<u64>,
    /// How many more passed that are not in it, where the file says it.
    pub missing: u64,
}

/// The calls of a node's handlers in a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallChannel {
    /// The node, with its copy's number where it is replicated.
    pub instance: Arc<str>,
    /// How many there are, where the file says it.
    pub calls: Option<u64>,
    /// How many more there were that are not in it, where the file says it.
    pub missing: u64,
}

/// A version of the topology in a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its number.
    pub generation: u64,
    /// When it was there, in nanoseconds since the epoch.
    pub at: u64,
    /// Its file.
    pub file: String,
}

/// What a recording can have, with its time.
#[derive(Debug)]
pub enum Entry {
    /// A message passed.
    Message {
        /// When, where, and what.
        passed: Passed,
        /// The host that it came from, where that is known.
        peer: Option<String>,
    },
    /// Handlers of a node were called.
    Calls {
        /// The calls, and how the node stood before them.
        calls: Calls,
        /// How many before them are missing.
        missing: u64,
    },
    /// Something happened.
    Event {
        /// When.
        at: SystemTime,
        /// What, as `zrig events --format json` has it.
        happened: Value,
    },
    /// Messages passed that are not in it.
    Gap {
        /// When the first of them passed.
        at: SystemTime,
        /// Where, how many, and until when.
        gap: Value,
    },
}

/// A time of the file.
pub(crate) fn moment(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds)).unwrap_or(UNIX_EPOCH)
}
