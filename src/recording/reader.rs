//! Reading a recording, whole or broken off, part by part.
//!
//! Owns what is believed of a file. Bad input is an error, and a file is never in memory as a whole.

mod chunk;
mod scan;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcap::Summary;
use mcap::records::{AttachmentIndex, ChunkIndex, MessageHeader, MetadataIndex, Record};
use mcap::sans_io::indexed_reader::{IndexedReadEvent, IndexedReader, IndexedReaderOptions};
use mcap::sans_io::summary_reader::{SummaryReadEvent, SummaryReader, SummaryReaderOptions};
use prost::Message as _;

use self::scan::scan;
use super::calls::Calls;
use super::contents::{CallChannel, Channel, Entry, RecordingError, Version, moment};
use super::entry::{CALLS, MESSAGE, Message};
use super::names::{EVENTS, FIGURES, GAPS, TEXTS};
use crate::message::{Format, Frame};
use crate::node::{Direction, Passed, Place};
use crate::zeromq::Role;

/// Bytes that one record may have; more is not believed.
const RECORD_MOST: usize = 1 << 30;

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
        let io = |error| RecordingError::Io { path: path.to_owned(), error };
        let (mut file, length) = opened(path)?;
        let (mut summary, broken_off, figures) = match summary_of(&mut file, length) {
            Some(summary) => (summary, None, None),
            None => {
                file.seek(SeekFrom::Start(0)).map_err(io)?;
                let scanned = scan(&mut file, length).map_err(|why| why.of(path))?;
                (scanned.summary, Some(scanned.left), Some(scanned.bytes))
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
        reader.read_channels(figures.as_ref())?;
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

    /// Reads what was in these times, in nanoseconds since the epoch, in their order. What `take` says
    /// ends it.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be read.
    pub fn read<B>(
        &mut self,
        times: Option<RangeInclusive<u64>>,
        mut take: impl FnMut(Entry) -> ControlFlow<B>,
    ) -> Result<Option<B>, RecordingError> {
        let mut options = IndexedReaderOptions::new().with_record_length_limit(RECORD_MOST);
        if let Some(times) = times {
            options = options.starting_at(*times.start()).ending_at(*times.end());
        }
        let damaged = |error: mcap::McapError| damaged(&self.path, &error);
        let mut reader =
            IndexedReader::new_with_options(&self.summary, options).map_err(damaged)?;
        let mut record = Vec::new();
        while let Some(event) = reader.next_event() {
            match event.map_err(damaged)? {
                IndexedReadEvent::ReadChunkRequest { offset, .. } => {
                    let wanted = self.chunks.get(&offset);
                    let wanted = wanted.and_then(|at| self.summary.chunk_indexes.get(*at));
                    let chunk = wanted.map(|wanted| self.chunk(wanted, &mut record));
                    let chunk = chunk.unwrap_or_else(|| Err("it has no such chunk".to_owned()));
                    let chunk = chunk
                        .map_err(|why| RecordingError::Damaged { path: self.path.clone(), why })?;
                    reader.insert_chunk_record_data(offset, &chunk).map_err(damaged)?;
                }
                IndexedReadEvent::Message { header, data } => {
                    let entry = self
                        .entry(&header, data)
                        .map_err(|why| RecordingError::Damaged { path: self.path.clone(), why })?;
                    let Some(entry) = entry else { continue };
                    if let ControlFlow::Break(found) = take(entry) {
                        return Ok(Some(found));
                    }
                }
            }
        }
        Ok(None)
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

    /// A chunk's records.
    fn chunk(&self, index: &ChunkIndex, record: &mut Vec<u8>) -> Result<Vec<u8>, String> {
        let length = usize::try_from(index.chunk_length).unwrap_or(usize::MAX);
        if length > RECORD_MOST {
            return Err(format!("a chunk of {length} bytes is not believed"));
        }
        read_at(&mut &self.file, index.chunk_start_offset, length, record)
            .map_err(|error| error.to_string())?;
        let (header, data) = chunk::of_record(record)?;
        chunk::unpacked(&header, data)
    }

    /// What a record says; nothing that this program knows, perhaps.
    fn entry(&self, header: &MessageHeader, data: &[u8]) -> Result<Option<Entry>, String> {
        let topic = self.summary.channels.get(&header.channel_id).map_or("", |it| &it.topic);
        let json = || serde_json::from_slice(data).map_err(|error| format!("{topic}: {error}"));
        let at = moment(header.log_time);
        if let Some(channel) = self.channels.get(&header.channel_id) {
            let message = Message::decode(data).map_err(|error| format!("{topic}: {error}"))?;
            let frames = message.frames.iter().map(|frame| Frame::copy(frame)).collect();
            let (direction, place) = (channel.direction, Arc::clone(&channel.place));
            let passed = Passed { at, direction, place, number: header.sequence, frames };
            return Ok(Some(Entry::Message { passed, peer: message.peer }));
        }
        if let Some(channel) = self.calls.get(&header.channel_id) {
            let calls = Calls::decode(data).map_err(|error| format!("{topic}: {error}"))?;
            let read = calls.read(&channel.instance, header.log_time);
            let (calls, missing) = read.map_err(|why| format!("{topic}: {why}"))?;
            return Ok(Some(Entry::Calls { calls, missing }));
        }
        Ok(match topic {
            EVENTS => Some(Entry::Event { at, happened: json()? }),
            GAPS => Some(Entry::Gap { at, gap: json()? }),
            _ => None,
        })
    }

    fn read_channels(
        &mut self,
        scanned: Option<&BTreeMap<u16, (u64, u64)>>,
    ) -> Result<(), RecordingError> {
        let figures = |name: &str| self.metadata_of(&format!("{FIGURES}{name}"));
        let (bytes, missing) = (figures("bytes")?, figures("missing")?);
        let calls = figures("calls")?;
        let counts = self.summary.stats.as_ref().map(|it| &it.channel_message_counts);
        for (id, known) in &self.summary.channels {
            let seen = scanned.and_then(|it| it.get(id)).copied();
            let counted = counts.and_then(|counts| counts.get(id)).copied();
            let messages = seen.map(|it| it.0).or(counted).unwrap_or_default();
            if known.topic == EVENTS {
                self.events = messages;
            }
            let word = |name: &str| known.metadata.get(name).map_or("", String::as_str);
            let number =
                |of: &BTreeMap<String, String>| of.get(&known.topic).and_then(|it| it.parse().ok());
            match known.schema.as_ref().map(|schema| schema.name.as_str()) {
                Some(MESSAGE) => {}
                Some(CALLS) => {
                    let (instance, calls) = (word("node").into(), number(&calls));
                    let missing = number(&missing).unwrap_or_default();
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
            let channel = Channel {
                place: place.into(),
                direction,
                messages,
                bytes: seen.map(|it| it.1).or_else(|| number(&bytes)),
                missing: number(&missing).unwrap_or_default(),
            };
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
