//! The way of events: from any thread to any number of readers.
//!
//! Owns who reads and what each wants to hear. Emitting never waits: every reader has a queue of its
//! own with an end to it, and one that is slow loses only its own and is told how many. The first
//! request to end the run finds room in every queue. Never knows what an event means.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use smallvec::SmallVec;

use super::kept::Kept;
use super::{Event, Stamped};
use crate::backlog::{Backlog, Item, Room};
use crate::clock;

/// How much may wait for a reader of everything.
const ROOM: Room = Room { entries: 65_536, bytes: 64 << 20 };

/// Where events are emitted; clones emit to the same readers.
#[derive(Clone, Debug)]
pub struct Events(Arc<Hub>);

/// A reader of events, with the queue that is its own.
#[derive(Debug)]
pub struct EventReader {
    queue: Arc<Backlog<Arc<Stamped>>>,
    hub: Weak<Hub>,
    number: u64,
}

/// What a reader hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// What happened.
    Event(Arc<Stamped>),
    /// So many events found no room here.
    Lost(u64),
}

/// A hub, and a first reader, of everything.
#[must_use]
pub fn events() -> (Events, EventReader) {
    let events = Events::new();
    let reader = events.subscribe(ROOM, |_| true);
    (events, reader)
}

#[derive(Default)]
struct Hub {
    readers: RwLock<Vec<Reader>>,
    next: AtomicU64,
    /// Whether a run that ends now has not done all it should.
    failed: AtomicBool,
    /// Whether a handler did.
    handlers_failed: AtomicBool,
    /// The last of what happened, where it is kept.
    kept: OnceLock<Arc<Kept>>,
}

/// A reader as emitters see it.
struct Reader {
    number: u64,
    wants: Box<dyn Fn(&Event) -> bool + Send + Sync>,
    queue: Box<dyn Queue>,
    /// Whether it was told that the run should end.
    ends: AtomicBool,
}

/// Where a reader's events go.
trait Queue: Send + Sync {
    /// Puts an event in, whatever else waits there if it is `urgent`.
    fn put(&self, told: &Arc<Stamped>, bytes: usize, urgent: bool);
    /// Nobody is left to emit anything.
    fn end(&self);
}

/// A queue of events alone ends with them.
impl Queue for Arc<Backlog<Arc<Stamped>>> {
    fn put(&self, told: &Arc<Stamped>, bytes: usize, urgent: bool) {
        self.add(Arc::clone(told), bytes, urgent);
    }

    fn end(&self) {
        self.end_when_empty();
    }
}

/// What is kept goes on making room for what comes.
impl Queue for Arc<Kept> {
    fn put(&self, told: &Arc<Stamped>, bytes: usize, _urgent: bool) {
        Kept::put(self, told, bytes);
    }

    fn end(&self) {}
}

/// A queue that has other entries too, in one order with the events, goes on without them.
struct Shared<T>(Arc<Backlog<T>>);

impl<T: From<Arc<Stamped>> + Send> Queue for Shared<T> {
    fn put(&self, told: &Arc<Stamped>, bytes: usize, urgent: bool) {
        self.0.add(Arc::clone(told).into(), bytes, urgent);
    }

    fn end(&self) {}
}

impl Events {
    /// A hub without readers.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// A reader of what is emitted from now on, as far as it wants it; it reads until it is dropped.
    #[must_use]
    pub(crate) fn subscribe(
        &self,
        room: Room,
        wants: impl Fn(&Event) -> bool + Send + Sync + 'static,
    ) -> EventReader {
        let queue = Arc::new(Backlog::new(room));
        let number = self.add(Box::new(wants), Box::new(Arc::clone(&queue)));
        EventReader { queue, hub: Arc::downgrade(&self.0), number }
    }

    /// Keeps the last of what is emitted from now on, as far as it is wanted, for readers that come
    /// later; to be called once.
    pub(crate) fn keep(&self, room: Room, wants: impl Fn(&Event) -> bool + Send + Sync + 'static) {
        let kept = Arc::new(Kept::new(room));
        if self.0.kept.set(Arc::clone(&kept)).is_ok() {
            self.add(Box::new(wants), Box::new(kept));
        }
    }

