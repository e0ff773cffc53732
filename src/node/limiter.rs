//! Keeping a flood of events down: what peers and broken handlers could cause without end.
//!
//! Owns how often the same is told, and that what was held back is counted and told at last. Two
//! Events are the same when they are of the same socket and read the same. Never tells by itself.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::Discriminant;
use std::time::{Duration, Instant};

use crate::event::EventKind;

/// How often the same event of the same socket is told.
const EVERY: Duration = Duration::from_secs(1);
/// How many different events of one kind and socket are told in that time; more are only counted.
const DIFFERENT: usize = 100;

/// A kind of event of a socket, or of the node as a whole.
type Kind = (Option<usize>, Discriminant<EventKind>);

/// The events of the last moment.
#[derive(Default)]
pub(super) struct Limiter {
    kinds: HashMap<Kind, Told>,
    /// When something that was held back is to be told.
    due: Option<Instant>,
}

#[derive(Default)]
struct Told {
    /// By their text.
    events: HashMap<u64, Once>,
    /// Events beyond those that are told, since then.
    more: Option<(Instant, u64)>,
}

struct Once {
    at: Instant,
    held: u64,
    /// What was held back last.
    kind: Option<EventKind>,
}

/// An event that was held back.
pub(super) struct Held {
    pub(super) socket: Option<usize>,
    pub(super) kind: EventKind,
    /// How many times more it came.
    pub(super) repeated: u64,
}

impl Limiter {
    /// Whether to tell it now, and how many were not told since.
    pub(super) fn admit(
        &mut self,
        socket: Option<usize>,
        kind: &EventKind,
        now: Instant,
    ) -> Option<u64> {
        let told = self.kinds.entry((socket, std::mem::discriminant(kind))).or_default();
        let text = hash_of(kind);
        if let Some(once) = told.events.get_mut(&text) {
            if now.duration_since(once.at) >= EVERY {
                once.at = now;
                once.kind = None;
                return Some(std::mem::take(&mut once.held));
            }
            once.held += 1;
            once.kind.get_or_insert_with(|| kind.clone());
            self.due = Some(self.due.unwrap_or(once.at + EVERY).min(once.at + EVERY));
            return None;
        }
        if told.events.len() >= DIFFERENT {
            told.events.retain(|_, once| once.held > 0 || now.duration_since(once.at) < EVERY);
        }
        if told.events.len() >= DIFFERENT {
            let since = told.more.map_or(now, |(since, _)| since);
            told.more = Some((since, told.more.map_or(1, |(_, count)| count + 1)));
            self.due = Some(self.due.unwrap_or(since + EVERY).min(since + EVERY));
            return None;
        }
        told.events.insert(text, Once { at: now, held: 0, kind: None });
        Some(0)
    }

    /// When [`Limiter::take_due`] has something.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What was held back for long enough.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Held> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.take(now, |at| now.duration_since(at) >= EVERY)
    }

    /// All that was held back.
    pub(super) fn take_all(&mut self, now: Instant) -> Vec<Held> {
        self.take(now, |_| true)
    }

    fn take(&mut self, now: Instant, is_over: impl Fn(Instant) -> bool) -> Vec<Held> {
        let mut taken = Vec::new();
        let mut due = None::<Instant>;
        let mut wait = |at: Instant| due = Some(due.map_or(at + EVERY, |due| due.min(at + EVERY)));
        for (&(socket, _), told) in &mut self.kinds {
            told.events.retain(|_, once| {
                if !is_over(once.at) {
                    if once.held > 0 {
                        wait(once.at);
                    }
                    return true;
                }
                let held = std::mem::take(&mut once.held);
                let kind = once.kind.take();
                once.at = now;
                let Some(kind) = kind.filter(|_| held > 0) else { return false };
                taken.push(Held { socket, kind, repeated: held - 1 });
                true
            });
            if let Some((since, count)) = told.more {
                if is_over(since) {
                    told.more = None;
                    taken.push(Held { socket, kind: EventKind::More { count }, repeated: 0 });
                } else {
                    wait(since);
                }
            }
        }
        self.kinds.retain(|_, told| !told.events.is_empty() || told.more.is_some());
        self.due = due;
        taken
    }
}

/// What an event says beside its kind; how many messages it is about does not make it another, nor
/// does the port of a peer that tries again and again.
fn hash_of(kind: &EventKind) -> u64 {
    let mut hasher = DefaultHasher::new();
    kind.text().hash(&mut hasher);
    if let EventKind::Dropped { reason, .. } = kind {
        reason.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(text: &str) -> EventKind {
        EventKind::HandlerFailed { error: text.to_owned(), fault: None }
    }

    fn shown(held: &[Held]) -> Vec<String> {
        let mut shown: Vec<String> =
            held.iter().map(|held| format!("{:?} {}", held.kind, held.repeated)).collect();
        shown.sort();
        shown
    }

    #[test]
    fn facts_are_the_same_by_their_text_and_socket_only_and_each_is_counted() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut limiter = Limiter::default();
        assert_eq!(limiter.admit(None, &failed("one"), at(0)), Some(0));
        assert_eq!(limiter.admit(None, &failed("two"), at(1)), Some(0));
        assert_eq!(limiter.admit(Some(1), &failed("one"), at(2)), Some(0));
        for millis in 3..10 {
            assert_eq!(limiter.admit(None, &failed("one"), at(millis)), None);
        }
        assert_eq!(limiter.admit(None, &failed("two"), at(10)), None);
        assert_eq!(limiter.due(), Some(at(1000)));
        assert_eq!(shown(&limiter.take_due(at(999))), [""; 0]);
        assert_eq!(
            shown(&limiter.take_due(at(1000))),
            ["HandlerFailed { error: \"one\", fault: None } 6"]
        );
        assert_eq!(limiter.due(), Some(at(1001)));
        // It comes by itself before it is looked for.
        assert_eq!(limiter.admit(None, &failed("two"), at(1500)), Some(1));
        assert_eq!(limiter.admit(None, &failed("one"), at(1501)), None);
        assert_eq!(
            shown(&limiter.take_all(at(1600))),
            ["HandlerFailed { error: \"one\", fault: None } 0"]
        );
        assert_eq!(limiter.due(), None);
        assert!(limiter.take_all(at(1700)).is_empty());
    }

    #[test]
    fn a_flood_of_different_facts_is_bounded_and_its_rest_counted() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        let told = (0..5000)
            .filter(|n| limiter.admit(None, &failed(&n.to_string()), start).is_some())
            .count();
        assert_eq!(told, DIFFERENT);
        let late = start + EVERY;
        assert_eq!(limiter.due(), Some(late));
        assert_eq!(shown(&limiter.take_due(late)), ["More { count: 4900 } 0"]);
        assert!(limiter.kinds.is_empty(), "what is over is forgotten");
        assert_eq!(limiter.admit(None, &failed("again"), late), Some(0));
    }
}
