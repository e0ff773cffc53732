//! Writing a recording: an MCAP file that can be read to its last whole chunk whatever happens.
//!
//! Owns the file and what stands in it. Never overwrites one, and never decides what is recorded.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use mcap::records::{MessageHeader, Metadata};
use mcap::write::NoSeek;
use mcap::{Attachment, Compression, McapError, WriteOptions};
use prost::Message as _;
use serde_json::Value;

use super::calls::{self, Calls};
use super::entry::{CALLS, MESSAGE, Message, PROTOBUF, about, topic};
use super::names::{EVENTS, FIGURES, GAPS, PROFILE, TEXTS};
use super::schema;
use crate::clock::{nanos, since_epoch};
use crate::node::{self, Direction, Passed, Place};

/// About how many bytes a chunk has before it is compressed.
const CHUNK: u64 = 1 << 20;
/// How many bytes are written together.
const TOGETHER: usize = 256 << 10;
/// How many sockets are remembered by their address; a run that changes goes through many.
const REMEMBERED: usize = 4096;

/// A recording that is being written.
pub(super) struct Writer {
    out: mcap::Writer<NoSeek<BufWriter<File>>>,
    file: File,
    /// The channels of sockets; each place is kept, so that its address is nobody else's.
    channels: HashMap<(usize, Direction), (Arc<Place>, u16)>,
    schema: u16,
    /// Those of calls, by the node.
    call_channels: HashMap<Arc<str>, u16>,
    calls_schema: u16,
    events: u16,
    gaps: u16,
    /// How many messages each channel has, their bytes, and how many are missing.
    figures: BTreeMap<u16, Figures>,
    topics: BTreeMap<String, u16>,
    buffer: Vec<u8>,
}

/// What a channel has.
#[derive(Clone, Copy, Default, Debug)]
struct Figures {
    messages: u64,
    bytes: u64,
    missing: u64,
}

