//! The thread that reads a source, and the queue over which the node gets what it read.
//!
//! Owns every call that may keep a reader waiting: opening, a pipe without a writer, a terminal, a
//! file system that does not answer. The queue is bounded by bytes. Never looks into a record, and is
//! never joined: it may sit in a call that nobody ever ends.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::cutter::{Cutter, Piece};
use super::input::{Change, Input, Sort};
use crate::lock::locked;
use crate::node::emitter::Emitter;
use crate::simulation::Disk;
use crate::topology::{FileSpec, ReadFrom, ReadSpec};

/// How many bytes are read at once.
const READ: usize = 64 << 10;
/// How many bytes may wait for the node; a longer record waits alone.
const WAITING_MAX: usize = 512 << 10;
/// What an entry of the queue takes beside its bytes.
const ENTRY: usize = 64;
/// How long an input that has nothing just now is left alone.
const PAUSE: Duration = Duration::from_millis(5);
/// How often a file that is followed is looked at.
const FOLLOW: Duration = Duration::from_millis(100);
/// The stack of the thread, which only reads.
const STACK: usize = 256 << 10;

/// What was read.
#[derive(Debug)]
pub(super) enum Item {
    /// Whole records, or why something was left out.
    Piece(Piece),
    /// It cannot be read on.
    Failed(io::Error),
    /// There is no more.
    End,
}

/// What was read and waits for the node.
#[derive(Default, Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    arrived: Arc<Notify>,
    /// In a simulation, what it is filled from when it is empty: no thread does that.
    memory: Option<Mutex<Memory>>,
}

/// A file of a simulation, read at once.
#[derive(Debug)]
struct Memory {
    spec: ReadSpec,
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Memory {
    /// All records of the file from its beginning, or from where it is to be read.
    fn read(&mut self, items: &mut VecDeque<Item>) {
        if self.has_ended {
            return;
        }
        let mut cutter = Cutter::new(self.spec.format);
        let from = if self.spec.from == ReadFrom::End { self.bytes.len() } else { 0 };
        cutter.begin(self.spec.from, from as u64);
        cutter.add(&self.bytes[from..]);
        cutter.end();
        cutter.cut();
        let pieces = cutter.take();
        self.has_ended = pieces.is_empty() || !self.spec.repeat;
        items.extend(pieces.into_iter().map(Item::Piece));
        if self.has_ended && !self.spec.follow {
            items.push_back(Item::End);
        }
    }
}

#[derive(Default, Debug)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// Whether the node looked and found nothing.
    is_hungry: bool,
    is_closed: bool,
}

impl Queue {
    /// One that is filled from a file of a simulation: one that was written in it, or one that is there.
    /// Nobody writes to its standard input.
    pub(super) fn of_memory(spec: &ReadSpec, disk: &Disk) -> io::Result<Self> {
        let bytes = match &spec.file {
            FileSpec::Standard => Vec::new(),
            FileSpec::Path(path) => match disk.read(Some(path), 0) {
                Some(written) => written,
                None => match std::fs::read(path) {
                    Err(error) if error.kind() == ErrorKind::NotFound && spec.follow => Vec::new(),
                    read => read?,
                },
            },
        };
        let memory = Memory { spec: spec.clone(), bytes, has_ended: false };
        Ok(Self { memory: Some(Mutex::new(memory)), ..Self::default() })
    }

