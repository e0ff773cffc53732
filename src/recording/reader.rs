//! Reading a recording, whole or broken off, part by part.
//!
//! Owns what is believed of a file. Bad input is an error, and a file is never in memory as a whole.

mod chunk;
mod reading;
mod scan;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcap::Summary;
use mcap::records::{AttachmentIndex, ChunkIndex, MetadataIndex, Record};
use mcap::sans_io::summary_reader::{SummaryReadEvent, SummaryReader, SummaryReaderOptions};

pub(super) use self::reading::{Reached, Selection};
use self::scan::scan;
use super::contents::{CallChannel, Channel, RecordingError, Version};
use super::entry::{CALLS, MESSAGE};
use super::names::{EVENTS, FIGURES, TEXTS};
use crate::message::Format;
use crate::node::{Direction, Place};
use crate::zeromq::Role;

/// Bytes that one record may have; more is not believed.
const RECORD_MOST: usize = 1 << 30;
/// Within how many nanoseconds those versions are written that a recording begins with.
const TOGETHER: u64 = 1_000_000_000;

/// What is known of a topic.
#[derive(Clone, Copy, Default)]
struct Figures {
    messages: u64,
    /// Of the frames of its messages.
    bytes: Option<u64>,
    calls: Option<u64>,
    /// How many more messages or calls there were.
    missing: u64,
}

/// A recording that can be read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    /// Chunks are unpacked here: it says that they are not packed.
    summary: Summary,
    /// The places of the chunks in it, by where their data begin.
    chunks: HashMap<u64, usize>,
    channels: BTreeMap<u16, Channel>,
    calls: BTreeMap<u16, CallChannel>,
    versions: Vec<Version>,
    events: u64,
    /// What stands at the end of a file that was broken off and cannot be read, in bytes; none of a
    /// whole one.
    broken_off: Option<u64>,
}

