//! What happens in a running topology, as events: nodes emit them, observers interpret them.
//!
//! Owns [`Event`] and the queue to the observers. A node never waits for an observer: when the
//! queue is full an event is dropped and counted.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use crate::counters::DropReason;
use crate::lock::locked;
use crate::script::{HandlerError, Level};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// The node, with its copy's number where it is replicated; empty for the whole topology.
    pub node: Arc<str>,
    /// The socket, if one is concerned.
    pub socket: Option<Arc<str>>,
    /// What happened.
    pub kind: EventKind,
    /// How many times more the same happened since it was last told.
    pub repeated: u64,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A handler printed or logged.
    Log {
        /// How much it matters.
        level: Level,
        /// The text.
        text: String,
    },
    /// A socket accepts peers at this endpoint.
    Bound {
        /// Where, with the port that the system chose.
        endpoint: String,
    },
    /// Figures are served at this address.
    Serving {
        /// Host and port.
        address: String,
    },
    /// A handler failed.
    HandlerFailed {
        /// The message with the place in the script.
        error: String,
        /// The same for machines: the place, and how it got there. None where no call was it.
        fault: Option<Arc<HandlerError>>,
    },
    /// A call of a handler took long, and other nodes have the same thread.
    LongCall {
        /// Which handler, and where it is written.
        handler: String,
        /// How many milliseconds it took.
        took_ms: u64,
        /// How many of them the others waited on end, if they had to.
        held_ms: Option<u64>,
        /// The names of the others.
        others: String,
    },
    /// A message did not fit its socket's format.
    Malformed {
        /// Why, and how it begins.
        message: String,
    },
    /// A message could not be delivered.
    Dropped {
        /// Why.
        reason: DropReason,
        /// How many at once.
        count: u64,
    },
    /// A socket was closed, and its linger was over before it had sent everything.
    Unsent {
        /// For whom.
        endpoint: String,
        /// How many messages were dropped.
        count: u64,
    },
    /// The run is over, and messages of a link inside the file never arrived.
    Lost {
        /// From where to where.
        flow: String,
        /// How many.
        lost: u64,
        /// Of how many.
        sent: u64,
        /// Whether the pattern drops what a full queue does not take.
        dropped: bool,
    },
    /// A peer's handshake failed.
    HandshakeFailed {
        /// Why, in plain words.
        why: String,
        /// With whom.
        endpoint: String,
    },
    /// A connection is up.
    PeerConnected {
        /// With whom.
        endpoint: String,
    },
    /// A connection is gone.
    PeerDisconnected {
        /// With whom.
        endpoint: String,
    },
    /// A connection of a socket with `maxmsgsize` is gone, perhaps for a message that was larger.
    LimitedPeerGone {
        /// With whom.
        endpoint: String,
        /// The limit, in bytes.
        maxmsgsize: i64,
    },
    /// An endpoint that a socket connects to has had no connection for a while.
    Unreached {
        /// The endpoint.
        endpoint: String,
        /// For how long.
        waited: Duration,
        /// Why, as far as libzmq tells.
        why: Option<String>,
    },
    /// The node ends, and messages still waited for a connection.
    NeverSent {
        /// To which endpoint.
        endpoint: String,
        /// How many.
        count: u64,
    },
    /// A link inside the file did not come up before the start.
    LinkMissing {
        /// Which one, and what it waits for.
        link: String,
    },
    /// A source or a sink had an error.
    FileFailed {
        /// What was done to which file, and what the system said.
        error: String,
    },
    /// A file keeps its node waiting, or no longer does.
    FileWaits {
        /// Which file, and for what.
        text: String,
    },
    /// Lines were not written before their node had to close: the run did not do all it should.
    Unwritten {
        /// How many, and to which file.
        error: String,
    },
    /// Something in the runner itself went wrong; the node goes on.
    Panicked {
        /// What it said.
        message: String,
    },
    /// The control socket is not where it is wanted first.
    ControlSocketElsewhere {
        /// Where it is, and why not there.
        text: String,
    },
    /// Nobody outside can look into the run.
    NoControlSocket {
        /// Why.
        error: String,
    },
    /// Something in a node could not be done.
    Failed {
        /// What and why.
        error: String,
    },
    /// So many more events of one kind, each different, were not told.
    More {
        /// How many.
        count: u64,
    },
    /// The state of a node's handlers has become large.
    StateLarge {
        /// How many bytes it takes.
        bytes: u64,
        /// How many it may take.
        limit: u64,
    },
    /// The node starts anew after a failed handler.
    Restarting {
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// The whole topology should end.
    StopRequested {
        /// The exit status.
        status: u8,
        /// Who wants it, or why.
        why: String,
    },
}

impl Event {
    /// About how many bytes of text it has: those that users and peers can make long.
    #[must_use]
    pub fn size(&self) -> usize {
        self.kind.text().len()
    }
}

