//! What can be read of a recording that was broken off: the index is made anew.
//!
//! Owns how far such a file is believed: to its last whole record. Never has more than one chunk in
//! memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use mcap::records::{AttachmentIndex, ChunkHeader, ChunkIndex, MetadataIndex, Record, op};
use mcap::{Channel, MAGIC, Schema, Summary};
use prost::Message as _;

use super::super::calls::CountedCalls;
use super::super::contents::RecordingError;
use super::super::entry::{CALLS, MESSAGE, Message, topic_of_gap};
use super::super::names::GAPS;
use super::Figures;
use super::chunk::{records, unpacked};
use super::reading::index_offsets;
use super::{RECORD_MOST, not_one};

/// Bytes before what a record says: its kind and its length.
pub(super) const HEAD: usize = 9;

/// What a file that was broken off has.
#[derive(Default)]
pub(super) struct Scanned {
    pub(super) summary: Summary,
    /// What was counted, by topics.
    pub(super) figures: BTreeMap<String, Figures>,
    /// How many bytes at the end cannot be read.
    pub(super) left: u64,
}

/// Why there is nothing to read.
pub(super) enum Unreadable {
    Io(io::Error),
    NotOne,
}

impl Unreadable {
    pub(super) fn of(self, path: &Path) -> RecordingError {
        match self {
            Self::Io(error) => RecordingError::Io { path: path.to_owned(), error },
            Self::NotOne => not_one(path, "it does not begin like an MCAP file"),
        }
    }
}

/// Reads a file from its beginning to its last whole record.
pub(super) fn scan(file: &mut File, length: u64) -> Result<Scanned, Unreadable> {
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 {
        return Err(Unreadable::NotOne);
    }
    file.read_exact(&mut magic).map_err(Unreadable::Io)?;
    if magic != *MAGIC {
        return Err(Unreadable::NotOne);
    }
    let mut scanned = Scanned::default();
    let (mut at, mut body) = (MAGIC.len() as u64, Vec::new());
    while let Some(next) = length.checked_sub(at + HEAD as u64) {
        let mut head = [0; HEAD];
        file.read_exact(&mut head).map_err(Unreadable::Io)?;
        let mut size = [0; 8];
        size.copy_from_slice(&head[1..]);
        let size = u64::from_le_bytes(size);
        if size > next || size > RECORD_MOST as u64 {
            break;
        }
        body.clear();
        (&mut file).take(size).read_to_end(&mut body).map_err(Unreadable::Io)?;
        if body.len() as u64 != size || scanned.note(head[0], at, &body).is_none() {
            break;
        }
        at += HEAD as u64 + size;
    }
    scanned.left = length - at;
    Ok(scanned)
}

impl Scanned {
    /// Notes what a record at a place of the file says; none where it is not as it was written.
    fn note(&mut self, kind: u8, at: u64, body: &[u8]) -> Option<()> {
        let length = HEAD as u64 + body.len() as u64;
        if kind == op::ATTACHMENT {
            self.summary.attachment_indexes.push(attachment(at, length, body)?);
            return Some(());
        }
        let record = mcap::parse_record(kind, body).ok()?;
        self.note_known(&record);
        if let Record::Metadata(metadata) = record {
            let index = MetadataIndex { offset: at, length, name: metadata.name };
            self.summary.metadata_indexes.push(index);
        } else if let Record::Chunk { header, data } = record {
            self.note_chunk(at, length, header, &data)?;
        }
        Some(())
    }

    /// Notes schemas and channels.
    fn note_known(&mut self, record: &Record<'_>) {
        if let Record::Schema { header, data } = record {
            let schema = Schema {
                id: header.id,
                name: header.name.clone(),
                encoding: header.encoding.clone(),
                data: data.to_vec().into(),
            };
            self.summary.schemas.insert(header.id, Arc::new(schema));
        } else if let Record::Channel(known) = record {
            let channel = Channel {
                id: known.id,
                topic: known.topic.clone(),
                schema: self.summary.schemas.get(&known.schema_id).cloned(),
                message_encoding: known.message_encoding.clone(),
                metadata: known.metadata.clone(),
            };
            self.summary.channels.insert(known.id, Arc::new(channel));
        }
    }

    fn note_chunk(&mut self, at: u64, length: u64, header: ChunkHeader, data: &[u8]) -> Option<()> {
        let unpacked = unpacked(&header, data).ok()?;
        let mut counted: BTreeMap<u16, u64> = BTreeMap::new();
        for record in records(&unpacked) {
            let (kind, body) = record.ok()?;
            let record = mcap::parse_record(kind, body).ok()?;
            if let Record::Message { header, data } = &record {
                *counted.entry(header.channel_id).or_default() += 1;
                self.count(header.channel_id, data);
            }
            self.note_known(&record);
        }
        let (message_index_offsets, message_index_length) = index_offsets(&counted, at + length);
        self.summary.chunk_indexes.push(ChunkIndex {
            message_start_time: header.message_start_time,
            message_end_time: header.message_end_time,
            chunk_start_offset: at,
            chunk_length: length,
            message_index_offsets,
            message_index_length,
            compression: header.compression,
            compressed_size: header.compressed_size,
            uncompressed_size: header.uncompressed_size,
        });
        Some(())
    }
}

impl Scanned {
    /// Counts what a channel has.
    fn count(&mut self, id: u16, data: &[u8]) {
        let Some(channel) = self.summary.channels.get(&id) else { return };
        if !self.figures.contains_key(&channel.topic) {
            self.figures.insert(channel.topic.clone(), Figures::default());
        }
        let Some(figures) = self.figures.get_mut(&channel.topic) else { return };
        figures.messages += 1;
        match channel.schema.as_ref().map(|schema| schema.name.as_str()) {
            Some(MESSAGE) => {
                let message = Message::decode(data).unwrap_or_default();
                let bytes = message.frames.iter().map(|frame| frame.len() as u64).sum();
                add(&mut figures.bytes, bytes);
            }
            Some(CALLS) => {
                let calls = CountedCalls::decode(data).unwrap_or_default();
                add(&mut figures.calls, calls.calls.len() as u64);
                figures.missing = figures.missing.saturating_add(calls.missing);
            }
            _ if channel.topic == GAPS => self.count_missing(data),
            _ => {}
        }
    }

    fn count_missing(&mut self, gap: &[u8]) {
        let gap: serde_json::Value = serde_json::from_slice(gap).unwrap_or_default();
        let figures = self.figures.entry(topic_of_gap(&gap)).or_default();
        let missing = gap["messages"].as_u64().unwrap_or_default();
        add(&mut figures.bytes, 0);
        figures.missing = figures.missing.saturating_add(missing);
    }
}

/// A damaged number is no reason to end.
fn add(sum: &mut Option<u64>, more: u64) {
    *sum = Some(sum.unwrap_or_default().saturating_add(more));
}

/// Where an attachment is, and its names. The library's own reading of one panics where it is short.
fn attachment(at: u64, length: u64, body: &[u8]) -> Option<AttachmentIndex> {
    let mut rest = body;
    let log_time = u64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?);
    let create_time = u64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?);
    let mut text = || {
        let length = u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?);
        let text = take(&mut rest, usize::try_from(length).ok()?)?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let (name, media_type) = (text()?, text()?);
    let data_size = u64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?);
    // The checksum is all that follows.
    (rest.len() as u64 == data_size.checked_add(4)?).then_some(AttachmentIndex {
        offset: at,
        length,
        log_time,
        create_time,
        data_size,
        name,
        media_type,
    })
}

fn take<'b>(from: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}
