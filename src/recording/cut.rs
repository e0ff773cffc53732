//! A part of a recording as a recording of its own.
//!
//! Owns what goes along: the texts of the versions that ran, and what happened. Never changes what was
//! recorded.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use super::contents::{Channel, Entry, RecordingError, moment};
use super::entry::{topic, topic_of_gap};
use super::reader::Reader;
use super::writer::Writer;
use crate::node::Passed;

/// Why a part cannot be written.
#[derive(Debug, Error)]
pub enum CutError {
    /// The recording cannot be read.
    #[error(transparent)]
    Read(#[from] RecordingError),
    /// The file cannot be written, or is there.
    #[error("cannot write {file}: {error}")]
    Write {
        /// The file.
        file: String,
        /// What the system said.
        error: io::Error,
    },
}

/// Which messages go along.
pub enum Wants<'w> {
    /// All of them.
    All,
    /// Some of them.
    Some {
        /// Those of which this says so.
        messages: &'w mut dyn FnMut(&Passed) -> bool,
        /// And what is missing, where this says so of a gap.
        gaps: &'w dyn Fn(&Value) -> bool,
    },
}

impl Wants<'_> {
    fn message(&mut self, passed: &Passed) -> bool {
        match self {
            Self::All => true,
            Self::Some { messages, .. } => messages(passed),
        }
    }

    fn gap(&self, gap: &Value) -> bool {
        match self {
            Self::All => true,
            Self::Some { gaps, .. } => gaps(gap),
        }
    }

    fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// Writes what is wanted of these times, in nanoseconds since the epoch, to a file that is not there;
/// how many messages that were.
///
/// # Errors
///
/// When the recording cannot be read, or the file cannot be written.
pub fn cut(
    reader: &mut Reader,
    times: Option<RangeInclusive<u64>>,
    mut wants: Wants<'_>,
    to: &Path,
) -> Result<u64, CutError> {
    let failed = |error| CutError::Write { file: to.display().to_string(), error };
    let mut writer = Writer::create(to).map_err(failed)?;
    let last = times.as_ref().map_or(u64::MAX, |times| *times.end());
    for version in reader.versions().to_vec() {
        if version.at > last {
            continue;
        }
        let texts = reader.texts(&version)?.into_iter().map(|(file, text)| (file, Arc::from(text)));
        let mut texts: Vec<(String, Arc<str>)> = texts.collect();
        texts.sort_by_key(|(file, _)| *file != version.file);
        writer.texts(version.generation, moment(version.at), &texts).map_err(failed)?;
    }
    let channels = reader.channels().values();
    let channels = channels.map(|it| (topic(&it.place, it.direction), it.clone()));
    let channels: BTreeMap<String, Channel> = channels.collect();
    let mut messages = 0;
    let stopped = reader.read(times, |entry| {
        let written = match &entry {
            Entry::Message { passed, .. } if !wants.message(passed) => Ok(()),
            Entry::Message { passed, peer } => {
                messages += 1;
                writer.message(passed, peer.as_deref())
            }
            // Of nodes that are there in part it is not known what their handlers were given.
            Entry::Calls { .. } if !wants.is_all() => Ok(()),
            Entry::Calls { calls, missing } => writer.calls(calls, *missing),
            Entry::Event { at, happened } => writer.event(*at, happened),
            Entry::Gap { gap, .. } if !wants.gap(gap) => Ok(()),
            Entry::Gap { at, gap } => {
                let of = channels.get(&topic_of_gap(gap));
                writer.known_gap(*at, gap, of.map(|it| (&it.place, it.direction)))
            }
        };
        written.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    })?;
    match stopped {
        Some(error) => Err(failed(error)),
        None => writer.finish().map(|_| messages).map_err(failed),
    }
}