impl EventKind {
    /// What users and peers say in it, which can be long.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Log { text, .. }
            | Self::FileWaits { text }
            | Self::ControlSocketElsewhere { text } => text,
            Self::HandlerFailed { error, .. }
            | Self::FileFailed { error }
            | Self::Unwritten { error }
            | Self::Failed { error }
            | Self::NoControlSocket { error } => error,
            Self::Malformed { message } | Self::Panicked { message } => message,
            Self::HandshakeFailed { why, .. } | Self::StopRequested { why, .. } => why,
            Self::Bound { .. }
            | Self::Serving { .. }
            | Self::Dropped { .. }
            | Self::Unsent { .. }
            | Self::Lost { .. }
            | Self::PeerConnected { .. }
            | Self::PeerDisconnected { .. }
            | Self::LimitedPeerGone { .. }
            | Self::LinkMissing { .. }
            | Self::StateLarge { .. }
            | Self::Unreached { .. }
            | Self::NeverSent { .. }
            | Self::LongCall { .. }
            | Self::More { .. }
            | Self::Restarting { .. } => "",
        }
    }

    /// Whether it makes a run that ends well a failed one.
    fn is_failure(&self) -> bool {
        matches!(self, Self::Unwritten { .. })
    }

    /// With which exit status the whole topology should end, if it should.
    #[must_use]
    pub fn exit_status(&self) -> Option<u8> {
        if let Self::StopRequested { status, .. } = self { Some(*status) } else { None }
    }
}

/// How many events are taken together at most.
const TOGETHER: usize = 64;

/// How many events may wait for the observers.
const QUEUE: usize = 65_536;
/// How many bytes of text they may have together.
const QUEUE_BYTES: usize = 64 << 20;

/// An event with the time at which it was told.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: Event,
}

impl Stamped {
    /// An event of this moment.
    #[must_use]
    pub fn now(event: Event) -> Self {
        Self { at: SystemTime::now(), event }
    }
}

/// What tellers and observers share.
#[derive(Default, Debug)]
struct Shared {
    /// Events that there was no room for.
    lost: AtomicU64,
    /// Bytes of text in the queue.
    bytes: AtomicUsize,
    /// The first request to end the run that there was no room for: it is never lost.
    stop: Mutex<Option<Stamped>>,
    /// Whether a run that ends now has not done all it should.
    failed: AtomicBool,
}

/// Where nodes put events.
#[derive(Clone, Debug)]
pub struct Events {
    queue: mpsc::Sender<Stamped>,
    shared: Arc<Shared>,
}

/// Where the observers take them.
#[derive(Debug)]
pub struct EventReader {
    queue: mpsc::Receiver<Stamped>,
    shared: Arc<Shared>,
}

/// A queue of events.
#[must_use]
pub fn events() -> (Events, EventReader) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let shared = Arc::new(Shared::default());
    let events = Events { queue: sender, shared: Arc::clone(&shared) };
    (events, EventReader { queue: receiver, shared })
}

impl Events {
    /// Queues an event, or counts it as lost when the observers are far behind.
    pub fn emit(&self, event: Event) {
        if event.kind.is_failure() {
            self.shared.failed.store(true, Relaxed);
        }
        let told = Stamped::now(event);
        let size = told.event.size();
        let refused = if self.shared.bytes.fetch_add(size, Relaxed) > QUEUE_BYTES {
            Some(told)
        } else {
            self.queue.try_send(told).err().map(mpsc::error::TrySendError::into_inner)
        };
        let Some(refused) = refused else { return };
        self.shared.bytes.fetch_sub(size, Relaxed);
        self.shared.lost.fetch_add(1, Relaxed);
        if refused.event.kind.exit_status().is_some() {
            locked(&self.shared.stop).get_or_insert(refused);
        }
    }
}

impl EventReader {
    /// The next event; `None` when every emitter is gone.
    pub async fn next(&mut self) -> Option<Stamped> {
        if let Some(stop) = self.stop_without_room() {
            return Some(stop);
        }
        let told = self.queue.recv().await;
        self.taken(told.as_slice());
        told
    }

    /// The next event and those that wait behind it, some dozens at most; none when every emitter is
    /// gone.
    pub async fn next_ones(&mut self) -> Vec<Stamped> {
        let mut events = Vec::new();
        self.queue.recv_many(&mut events, TOGETHER).await;
        self.taken(&events);
        events.extend(self.stop_without_room());
        events
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<Stamped> {
        let told = self.queue.try_recv().ok();
        self.taken(told.as_slice());
        told.or_else(|| self.stop_without_room())
    }

    /// Whether anything was told, lost events included, after which a run has not ended well.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.shared.failed.load(Relaxed)
    }

    /// How many events were lost since this was last asked.
    pub fn take_lost(&self) -> u64 {
        self.shared.lost.swap(0, Relaxed)
    }

    /// A request to end the run that found the queue full. What is in the queue wakes the reader.
    fn stop_without_room(&self) -> Option<Stamped> {
        locked(&self.shared.stop).take()
    }

    fn taken(&self, events: &[Stamped]) {
        let bytes = events.iter().map(|told| told.event.size()).sum();
        self.shared.bytes.fetch_sub(bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind) -> Event {
        Event { node: "a".into(), socket: None, kind, repeated: 0 }
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_the_end_is_never_lost() {
        let (emitter, mut reader) = events();
        let text = "x".repeat(1 << 20);
        for _ in 0..200 {
            emitter.emit(event(EventKind::Log { level: Level::Info, text: text.clone() }));
        }
        emitter.emit(event(EventKind::StopRequested { status: 3, why: String::new() }));
        let mut kept = 0;
        let mut ended = None;
        while let Some(told) = reader.try_next() {
            kept += 1;
            ended = ended.or(told.event.kind.exit_status());
        }
        assert!((60..70).contains(&kept), "{kept}");
        assert_eq!((ended, reader.take_lost() + kept), (Some(3), 202));
        assert_eq!(reader.shared.bytes.load(Relaxed), 0);
        // There is room again.
        emitter.emit(event(EventKind::Log { level: Level::Info, text }));
        assert!(reader.try_next().is_some());
    }
}
