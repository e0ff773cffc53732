//! A bounded queue to a thread or task that whoever reads its output may hold up.
//!
//! Owns that nobody who puts something in ever waits, and that what there is no room for is counted
//! in its place. Never knows what an entry is.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::lock::locked;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Entries.
    pub(crate) entries: usize,
    /// Bytes of all entries together; a single one is always taken.
    pub(crate) bytes: usize,
}

/// What comes out of a backlog.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Item<T> {
    /// What was put in.
    Entry(T),
    /// So many entries found no room here.
    Missing(u64),
}

/// Entries on their way to a thread or a task.
#[derive(Debug)]
pub(crate) struct Backlog<T> {
    room: Room,
    state: Mutex<State<T>>,
    /// For threads.
    changed: Condvar,
    /// For a task.
    arrived: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(Item<T>, usize)>,
    bytes: usize,
    closed: bool,
    /// How many threads wait, since waking nobody costs a system call too.
    waiting: usize,
    /// How many entries the thread has taken and not got done.
    in_hand: u64,
    /// How often the thread has got something done.
    steps: u64,
    done: bool,
}

impl<T> Item<T> {
    /// How many entries it stands for.
    fn count(&self) -> u64 {
        match self {
            Self::Entry(_) => 1,
            Self::Missing(count) => *count,
        }
    }
}

impl<T> Backlog<T> {
    pub(crate) fn new(room: Room) -> Self {
        let state = State {
            items: VecDeque::new(),
            bytes: 0,
            closed: false,
            waiting: 0,
            in_hand: 0,
            steps: 0,
            done: false,
        };
        Self { room, state: Mutex::new(state), changed: Condvar::new(), arrived: Notify::new() }
    }

    /// Puts an entry in, or counts it as missing; never waits.
    pub(crate) fn put(&self, entry: T, bytes: usize) {
        self.add(entry, bytes, false);
    }

    /// The same, but for what is `urgent` there is always room.
    pub(crate) fn add(&self, entry: T, bytes: usize, urgent: bool) {
        let mut state = locked(&self.state);
        let fits = urgent
            || state.items.len() < self.room.entries
                && (state.bytes + bytes <= self.room.bytes || state.bytes == 0);
        if fits {
            state.bytes += bytes;
            state.items.push_back((Item::Entry(entry), bytes));
        } else if let Some((Item::Missing(count), _)) = state.items.back_mut() {
            *count += 1;
        } else {
            state.items.push_back((Item::Missing(1), 0));
        }
        self.tell(state);
    }

    /// Wakes whoever waits for a change of the state.
    fn tell(&self, state: MutexGuard<'_, State<T>>) {
        let waiting = state.waiting;
        drop(state);
        if waiting > 0 {
            self.changed.notify_all();
        }
        self.arrived.notify_one();
    }

    /// The next entry, for the one task that reads them; none for ever when no more come.
    pub(crate) async fn next(&self) -> Option<Item<T>> {
        loop {
            let arrived = self.arrived.notified();
            let (next, closed) = {
                let mut state = locked(&self.state);
                (state.pop(), state.closed)
            };
            if next.is_some() || closed {
                return next;
            }
            arrived.await;
        }
    }

    /// The next entry, if one waits.
    pub(crate) fn try_next(&self) -> Option<Item<T>> {
        locked(&self.state).pop()
    }