impl Reader {
    /// Opens a file: of a whole one only the index is read.
    ///
    /// # Errors
    ///
    /// When it is no recording, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::open_within(path, u64::MAX)
    }

    /// The same, but of a file that was broken off, whose index is made anew, at most so many bytes are read.
    ///
    /// # Errors
    ///
    /// When it is no recording, or cannot be read.
    pub fn open_within(path: &Path, most: u64) -> Result<Self, RecordingError> {
        let io = |error| RecordingError::Io { path: path.to_owned(), error };
        let (mut file, length) = opened(path)?;
        let (mut summary, broken_off, counted) = match summary_of(&mut file, length) {
            Some(summary) => (summary, None, None),
            None => {
                file.seek(SeekFrom::Start(0)).map_err(io)?;
                let scanned = scan(&mut file, length.min(most)).map_err(|why| why.of(path))?;
                let unread = scanned.left + length.saturating_sub(most);
                (scanned.summary, Some(unread), Some(scanned.figures))
            }
        };
        for index in &mut summary.chunk_indexes {
            index.compression.clear();
            index.compressed_size = index.uncompressed_size;
        }
        let offset =
            |(at, index): (usize, &ChunkIndex)| Some((index.compressed_data_offset().ok()?, at));
        let mut reader = Self {
            path: path.to_owned(),
            file,
            chunks: summary.chunk_indexes.iter().enumerate().filter_map(offset).collect(),
            channels: BTreeMap::new(),
            calls: BTreeMap::new(),
            versions: Vec::new(),
            events: 0,
            summary,
            broken_off,
        };
        reader.read_metadata()?;
        let figures = counted.map_or_else(|| reader.figures(), Ok)?;
        reader.read_channels(&figures)?;
        Ok(reader)
    }

    /// The sockets, by the numbers that entries bear.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<u16, Channel> {
        &self.channels
    }

    /// The nodes whose handlers' calls it has.
    pub fn calls(&self) -> impl Iterator<Item = &CallChannel> {
        self.calls.values()
    }

    /// The versions of the topology, the first one first.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The place of the version that was there at a time, in nanoseconds since the epoch, in `versions`.
    #[must_use]
    pub fn version_at(&self, at: u64) -> Option<usize> {
        let known = self.versions.iter().rposition(|version| version.at <= at);
        // Those that a recording begins with are written a moment after it began: the last of them ran.
        let first = self.versions.first()?.at;
        let begun = |at: u64| at <= first.saturating_add(TOGETHER);
        known.or_else(|| self.versions.iter().rposition(|version| begun(version.at)))
    }

    /// How many events it has.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many bytes at its end cannot be read, where it was broken off.
    #[must_use]
    pub fn broken_off(&self) -> Option<u64> {
        self.broken_off
    }

    /// Looks at every part of a file, whether it is as it was written.
    ///
    /// # Errors
    ///
    /// When it is no recording, cannot be read, or a part of it is not as it was written.
    pub fn check(path: &Path) -> Result<(), RecordingError> {
        let io = |error| RecordingError::Io { path: path.to_owned(), error };
        let (mut file, length) = opened(path)?;
        let is_whole = summary_of(&mut file, length).is_some();
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let left = scan(&mut file, length).map_err(|why| why.of(path))?.left;
        let at = length - left;
        let why = match is_whole {
            // Nothing but its last bytes, which say that it is such a file.
            true if left == mcap::MAGIC.len() as u64 => return Ok(()),
            true => format!("what stands at byte {at} is not as it was written"),
            false if left == 0 => "it was broken off: it has no index".to_owned(),
            false => format!(
                "it was broken off: of its last {left} bytes nothing can be read, and it has no index"
            ),
        };
        Err(RecordingError::Damaged { path: path.to_owned(), why })
    }

    /// When the first and the last entry were, in nanoseconds since the epoch; none of an empty one.
    #[must_use]
    pub fn times(&self) -> Option<RangeInclusive<u64>> {
        let chunks = &self.summary.chunk_indexes;
        let chunks = chunks.iter().filter(|chunk| chunk.message_end_time > 0);
        let first = chunks.clone().map(|chunk| chunk.message_start_time).min()?;
        Some(first..=chunks.map(|chunk| chunk.message_end_time).max()?)
    }

    /// The texts that a version was read from, by their files.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn texts(&mut self, version: &Version) -> Result<BTreeMap<String, String>, RecordingError> {
        let of_version = self.summary.attachment_indexes.iter();
        let of_version: Vec<AttachmentIndex> =
            of_version.filter(|it| it.log_time == version.at).cloned().collect();
        let mut texts = BTreeMap::new();
        for index in of_version {
            // Behind the header stand the data and a checksum.
            let begin =
                index.offset.saturating_add(index.length).saturating_sub(index.data_size + 4);
            let length = usize::try_from(index.data_size).unwrap_or(usize::MAX).min(RECORD_MOST);
            let mut text = Vec::new();
            read_at(&mut self.file, begin, length, &mut text)
                .map_err(|error| damaged(&self.path, &error.into()))?;
            texts.insert(index.name, String::from_utf8_lossy(&text).into_owned());
        }
        Ok(texts)
    }

    /// How many bytes the texts of a version have.
    #[must_use]
    pub fn texts_size(&self, version: &Version) -> u64 {
        let all = self.summary.attachment_indexes.iter();
        let sizes = all.filter(|it| it.log_time == version.at).map(|it| it.data_size);
        sizes.fold(0, u64::saturating_add)
    }

    /// What the index says of each topic.
    fn figures(&self) -> Result<BTreeMap<String, Figures>, RecordingError> {
        let named = |name: &str| self.metadata_of(&format!("{FIGURES}{name}"));
        let (bytes, missing, calls) = (named("bytes")?, named("missing")?, named("calls")?);
        let counts = self.summary.stats.as_ref().map(|it| &it.channel_message_counts);
        let of_channel = |(id, known): (&u16, &Arc<mcap::Channel<'_>>)| {
            let topic = known.topic.clone();
            let number = |of: &BTreeMap<String, String>| of.get(&topic)?.parse().ok();
            let figures = Figures {
                messages: counts.and_then(|counts| counts.get(id)).copied().unwrap_or_default(),
                bytes: number(&bytes),
                calls: number(&calls),
                missing: number(&missing).unwrap_or_default(),
            };
            (topic, figures)
        };
        Ok(self.summary.channels.iter().map(of_channel).collect())
    }

    fn read_channels(&mut self, figures: &BTreeMap<String, Figures>) -> Result<(), RecordingError> {
        for (id, known) in &self.summary.channels {
            let Figures { messages, bytes, calls, missing } =
                figures.get(&known.topic).copied().unwrap_or_default();
            if known.topic == EVENTS {
                self.events = messages;
            }
            let word = |name: &str| known.metadata.get(name).map_or("", String::as_str);
            match known.schema.as_ref().map(|schema| schema.name.as_str()) {
                Some(MESSAGE) => {}
                Some(CALLS) => {
                    let instance = word("node").into();
                    self.calls.insert(*id, CallChannel { instance, calls, missing });
                    continue;
                }
                _ => continue,
            }
            let (role, format) = (Role::parse(word("role")), Format::parse(word("format")));
            let (Some(role), Some(format)) = (role, format) else {
                let why = format!("{} has no role and format that this zrig knows", known.topic);
                return Err(RecordingError::Damaged { path: self.path.clone(), why });
            };
            let direction = if word("direction") == "in" { Direction::In } else { Direction::Out };
            let place = Place {
                instance: word("node").into(),
                socket: word("socket").into(),
                role,
                format,
                numbered: word("sequence") == "true",
            };
            let place = place.into();
            let channel = Channel { place, direction, messages, bytes, missing };
            self.channels.insert(*id, channel);
        }
        Ok(())
    }

    fn read_metadata(&mut self) -> Result<(), RecordingError> {
        let indexes = self.summary.metadata_indexes.iter().filter(|it| it.name == TEXTS);
        for index in indexes.cloned().collect::<Vec<_>>() {
            let fields = self.metadata(&index)?;
            let number = |name: &str| fields.get(name).and_then(|it| it.parse().ok());
            if let (Some(generation), Some(at)) = (number("generation"), number("time")) {
                let file = fields.get("file").cloned().unwrap_or_default();
                self.versions.push(Version { generation, at, file });
            }
        }
        Ok(())
    }

    /// All that stands under a name.
    fn metadata_of(&self, name: &str) -> Result<BTreeMap<String, String>, RecordingError> {
        let index = self.summary.metadata_indexes.iter().find(|it| it.name == name);
        index.map_or_else(|| Ok(BTreeMap::new()), |index| self.metadata(index))
    }

    fn metadata(&self, index: &MetadataIndex) -> Result<BTreeMap<String, String>, RecordingError> {
        let mut record = Vec::new();
        let length = usize::try_from(index.length).unwrap_or(usize::MAX).min(RECORD_MOST);
        read_at(&mut &self.file, index.offset, length, &mut record)
            .map_err(|error| damaged(&self.path, &error.into()))?;
        let body = record.get(scan::HEAD..).unwrap_or_default();
        match mcap::parse_record(mcap::records::op::METADATA, body) {
            Ok(Record::Metadata(metadata)) => Ok(metadata.metadata),
            Ok(_) => Ok(BTreeMap::new()),
            Err(error) => Err(damaged(&self.path, &error)),
        }
    }
}