    /// What wakes the node when something is there.
    pub(super) fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }

    /// What was read next, if anything was.
    pub(super) fn take(&self) -> Option<Item> {
        let mut state = locked(&self.state);
        if let Some(memory) = self.memory.as_ref().filter(|_| state.items.is_empty()) {
            locked(memory).read(&mut state.items);
            return state.items.pop_front();
        }
        let item = state.items.pop_front();
        if let Some(item) = &item {
            state.bytes = state.bytes.saturating_sub(size_of_item(item));
        } else {
            state.is_hungry = true;
        }
        self.changed.notify_one();
        item
    }

    /// Ends the thread as soon as it is not inside a call of the system.
    pub(super) fn close(&self) {
        locked(&self.state).is_closed = true;
        self.changed.notify_one();
    }

    /// Adds what was read, when there is room for it; nothing if nobody wants it any more.
    fn put(&self, item: Item) -> Option<()> {
        let size = size_of_item(&item);
        let mut state =
            self.wait(|state| state.items.is_empty() || state.bytes + size <= WAITING_MAX)?;
        state.bytes += size;
        state.items.push_back(item);
        if std::mem::take(&mut state.is_hungry) {
            self.arrived.notify_one();
        }
        Some(())
    }

    /// Waits for a moment; nothing if nobody wants more.
    fn rest(&self, pause: Duration) -> Option<()> {
        std::thread::sleep(pause);
        (!locked(&self.state).is_closed).then_some(())
    }

    /// Waits until the node has taken all and wants more.
    fn wait_until_dry(&self) -> Option<()> {
        self.wait(|state| state.items.is_empty() && state.is_hungry).map(drop)
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> Option<MutexGuard<'_, State>> {
        let mut state = locked(&self.state);
        while !state.is_closed && !until(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (!state.is_closed).then_some(state)
    }
}

fn size_of_item(item: &Item) -> usize {
    match item {
        Item::Piece(Piece::Records(block, _)) => block.len() + ENTRY,
        Item::Piece(Piece::LeftOut(_)) | Item::Failed(_) | Item::End => ENTRY,
    }
}

/// The name of a source for people.
pub(super) fn name(file: &FileSpec) -> String {
    match file {
        FileSpec::Standard => "standard input".to_owned(),
        FileSpec::Path(path) => path.display().to_string(),
    }
}

/// The reading thread.
pub(super) struct Reader {
    spec: ReadSpec,
    queue: Arc<Queue>,
    emitter: Emitter,
    cutter: Cutter,
}

impl Reader {
    /// Starts the thread. `opened` hears whether the file could be opened; a pipe counts as open.
    pub(super) fn start(
        spec: &ReadSpec,
        queue: Arc<Queue>,
        emitter: Emitter,
        opened: oneshot::Sender<io::Result<()>>,
    ) -> io::Result<()> {
        let reader = Self { spec: spec.clone(), queue, emitter, cutter: Cutter::new(spec.format) };
        let thread = std::thread::Builder::new().name("zrig-read".to_owned()).stack_size(STACK);
        thread.spawn(move || reader.run(opened)).map(drop)
    }

    fn run(mut self, opened: oneshot::Sender<io::Result<()>>) {
        let mut opened = Some(opened);
        let Some(opening) = self.open(&mut opened) else { return };
        // A node that gave up waiting has said so, and hears of a failure as of one while reading.
        let opening = match (opening, opened) {
            (Ok(input), Some(opened)) => {
                drop(opened.send(Ok(())));
                Ok(input)
            }
            (Err(error), Some(opened)) => match opened.send(Err(error)) {
                Err(Err(error)) => Err(error),
                Ok(()) | Err(Ok(())) => return,
            },
            (opening, None) => opening,
        };
        // Where nobody wants it any more there is nobody to tell either.
        let _ = match opening {
            Ok(input) => self.read(input),
            Err(error) => self.queue.put(Item::Failed(error)),
        };
    }

    /// Opens the file, however long that takes; nothing if nobody wants it any more.
    fn open(
        &mut self,
        opened: &mut Option<oneshot::Sender<io::Result<()>>>,
    ) -> Option<io::Result<Input>> {
        let FileSpec::Path(path) = self.spec.file.clone() else {
            return Some(Ok(Input::Standard(io::stdin())));
        };
        let mut from = self.spec.from;
        loop {
            let sort = match Sort::of(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound && self.spec.follow => {
                    if from != ReadFrom::Start || opened.is_some() {
                        self.emitter
                            .waits(format!("waits for {}, which is not there", self.name()));
                    }
                    drop(opened.take().map(|opened| opened.send(Ok(()))));
                    // All of a file that comes later is new.
                    from = ReadFrom::Start;
                    self.queue.rest(FOLLOW)?;
                    continue;
                }
                Err(error) => return Some(Err(error)),
                Ok(sort) => sort,
            };
            if opened.is_none() && self.spec.follow {
                self.emitter.waits(format!("{} is there", self.name()));
            }
            if sort == Sort::Pipe {
                drop(opened.take().map(|opened| opened.send(Ok(()))));
                self.emitter.waits(format!("waits for a writer of {}", self.name()));
            }
            return match Input::open(&path, sort) {
                // It went in between.
                Err(error) if error.kind() == ErrorKind::NotFound && self.spec.follow => continue,
                Err(error) => Some(Err(error)),
                Ok(mut input) => Some(self.begin(&mut input, from).map(|()| input)),
            };
        }
    }