    /// A reader of everything that is emitted from now on, with the last that was kept, so many at most,
    /// and how many were before those. Nothing is in both, and nothing that is kept falls between.
    #[must_use]
    pub(crate) fn subscribe_after(
        &self,
        room: Room,
        last: usize,
    ) -> (Vec<Arc<Stamped>>, u64, EventReader) {
        let queue = Arc::new(Backlog::new(room));
        let number = self.0.next.fetch_add(1, Relaxed);
        let reader = Reader {
            number,
            wants: Box::new(|_| true),
            queue: Box::new(Arc::clone(&queue)),
            ends: AtomicBool::new(false),
        };
        // Whoever emits reads this: so no event is on its way to some readers and not yet to others.
        let mut readers = self.0.readers.write().unwrap_or_else(PoisonError::into_inner);
        let (kept, before) = self.0.kept.get().map_or((Vec::new(), 0), |kept| kept.last(last));
        readers.push(reader);
        (kept, before, EventReader { queue, hub: Arc::downgrade(&self.0), number })
    }

    /// Puts what is emitted from now on into a queue that others put something into as well, as far
    /// as its reader wants it.
    pub(crate) fn deliver<T: From<Arc<Stamped>> + Send + 'static>(
        &self,
        queue: &Arc<Backlog<T>>,
        wants: impl Fn(&Event) -> bool + Send + Sync + 'static,
    ) {
        self.add(Box::new(wants), Box::new(Shared(Arc::clone(queue))));
    }

    fn add(&self, wants: Box<dyn Fn(&Event) -> bool + Send + Sync>, queue: Box<dyn Queue>) -> u64 {
        let number = self.0.next.fetch_add(1, Relaxed);
        let reader = Reader { number, wants, queue, ends: AtomicBool::new(false) };
        self.0.readers.write().unwrap_or_else(PoisonError::into_inner).push(reader);
        number
    }

    /// Tells every reader that wants to hear it, from any thread and without waiting for any of them.
    pub fn emit(&self, event: Event) {
        if event.kind.is_failure() {
            self.0.failed.store(true, Relaxed);
        }
        if event.kind.is_of_a_handler() {
            self.0.handlers_failed.store(true, Relaxed);
        }
        let readers = self.0.readers.read().unwrap_or_else(PoisonError::into_inner);
        let wanting: SmallVec<[&Reader; 8]> =
            readers.iter().filter(|reader| (reader.wants)(&event)).collect();
        if wanting.is_empty() {
            return;
        }
        let bytes = event.size();
        let ends = event.kind.exit_status().is_some();
        let told = Arc::new(Stamped { at: clock::time_of_day(), event });
        for reader in wanting {
            // Once: a node may ask for the end again and again.
            let urgent = ends && !reader.ends.swap(true, Relaxed);
            reader.queue.put(&told, bytes, urgent);
        }
    }

    /// Whether any handler has failed.
    #[must_use]
    pub fn handlers_have_failed(&self) -> bool {
        self.0.handlers_failed.load(Relaxed)
    }

    /// Whether anything happened, heard or lost, after which a run has not ended well.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.0.failed.load(Relaxed)
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl EventReader {
    /// The next event; `None` when nobody is left to emit one.
    pub async fn next(&mut self) -> Option<Heard> {
        Some(self.queue.next().await?.into())
    }

    /// The next event that found room; `None` when nobody is left to emit one.
    pub async fn next_event(&mut self) -> Option<Arc<Stamped>> {
        loop {
            if let Heard::Event(told) = self.next().await? {
                return Some(told);
            }
        }
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<Heard> {
        Some(self.queue.try_next()?.into())
    }
}

impl Drop for EventReader {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let mut readers = hub.readers.write().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| reader.number != self.number);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let readers = self.readers.get_mut().unwrap_or_else(PoisonError::into_inner);
        readers.iter().for_each(|reader| reader.queue.end());
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readers = self.readers.read().map_or(0, |readers| readers.len());
        f.debug_struct("Hub").field("readers", &readers).finish_non_exhaustive()
    }
}

