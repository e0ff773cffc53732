//! What follows a call of a handler that takes long: others have their turn, and somebody says so.
//!
//! Owns what counts as long, and how often it is told. Where a call is interrupted is the guard's
//! in `script/`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Node;
use crate::event::EventKind;
use crate::fiber;
use crate::listing::some_of;
use crate::node::neighbours::Seat;

/// How much a call computes that is told as long.
pub(super) const LONG: Duration = Duration::from_millis(20);
/// How long the others wait on end that is told as long.
const HELD: Duration = Duration::from_millis(10);
/// How long a call takes that is told as long although nobody knows how much of it the system gave
/// to other programs, at once and when it has happened three times.
const CERTAIN: Duration = Duration::from_millis(200);
const SUSPICIONS: u8 = 3;

/// What a node knows of its long calls.
pub(super) struct Slowness {
    seat: Seat,
    suspicions: u8,
    told: bool,
    told_held: bool,
}

impl Slowness {
    pub(super) fn new(seat: Seat) -> Self {
        Self { seat, suspicions: 0, told: false, told_held: false }
    }

    /// Whether a call that took so long was a long one.
    fn is_long(&mut self, took: Duration, computed: Option<Duration>) -> bool {
        if let Some(computed) = computed {
            return computed >= LONG;
        }
        if took >= LONG {
            self.suspicions = self.suspicions.saturating_add(1);
        }
        took >= CERTAIN || self.suspicions >= SUSPICIONS
    }
}

impl Node {
    /// After a call, or the last of some, that took long or has used up the node's turn: says so if
    /// it was a long one, and lets the others have their turn if this one's is over.
    #[cold]
    pub(super) fn long_called(
        &mut self,
        (handler, socket): (&str, Option<usize>),
        (before, after): (Instant, Instant),
        due: Instant,
    ) {
        let took = after - before;
        if took >= LONG {
            let since_turn_began = (after + fiber::TURN).saturating_duration_since(due);
            self.judge(handler, socket, before, took, since_turn_began.min(took));
        }
        if after < due {
            return;
        }
        fiber::pause();
        if let Some(last) = &mut self.last_call {
            *last = Instant::now();
        }
    }

    /// Says of a call that it was long, if it was: once, and once more if it held the others up.
    fn judge(
        &mut self,
        handler: &str,
        socket: Option<usize>,
        before: Instant,
        took: Duration,
        stretch: Duration,
    ) {
        let others = self.slowness.seat.others();
        if others.is_empty() {
            return;
        }
        let (computed, held) = self.engine.last_call(before, stretch);
        if !self.slowness.is_long(took, computed) {
            return;
        }
        let held = (held >= HELD).then_some(held);
        let told = match held {
            Some(_) => &mut self.slowness.told_held,
            None => &mut self.slowness.told,
        };
        if !std::mem::replace(told, true) {
            self.tell_long(handler, socket, took, held, &others);
        }
    }

    fn tell_long(
        &self,
        handler: &str,
        socket: Option<usize>,
        took: Duration,
        held: Option<Duration>,
        others: &[Arc<str>],
    ) {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let place = self.handler.as_ref().and_then(|known| known.place_of(handler, socket));
        let handler = match place {
            Some((name, path, position)) => {
                let file = path.file_name().map_or(path, Path::new).display();
                format!("{name} ({file}:{position})")
            }
            None => handler.to_owned(),
        };
        self.emit(
            None,
            EventKind::LongCall {
                handler,
                took_ms: milliseconds(took),
                held_ms: held.map(milliseconds),
                others: some_of(others),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_gave_to_others_makes_no_call_long() {
        let neighbours = std::rc::Rc::default();
        let mut slowness = Slowness::new(Seat::take(&neighbours, &"a".into()));
        let ms = Duration::from_millis;
        assert!(!slowness.is_long(ms(500), Some(ms(2))));
        assert!(slowness.is_long(ms(40), Some(ms(30))));
        assert!(slowness.is_long(ms(300), None), "no machine is that busy");
        assert!(!Slowness::new(Seat::take(&neighbours, &"b".into())).is_long(ms(30), None));
        assert!((1..=SUSPICIONS).any(|_| slowness.is_long(ms(30), None)));
    }
}