/// A file that may be a recording, with its length. A pipe, which may never be written, is not opened.
fn opened(path: &Path) -> Result<(File, u64), RecordingError> {
    let io = |error| RecordingError::Io { path: path.to_owned(), error };
    let about = path.metadata().map_err(io)?;
    if !about.is_file() {
        return Err(not_one(path, "it is no file"));
    }
    if about.len() == 0 {
        return Err(not_one(path, "it is empty"));
    }
    Ok((File::open(path).map_err(io)?, about.len()))
}

/// The index of a whole file; none where it has none.
fn summary_of(file: &mut File, length: u64) -> Option<Summary> {
    // What a file cannot have is not made room for.
    let most = usize::try_from(length).unwrap_or(usize::MAX).min(RECORD_MOST);
    let options =
        SummaryReaderOptions::default().with_file_size(length).with_record_length_limit(most);
    let mut reader = SummaryReader::new_with_options(options);
    while let Some(event) = reader.next_event() {
        match event.ok()? {
            SummaryReadEvent::ReadRequest(wanted) => {
                let read = file.read(reader.insert(wanted)).ok()?;
                reader.notify_read(read);
            }
            SummaryReadEvent::SeekRequest(to) => reader.notify_seeked(file.seek(to).ok()?),
        }
    }
    // A file that was broken off may end with something that looks like an end.
    reader.finish().filter(|summary| summary.stats.is_some())
}

fn read_at(
    file: &mut (impl Read + Seek),
    offset: u64,
    length: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    into.clear();
    // What is not there is not made room for.
    file.take(length as u64).read_to_end(into)?;
    if into.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn not_one(path: &Path, why: impl Into<String>) -> RecordingError {
    RecordingError::NotOne { path: path.to_owned(), why: why.into() }
}

fn damaged(path: &Path, error: &mcap::McapError) -> RecordingError {
    RecordingError::Damaged { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests;
