//! One tap: from the messages of nodes to lines of JSON for a client.
//!
//! Owns the thread of a tap and its pace. It takes what fits, so that neither a slow client nor a
//! slow filter ever holds up a node; the rest is counted and told.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::protocol::{Failed, Message, Reply};
use super::reading::{Opened, share};
use crate::node::{Direction, Interceptors, TapReader, Target};
use crate::script::{Engine, Filter, STACK_BYTES, SocketView};
use crate::supervisor::Roster;

/// Messages that may wait for a tap.
const ROOM: u32 = 4096;
/// How often a tap looks for messages; nodes wake nobody.
const TICK: Duration = Duration::from_millis(10);
/// Effort that a tap gets back with each tick. A saturated node has more messages than anybody
/// reads, and each one shown costs the machine time that its nodes want.
const EFFORT_PER_TICK: u64 = 300;
/// Effort that a tap begins with.
const EFFORT_FIRST: u64 = 30_000;
/// Effort that a tap may have saved up while little passed.
const EFFORT_MOST: u64 = 100_000;
/// The effort of looking at a message.
const LOOK: u64 = 1;
/// The effort of showing it.
const SHOW: u64 = 10;
/// Bytes that may wait for a client before no more messages are read for it.
const UNSENT_MOST: usize = 256 << 10;
/// How often it is said that messages were dropped.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What a client wants to see.
pub(super) struct Wish {
    pub(super) target: Target,
    pub(super) direction: Option<Direction>,
    pub(super) filter: Option<String>,
}

/// Starts the thread of a tap. `slot` is given back when it ends.
///
/// # Errors
///
/// When the system gives no thread.
pub(super) fn start(
    wish: Wish,
    stream: UnixStream,
    interceptors: Arc<Interceptors>,
    roster: watch::Receiver<Arc<Roster>>,
    slot: impl Send + 'static,
) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("tap".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || {
        // A client that has gone ends the tap, and there is nobody to tell.
        let _ = tap(wish, stream, &interceptors, roster);
        drop(slot);
    })?;
    Ok(())
}

fn tap(
    wish: Wish,
    mut stream: UnixStream,
    interceptors: &Arc<Interceptors>,
    roster: watch::Receiver<Arc<Roster>>,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(TICK))?;
    let engine = Rc::new(Engine::new());
    let filter = match wish.filter.as_deref().map(|text| Filter::compile(&engine, text)) {
        None => None,
        Some(Ok(filter)) => Some(filter),
        Some(Err(faults)) => {
            let text = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            return stream.write_all(&Reply::Failed(Failed::invalid(text)).line());
        }
    };
    let reader = interceptors.tap(wish.target.clone(), wish.direction, ROOM);
    let mut tap = Tap {
        watched: Watched { target: wish.target, roster, generation: 0, is_there: true },
        reader,
        filter,
        effort: EFFORT_FIRST,
        unsent: Vec::new(),
        told: Instant::now(),
        dropped: 0,
        unfiltered: (0, String::new()),
    };
    let instances = tap.watched.instances();
    tap.say(&Reply::Tapping(instances));
    tap.run(&mut stream)
}

struct Tap {
    watched: Watched,
    reader: TapReader,
    filter: Option<Filter>,
    effort: u64,
    unsent: Vec<u8>,
    told: Instant,
    /// How many dropped messages were told.
    dropped: u64,
    /// Messages that the filter failed for, and why the last time.
    unfiltered: (u64, String),
}

impl Tap {
    fn run(&mut self, stream: &mut UnixStream) -> io::Result<()> {
        loop {
            self.effort = (self.effort + EFFORT_PER_TICK).min(EFFORT_MOST);
            let taken = self.take();
            self.tell(taken == 0);
            let is_over = self.watched.changed(&mut self.unsent);
            self.send(stream)?;
            if is_over {
                return Ok(());
            }
            // What a client says meanwhile means nothing, but its end does; the wait is the tick.
            match stream.read(&mut [0; 256]) {
                Ok(0) => return Ok(()),
                Ok(_) => std::thread::sleep(TICK),
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes what waits, as far as effort and the client's pace allow; how many that was.
    fn take(&mut self) -> u64 {
        let mut taken = 0;
        while self.effort >= SHOW && self.unsent.len() < UNSENT_MOST {
            let Some(passed) = self.reader.try_next() else { break };
            taken += 1;
            let opened = Opened::of(passed);
            self.effort -= LOOK;
            if self.wants(&opened) {
                self.effort -= SHOW - LOOK;
                self.show(opened.read());
            }
        }
        if taken > 0 {
            self.reader.give_credit(taken);
        }
        taken
    }

    fn wants(&mut self, opened: &Opened) -> bool {
        let Some(filter) = &mut self.filter else { return true };
        let place = &opened.place;
        let socket_view = SocketView {
            name: (&*place.socket).into(),
            role: place.role,
            format: place.format,
            msgid: 0,
        };
        filter.wants(share(&opened.inbound), &socket_view).unwrap_or_else(|error| {
            self.unfiltered = (self.unfiltered.0 + 1, error);
            false
        })
    }

    fn show(&mut self, message: Message) {
        self.say(&Reply::Message(Box::new(message)));
    }

    fn say(&mut self, reply: &Reply) {
        self.unsent.extend(reply.line());
    }

    /// Says what was not shown: after a second, or when nothing more comes.
    fn tell(&mut self, is_quiet: bool) {
        let dropped = self.reader.dropped() - self.dropped;
        let is_due = self.told.elapsed() >= TELL_EVERY;
        if dropped + self.unfiltered.0 == 0 || !(is_due || is_quiet) {
            return;
        }
        if self.unsent.len() >= UNSENT_MOST {
            return;
        }
        self.told = Instant::now();
        if dropped > 0 {
            self.dropped += dropped;
            self.say(&Reply::Dropped(dropped));
        }
        let (count, error) = std::mem::take(&mut self.unfiltered);
        if count > 0 {
            self.say(&Reply::Unfiltered { count, error });
        }
    }

    /// Writes what the client takes now.
    fn send(&mut self, stream: &mut UnixStream) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if is_timeout(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is looked at, while the topology changes.
struct Watched {
    target: Target,
    roster: watch::Receiver<Arc<Roster>>,
    generation: u64,
    is_there: bool,
}

impl Watched {
    fn instances(&mut self) -> Vec<String> {
        let roster = Arc::clone(&self.roster.borrow_and_update());
        self.generation = roster.generation;
        let found = roster.find(&self.target).unwrap_or_default();
        found.iter().map(|entry| entry.instance.to_string()).collect()
    }

    /// Says when what is looked at has gone or come back; whether the run is over.
    fn changed(&mut self, out: &mut Vec<u8>) -> bool {
        match self.roster.has_changed() {
            Ok(false) => return false,
            Ok(true) => {}
            Err(_) => return true,
        }
        let roster = Arc::clone(&self.roster.borrow_and_update());
        let found = roster.find(&self.target);
        if found.is_ok() != self.is_there {
            self.is_there = found.is_ok();
            let target = &self.target;
            let note = match found {
                Ok(_) => format!("{target} is there again (generation {})", roster.generation),
                Err(_) if roster.entries.is_empty() => "the run is over".to_owned(),
                Err(why) => format!(
                    "{target} is gone since generation {}: {why}; it is shown again when it is back",
                    roster.generation
                ),
            };
            out.extend(Reply::Note(note).line());
        }
        false
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        || error.kind() == io::ErrorKind::Interrupted
}