impl From<Item<Arc<Stamped>>> for Heard {
    fn from(item: Item<Arc<Stamped>>) -> Self {
        match item {
            Item::Entry(told) => Self::Event(told),
            Item::Missing(count) => Self::Lost(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::EventKind;
    use crate::script::Level;

    const SMALL: Room = Room { entries: 3, bytes: 1000 };
    const LARGE: Room = Room { entries: 1000, bytes: 1 << 20 };

    fn said(text: &str) -> Event {
        let kind = EventKind::Log { level: Level::Info, text: text.to_owned() };
        Event { node: "a".into(), socket: None, kind, repeated: 0 }
    }

    fn stop(status: u8) -> Event {
        let kind = EventKind::StopRequested { status, why: String::new() };
        Event { node: "a".into(), socket: None, kind, repeated: 0 }
    }

    /// What waits for a reader: the texts, `-N` where so many were lost, `=STATUS` for an end.
    fn heard(reader: &mut EventReader) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(heard) = reader.try_next() {
            all.push(match heard {
                Heard::Event(told) => match told.event.kind.exit_status() {
                    Some(status) => format!("={status}"),
                    None => told.event.kind.text().to_owned(),
                },
                Heard::Lost(count) => format!("-{count}"),
            });
        }
        all
    }

    #[test]
    fn a_slow_reader_loses_only_its_own_and_is_told_how_many() {
        let events = Events::new();
        let mut slow = events.subscribe(SMALL, |_| true);
        let mut quick = events.subscribe(LARGE, |_| true);
        for n in 0..6 {
            events.emit(said(&n.to_string()));
        }
        assert_eq!(heard(&mut slow), ["0", "1", "2", "-3"]);
        events.emit(said("6"));
        assert_eq!(heard(&mut slow), ["6"], "there is room again");
        assert_eq!(heard(&mut quick), ["0", "1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn room_is_also_counted_in_bytes() {
        let events = Events::new();
        let mut reader = events.subscribe(SMALL, |_| true);
        for _ in 0..3 {
            events.emit(said(&"x".repeat(600)));
        }
        assert_eq!(heard(&mut reader).last().map(String::as_str), Some("-2"));
    }

    #[test]
    fn the_first_request_to_end_the_run_finds_room_in_every_queue() {
        let events = Events::new();
        let mut all = events.subscribe(SMALL, |_| true);
        let mut ends = events.subscribe(SMALL, |event| event.kind.exit_status().is_some());
        for n in 0..5 {
            events.emit(said(&n.to_string()));
        }
        for status in 1..=6 {
            events.emit(stop(status));
        }
        // However many ask, the queue does not grow with them.
        assert_eq!(heard(&mut all), ["0", "1", "2", "-2", "=1", "-5"]);
        assert_eq!(heard(&mut ends), ["=1", "=2", "=3", "-3"]);
    }

    #[test]
    fn a_reader_hears_what_it_wants_from_when_it_came_until_it_goes() {
        let events = Events::new();
        events.emit(said("before"));
        let mut reader = events.subscribe(LARGE, |event| event.kind.text() != "unwanted");
        for text in ["one", "unwanted", "two"] {
            events.emit(said(text));
        }
        assert_eq!(heard(&mut reader), ["one", "two"]);
        drop(reader);
        assert!(events.0.readers.read().unwrap().is_empty());
        events.emit(said("after"));
    }

    #[test]
    fn a_queue_with_other_entries_keeps_the_order_of_all() {
        #[derive(PartialEq, Debug)]
        struct Entry(String);
        impl From<Arc<Stamped>> for Entry {
            fn from(told: Arc<Stamped>) -> Self {
                Self(told.event.kind.text().to_owned())
            }
        }
        let queue: Arc<Backlog<Entry>> = Arc::new(Backlog::new(LARGE));
        let events = Events::new();
        events.deliver(&queue, |_| true);
        events.emit(said("one"));
        queue.put(Entry("between".to_owned()), 0);
        events.emit(said("two"));
        drop(events);
        // It does not end with the events.
        queue.put(Entry("last".to_owned()), 0);
        let taken = queue.take(1 << 20, None).unwrap();
        let texts = ["one", "between", "two", "last"].map(|text| Entry(text.to_owned()));
        assert_eq!(taken, texts.map(Item::Entry));
    }

    #[test]
    fn a_waiting_reader_is_woken_from_any_thread_and_ends_with_the_last_emitter() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (events, mut reader) = events();
            let emitters: Vec<_> = (0..4)
                .map(|_| {
                    let events = events.clone();
                    std::thread::spawn(move || (0..1000).for_each(|_| events.emit(said("x"))))
                })
                .collect();
            drop(events);
            let all = async {
                let mut count = 0;
                while reader.next_event().await.is_some() {
                    count += 1;
                }
                count
            };
            let all = tokio::time::timeout(Duration::from_secs(60), all).await;
            assert_eq!(all, Ok(4000));
            emitters.into_iter().for_each(|emitter| emitter.join().unwrap());
        });
    }

    #[test]
    fn a_failure_is_known_though_nobody_heard_of_it() {
        let events = Events::new();
        assert!(!events.have_failed());
        events.emit(said("x"));
        assert!(!events.have_failed());
        let kind = EventKind::Unwritten { error: String::new() };
        events.emit(Event { node: "a".into(), socket: None, kind, repeated: 0 });
        assert!(events.have_failed());
    }
}
