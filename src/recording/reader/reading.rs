//! What stands in a recording, read in the order of time or against it, as much of it as is wanted.
//!
//! Owns which chunks are read for that, and how many at most. What is believed of one is `chunk`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

use mcap::records::{ChunkIndex, MessageHeader};
use mcap::sans_io::indexed_reader::{
    IndexedReadEvent, IndexedReader, IndexedReaderOptions, ReadOrder,
};
use prost::Message as _;

use super::super::calls::Calls;
use super::super::contents::{Entry, RecordingError, moment};
use super::super::entry::Message;
use super::super::names::{EVENTS, GAPS};
use super::{RECORD_MOST, Reader, chunk, damaged, read_at};
use crate::message::Frame;
use crate::node::Passed;

/// Bytes of an index of a chunk's messages before the first of them, and of each.
const INDEX_HEAD: u64 = 15;
const INDEX_ENTRY: u64 = 16;
/// Bytes that a message has at least.
const LEAST: u64 = 31;

/// What is read of a recording.
#[derive(Clone, Debug)]
pub(in crate::recording) struct Selection {
    /// When, in nanoseconds since the epoch; none for all of it.
    pub(in crate::recording) times: Option<RangeInclusive<u64>>,
    /// Which topics; none for all of them.
    pub(in crate::recording) topics: Option<BTreeSet<String>>,
    /// Whether what came last is read first.
    pub(in crate::recording) is_backward: bool,
    /// How many bytes at most, unpacked.
    pub(in crate::recording) most: u64,
}

impl Selection {
    /// All that was in these times.
    pub(in crate::recording) fn of(times: Option<RangeInclusive<u64>>) -> Self {
        Self { times, topics: None, is_backward: false, most: u64::MAX }
    }
}

/// How far a selection was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::recording) enum Reached<B> {
    /// To its end.
    End,
    /// As far as its bytes allow.
    Bound,
    /// As far as was wanted.
    Found(B),
}

/// A chunk, as the index has it.
#[derive(Clone, Debug)]
pub(in crate::recording) struct Piece {
    /// When its first and its last message were, in nanoseconds since the epoch.
    pub(in crate::recording) times: RangeInclusive<u64>,
    /// How many messages of each channel it has.
    pub(in crate::recording) messages: BTreeMap<u16, u64>,
    /// Its bytes, unpacked.
    pub(in crate::recording) bytes: u64,
}

impl Reader {
    /// Reads what was in these times, in nanoseconds since the epoch, in their order. What `take` says
    /// ends it.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be read.
    pub fn read<B>(
        &mut self,
        times: Option<RangeInclusive<u64>>,
        take: impl FnMut(Entry) -> ControlFlow<B>,
    ) -> Result<Option<B>, RecordingError> {
        Ok(match self.select(Selection::of(times), take)? {
            Reached::Found(found) => Some(found),
            Reached::End | Reached::Bound => None,
        })
    }

    /// Reads what is selected, until `take` ends it.
    ///
    /// # Errors
    ///
    /// When a part of it cannot be read.
    pub(in crate::recording) fn select<B>(
        &mut self,
        selection: Selection,
        mut take: impl FnMut(Entry) -> ControlFlow<B>,
    ) -> Result<Reached<B>, RecordingError> {
        let Selection { times, topics, is_backward, most } = selection;
        let damaged = |error: mcap::McapError| damaged(&self.path, &error);
        let faulty = |why| RecordingError::Damaged { path: self.path.clone(), why };
        let mut options = IndexedReaderOptions::new().with_record_length_limit(RECORD_MOST);
        if let Some(times) = times {
            options = options.starting_at(*times.start()).ending_at(*times.end());
        }
        if let Some(topics) = topics {
            // A set that means no channel would mean all of them.
            if !self.summary.channels.values().any(|channel| topics.contains(&channel.topic)) {
                return Ok(Reached::End);
            }
            options = options.include_topics(topics);
        }
        if is_backward {
            options = options.with_order(ReadOrder::ReverseLogTime);
        }
        let mut reader =
            IndexedReader::new_with_options(&self.summary, options).map_err(damaged)?;
        let (mut record, mut left) = (Vec::new(), most);
        while let Some(event) = reader.next_event() {
            match event.map_err(damaged)? {
                IndexedReadEvent::ReadChunkRequest { offset, .. } => {
                    let wanted = self.chunks.get(&offset);
                    let wanted = wanted.and_then(|at| self.summary.chunk_indexes.get(*at));
                    let wanted = wanted.ok_or_else(|| faulty("it has no such chunk".to_owned()))?;
                    let Some(rest) = left.checked_sub(wanted.uncompressed_size) else {
                        return Ok(Reached::Bound);
                    };
                    left = rest;
                    let chunk = self.chunk(wanted, &mut record).map_err(faulty)?;
                    reader.insert_chunk_record_data(offset, &chunk).map_err(damaged)?;
                }
                IndexedReadEvent::Message { header, data } => {
                    let entry = self.entry(&header, data).map_err(faulty)?;
                    if let Some(ControlFlow::Break(found)) = entry.map(&mut take) {
                        return Ok(Reached::Found(found));
                    }
                }
            }
        }
        Ok(Reached::End)
    }

    /// Its chunks, without reading any.
    pub(in crate::recording) fn pieces(&self) -> impl Iterator<Item = Piece> {
        let chunks = self.summary.chunk_indexes.iter();
        chunks.filter(|chunk| chunk.message_end_time > 0).map(|chunk| Piece {
            times: chunk.message_start_time..=chunk.message_end_time,
            messages: counts(chunk),
            bytes: chunk.uncompressed_size,
        })
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
}

/// Where the indexes of a chunk's messages would stand behind it, in a file that has none, and how long they
/// are together: what is counted by reading is then known as what an index says.
pub(super) fn index_offsets(
    counted: &BTreeMap<u16, u64>,
    mut at: u64,
) -> (BTreeMap<u16, u64>, u64) {
    let begin = at;
    let offsets = counted.iter().map(|(channel, messages)| {
        let here = at;
        at += INDEX_HEAD + INDEX_ENTRY * messages;
        (*channel, here)
    });
    (offsets.collect(), at - begin)
}

/// How many messages of each channel a chunk has, by how long the indexes of them are.
fn counts(chunk: &ChunkIndex) -> BTreeMap<u16, u64> {
    let mut offsets: Vec<(u64, u16)> =
        chunk.message_index_offsets.iter().map(|(channel, at)| (*at, *channel)).collect();
    offsets.sort_unstable();
    let end = chunk.chunk_start_offset.saturating_add(chunk.chunk_length);
    let end = end.saturating_add(chunk.message_index_length);
    let ends = offsets.iter().skip(1).map(|(at, _)| *at).chain([end]);
    // An index is believed as far as the chunk has room for what it says.
    let most = chunk.uncompressed_size / LEAST;
    let count = |(at, end): (u64, u64)| {
        (end.saturating_sub(at).saturating_sub(INDEX_HEAD) / INDEX_ENTRY).min(most)
    };
    offsets.iter().zip(ends).map(|((at, channel), end)| (*channel, count((*at, end)))).collect()
}