    /// Goes to where reading begins.
    fn begin(&mut self, input: &mut Input, from: ReadFrom) -> io::Result<()> {
        let byte = input.begin(from)?;
        self.cutter.begin(from, byte);
        Ok(())
    }

    /// Waits at the end of a file for more of it, or for another one in its place.
    fn wait_for_more(&mut self, input: &mut Input) -> Option<()> {
        self.hand_over()?;
        self.queue.rest(FOLLOW)?;
        let FileSpec::Path(path) = self.spec.file.clone() else { return Some(()) };
        let Ok(Some(change)) = input.change(&path) else { return Some(()) };
        if change == Change::Replaced {
            // What was written to it just before is read first.
            let mut room = vec![0; READ];
            while let Ok(read @ 1..) = input.read(&mut room) {
                self.cutter.add(&room[..read]);
                self.hand_over()?;
            }
        }
        let about = match change {
            Change::Replaced => {
                match Sort::of(&path).and_then(|sort| Input::open(&path, sort)) {
                    Ok(next) => *input = next,
                    // It has gone again, which the next look tells.
                    Err(_) => return Some(()),
                }
                "was replaced"
            }
            Change::CutOff => "has become shorter",
        };
        // Its last record ends with it.
        self.cutter.end();
        self.hand_over()?;
        self.emitter.waits(format!("{} {about}; reads it from its beginning", self.name()));
        match self.begin(input, ReadFrom::Start) {
            Ok(()) => Some(()),
            Err(error) => self.queue.put(Item::Failed(error)).and(None),
        }
    }

    fn name(&self) -> String {
        name(&self.spec.file)
    }

    /// Reads to the end; nothing if nobody wants it any more.
    fn read(&mut self, mut input: Input) -> Option<()> {
        let mut room = vec![0; READ];
        let mut looked_again = false;
        loop {
            match input.read(&mut room) {
                Ok(0) if self.spec.repeat && input.is_file() => {
                    // An empty file repeated would spin for ever.
                    self.cutter.end();
                    if self.cutter.is_at_start() {
                        break;
                    }
                    self.begin_again(&mut input)?;
                }
                Ok(0) if input.is_file() && self.spec.follow => self.wait_for_more(&mut input)?,
                Ok(0) if input.is_file() && !looked_again => {
                    // Whoever appends may go on until the node has come here.
                    self.hand_over()?;
                    self.queue.wait_until_dry()?;
                    looked_again = true;
                }
                Ok(0) => break,
                Ok(read) => {
                    looked_again = false;
                    self.cutter.add(&room[..read]);
                    self.give()?;
                    if self.cutter.waiting() >= READ || !input.is_file() {
                        self.hand_over()?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Standard input may be shared with somebody who wants it so.
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.queue.rest(PAUSE)?,
                Err(error) => {
                    self.hand_over()?;
                    return self.queue.put(Item::Failed(error));
                }
            }
        }
        self.cutter.end();
        self.hand_over()?;
        self.queue.put(Item::End)
    }

    /// Goes back to the beginning of a file.
    fn begin_again(&mut self, input: &mut Input) -> Option<()> {
        let is_slow = self.spec.interval.is_some();
        if is_slow || self.cutter.waiting() >= READ {
            self.hand_over()?;
        }
        if is_slow {
            // What is in the file by then is read.
            self.queue.wait_until_dry()?;
        }
        match self.begin(input, self.spec.from) {
            Ok(()) => Some(()),
            Err(error) => self.queue.put(Item::Failed(error)).and(None),
        }
    }

    /// Gives the node all whole records that there are.
    fn hand_over(&mut self) -> Option<()> {
        self.cutter.cut();
        self.give()
    }

    /// Gives the node what is cut already.
    fn give(&mut self) -> Option<()> {
        self.cutter.take().into_iter().try_for_each(|piece| self.queue.put(Item::Piece(piece)))
    }
}