impl Writer {
    /// Begins a file, which must not be there; only its owner may read it.
    ///
    /// # Errors
    ///
    /// When it is there, or cannot be written.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = opened.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                let why = "it is there already, and no file is ever overwritten";
                return io::Error::new(error.kind(), why);
            }
            error
        })?;
        let options = WriteOptions::new()
            .profile(PROFILE)
            .library(format!("zrig {}", env!("CARGO_PKG_VERSION")))
            .compression(Some(Compression::Lz4))
            .chunk_size(Some(CHUNK))
            // A chunk is written when it is whole, so that none is half there.
            .disable_seeking(true);
        let out = NoSeek::new(BufWriter::with_capacity(TOGETHER, file.try_clone()?));
        let mut out = options.create(out).map_err(of)?;
        let messages = out.add_schema(MESSAGE, PROTOBUF, &schema::of_message()).map_err(of)?;
        let calls_schema = out.add_schema(CALLS, PROTOBUF, &schema::of_calls()).map_err(of)?;
        let anything = out.add_schema("zrig.Json", "jsonschema", br#"{"type":"object"}"#);
        let anything = anything.map_err(of)?;
        let events = out.add_channel(anything, EVENTS, "json", &BTreeMap::new()).map_err(of)?;
        let gaps = out.add_channel(anything, GAPS, "json", &BTreeMap::new()).map_err(of)?;
        // So that it is a recording from its first moment on.
        out.flush().map_err(of)?;
        Ok(Self {
            out,
            file,
            channels: HashMap::new(),
            schema: messages,
            call_channels: HashMap::new(),
            calls_schema,
            events,
            gaps,
            figures: BTreeMap::new(),
            topics: BTreeMap::new(),
            buffer: Vec::new(),
        })
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn message(&mut self, passed: &Passed, peer: Option<&str>) -> io::Result<()> {
        let channel = self.channel(&passed.place, passed.direction)?;
        let figures = self.figures.entry(channel).or_default();
        figures.messages += 1;
        figures.bytes += passed.frames.iter().map(|frame| frame.len() as u64).sum::<u64>();
        self.buffer.clear();
        Message::write(&passed.frames, peer, &mut self.buffer);
        write(&mut self.out, channel, passed.number, passed.at, &self.buffer)
    }

    /// Writes calls of a node's handlers, so many of which are missing before them.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn calls(&mut self, calls: &node::Calls, missing: u64) -> io::Result<()> {
        let channel = match self.call_channels.get(&calls.instance) {
            Some(channel) => *channel,
            None => self.call_channel(&calls.instance)?,
        };
        let figures = self.figures.entry(channel).or_default();
        figures.messages += calls.calls.len() as u64;
        figures.missing += missing;
        self.buffer.clear();
        // There always is room in memory.
        let _ = Calls::of(calls, missing).encode(&mut self.buffer);
        write(&mut self.out, channel, 0, calls.at, &self.buffer)
    }

    fn call_channel(&mut self, instance: &Arc<str>) -> io::Result<u16> {
        let (topic, about) = (calls::topic(instance), calls::about(instance));
        let channel = self.out.add_channel(self.calls_schema, &topic, PROTOBUF, &about);
        let channel = channel.map_err(of)?;
        if self.call_channels.len() >= REMEMBERED {
            self.call_channels.clear();
        }
        self.call_channels.insert(Arc::clone(instance), channel);
        self.topics.insert(topic, channel);
        Ok(channel)
    }

    /// Notes that messages are missing here.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn gap(
        &mut self,
        place: &Arc<Place>,
        direction: Direction,
        messages: u64,
        (since, until): (SystemTime, SystemTime),
    ) -> io::Result<()> {
        let told = serde_json::json!({
            "node": &*place.instance,
            "socket": &*place.socket,
            "direction": direction,
            "messages": messages,
            "since": seconds(since),
            "until": seconds(until),
        });
        self.known_gap(since, &told, Some((place, direction)))
    }

    /// Notes that messages are missing as a recording has it, and counts them where it is known of what they are.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn known_gap(
        &mut self,
        at: SystemTime,
        gap: &Value,
        of: Option<(&Arc<Place>, Direction)>,
    ) -> io::Result<()> {
        if let Some((place, direction)) = of {
            let channel = self.channel(place, direction)?;
            let messages = gap["messages"].as_u64().unwrap_or_default();
            let missing = &mut self.figures.entry(channel).or_default().missing;
            *missing = missing.saturating_add(messages);
        }
        write(&mut self.out, self.gaps, 0, at, gap.to_string().as_bytes())
    }

    /// Writes something that happened.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn event(&mut self, at: SystemTime, happened: &Value) -> io::Result<()> {
        write(&mut self.out, self.events, 0, at, happened.to_string().as_bytes())
    }

    /// Puts the texts in that a version of the topology was read from, as they may be shown; the
    /// topology's own is the first.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn texts(
        &mut self,
        generation: u64,
        at: SystemTime,
        texts: &[(String, Arc<str>)],
    ) -> io::Result<()> {
        for (path, text) in texts {
            let attachment = Attachment {
                log_time: nanoseconds(at),
                create_time: nanoseconds(at),
                name: path.clone(),
                media_type: "text/plain".to_owned(),
                data: text.as_bytes().into(),
            };
            self.out.attach(&attachment).map_err(of)?;
        }
        let file = texts.first().map(|(path, _)| path.clone()).unwrap_or_default();
        let fields = [
            ("generation".to_owned(), generation.to_string()),
            ("file".to_owned(), file),
            ("time".to_owned(), nanoseconds(at).to_string()),
        ];
        let metadata = Metadata { name: TEXTS.to_owned(), metadata: fields.into() };
        self.out.write_metadata(&metadata).map_err(of)
    }

    /// Has all that was given so far written, so that it can be read whatever happens to this process;
    /// how many bytes the file has then.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        self.out.flush().map_err(of)?;
        self.file.metadata().map(|about| about.len())
    }

    /// Has what is written survive the machine's end too.
    ///
    /// # Errors
    ///
    /// When the system cannot say that it does.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Writes the index, without which a file is one that was broken off.
    ///
    /// # Errors
    ///
    /// When the file takes no more.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        let named = |figure: fn(&Figures) -> u64| {
            let of_topics = self.topics.iter().map(|(topic, channel)| {
                let figures = self.figures.get(channel).copied().unwrap_or_default();
                (topic.clone(), figure(&figures).to_string())
            });
            of_topics.collect::<BTreeMap<_, _>>()
        };
        let (bytes, missing) = (named(|it| it.bytes), named(|it| it.missing));
        let calls = self.call_channels.iter().map(|(instance, channel)| {
            let figures = self.figures.get(channel).copied().unwrap_or_default();
            (calls::topic(instance), figures.messages.to_string())
        });
        let calls = calls.collect();
        for (name, metadata) in [("bytes", bytes), ("missing", missing), ("calls", calls)] {
            let metadata = Metadata { name: format!("{FIGURES}{name}"), metadata };
            self.out.write_metadata(&metadata).map_err(of)?;
        }
        self.out.finish().map_err(of)?;
        self.file.sync_data()?;
        self.file.metadata().map(|about| about.len())
    }

    /// The channel of a socket and direction.
    fn channel(&mut self, place: &Arc<Place>, direction: Direction) -> io::Result<u16> {
        let key = (Arc::as_ptr(place) as usize, direction);
        if let Some((_, channel)) = self.channels.get(&key) {
            return Ok(*channel);
        }
        let topic = topic(place, direction);
        let about = about(place, direction);
        let channel = self.out.add_channel(self.schema, &topic, PROTOBUF, &about).map_err(of)?;
        if self.channels.len() >= REMEMBERED {
            self.channels.clear();
        }
        self.channels.insert(key, (Arc::clone(place), channel));
        self.topics.insert(topic, channel);
        Ok(channel)
    }
}

fn write<W: Write + io::Seek>(
    out: &mut mcap::Writer<W>,
    channel_id: u16,
    sequence: u32,
    at: SystemTime,
    data: &[u8],
) -> io::Result<()> {
    let time = nanoseconds(at);
    let header = MessageHeader { channel_id, sequence, log_time: time, publish_time: time };
    out.write_to_known_channel(&header, data).map_err(of)
}

/// A time as MCAP has it: since the epoch.
pub(super) fn nanoseconds(at: SystemTime) -> u64 {
    nanos(since_epoch(at))
}

fn seconds(at: SystemTime) -> f64 {
    since_epoch(at).as_secs_f64()
}

/// What the system said, without what the library adds.
fn of(error: McapError) -> io::Error {
    if let McapError::Io(error) = error {
        return error;
    }
    io::Error::other(error)
}