    /// Takes entries of about so many bytes, in order, as soon as there are any; none when `until`
    /// is over, and none for ever when the backlog was closed and is empty.
    pub(crate) fn take(&self, bytes: usize, until: Option<Instant>) -> Option<Vec<Item<T>>> {
        let mut state = locked(&self.state);
        loop {
            if !state.items.is_empty() {
                break;
            }
            if state.closed {
                return None;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            state = self.wait(state, left);
        }
        let mut taken = Vec::new();
        let mut sum = 0;
        while sum <= bytes {
            let before = state.bytes;
            let Some(item) = state.pop() else { break };
            // An entry without a text still makes a line.
            sum += before - state.bytes + 64;
            state.in_hand += item.count();
            taken.push(item);
        }
        Some(taken)
    }

    /// Whether something waits.
    pub(crate) fn is_empty(&self) -> bool {
        locked(&self.state).items.is_empty()
    }

    /// How many entries wait or are in the thread's hand.
    pub(crate) fn left(&self) -> u64 {
        let state = locked(&self.state);
        state.in_hand + state.items.iter().map(|(item, _)| item.count()).sum::<u64>()
    }

    /// Notes that the thread has got done what it took.
    pub(crate) fn step(&self) {
        let mut state = locked(&self.state);
        state.steps += 1;
        state.in_hand = 0;
        self.tell(state);
    }

    /// Notes that the thread is done with all.
    pub(crate) fn finish(&self) {
        let mut state = locked(&self.state);
        state.done = true;
        self.tell(state);
    }

    /// Lets whoever reads end once nothing waits any more.
    pub(crate) fn end_when_empty(&self) {
        let mut state = locked(&self.state);
        state.closed = true;
        self.tell(state);
    }

    /// Lets the thread end, and waits for it as long as it gets something done at least once in
    /// `patience`, and `most` in all.
    pub(crate) fn close(&self, patience: Duration, most: Duration) {
        self.end_when_empty();
        let mut state = locked(&self.state);
        let latest = Instant::now() + most;
        let mut steps = state.steps;
        let mut until = Instant::now() + patience;
        while !state.done {
            let left = until.min(latest).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.wait(state, Some(left));
            if state.steps != steps {
                steps = state.steps;
                until = Instant::now() + patience;
            }
        }
    }

    fn wait<'s>(
        &self,
        mut state: MutexGuard<'s, State<T>>,
        left: Option<Duration>,
    ) -> MutexGuard<'s, State<T>> {
        state.waiting += 1;
        let mut state = match left {
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.waiting -= 1;
        state
    }
}

impl<T> State<T> {
    fn pop(&mut self) -> Option<Item<T>> {
        let (item, bytes) = self.items.pop_front()?;
        self.bytes -= bytes;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_finds_no_room_is_counted_in_its_place() {
        let backlog = Backlog::new(Room { entries: 3, bytes: 100 });
        for n in 0..5 {
            backlog.put(n, 1);
        }
        assert_eq!(
            backlog.take(0, None).unwrap(),
            [Item::Entry(0)],
            "one at least, whatever its size"
        );
        backlog.put(5, 1);
        let rest = backlog.take(10_000, None).unwrap();
        assert_eq!(rest, [Item::Entry(1), Item::Entry(2), Item::Missing(3)]);

        backlog.put(6, 1_000);
        backlog.put(7, 1);
        assert_eq!(backlog.take(10_000, None).unwrap(), [Item::Entry(6), Item::Missing(1)]);
        assert!(backlog.is_empty());
        assert_eq!(backlog.take(1, Some(Instant::now())).unwrap(), []);
    }

    #[test]
    fn an_end_waits_for_whoever_gets_on_and_for_nobody_else() {
        let backlog = Arc::new(Backlog::new(Room { entries: 100, bytes: 100 }));
        backlog.put((), 0);
        backlog.close(Duration::from_millis(10), Duration::from_secs(60));

        let backlog = Arc::new(Backlog::new(Room { entries: 100, bytes: 100 }));
        (0..20).for_each(|_| backlog.put((), 0));
        let reader = Arc::clone(&backlog);
        let thread = std::thread::spawn(move || {
            let mut taken = 0;
            while let Some(items) = reader.take(0, None) {
                std::thread::sleep(Duration::from_millis(1));
                taken += items.len();
                reader.step();
            }
            reader.finish();
            taken
        });
        backlog.close(Duration::from_secs(60), Duration::from_secs(60));
        assert_eq!(thread.join().unwrap(), 20);
    }
}
