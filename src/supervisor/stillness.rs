//! When a group of sockets counts as quiet.
//!
//! Owns the two signs of it: sent equals received where a pattern delivers each message once and no
//! peer outside the file takes part; otherwise, that nothing has moved for a while. Pure: whoever
//! looks says what was found, and when.

use std::time::{Duration, Instant};

/// How long nothing must have moved where counts cannot tell.
const QUIET: Duration = Duration::from_millis(20);
/// How many looks in a row must have found the same: on a busy machine time alone says little.
const LOOKS: u32 = 20;
/// How long nothing must have moved where counts say that something is under way.
const QUIET_WHILE_UNBALANCED: Duration = Duration::from_millis(500);
/// The same where a socket that has to answer is replaced, and not all that it took is answered.
const QUIET_WHILE_OWING: Duration = Duration::from_millis(200);
/// The same while a message waits that no peer takes.
const QUIET_WHILE_UNSENT: Duration = Duration::from_millis(300);
/// How long to wait where peers outside the file take part: nothing can keep them from sending.
const OUTSIDE_PATIENCE: Duration = Duration::from_millis(200);

/// What one look at a group found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Whether a message waits in a node that no peer takes.
    pub(super) unsent: bool,
    /// Whether a socket that goes has not answered all that it took.
    pub(super) owing: bool,
    /// Whether no peer outside the file is connected.
    pub(super) alone: bool,
    /// How many messages are under way, where counts can tell.
    pub(super) under_way: Option<i128>,
}

/// For how long the figures of a group have been the same.
#[derive(Debug)]
pub(super) struct Stillness<F> {
    figures: Option<F>,
    since: Instant,
    looks: u32,
}

impl<F: PartialEq> Stillness<F> {
    /// Nothing has been seen yet.
    pub(super) fn since(now: Instant) -> Self {
        Self { figures: None, since: now, looks: 0 }
    }

    /// Notes the figures of this moment.
    pub(super) fn look(&mut self, figures: F, now: Instant) {
        if self.figures.as_ref() == Some(&figures) {
            self.looks += 1;
        } else {
            *self = Self { figures: Some(figures), since: now, looks: 0 };
        }
    }

    /// Whether that is quiet enough, after waiting for so long.
    pub(super) fn is_enough(&self, found: &Found, waited: Duration, now: Instant) -> bool {
        let needed = match (found.unsent, found.owing) {
            (true, _) => QUIET_WHILE_UNSENT,
            (false, true) => QUIET_WHILE_OWING,
            (false, false) if found.under_way.is_some() => QUIET_WHILE_UNBALANCED,
            (false, false) => QUIET,
        };
        let is_quiet = now.duration_since(self.since) >= needed && self.looks >= LOOKS;
        let is_balanced = found.under_way == Some(0) && !found.owing && !found.unsent;
        if found.alone {
            self.looks > 0 && (is_quiet || is_balanced)
        } else {
            is_quiet || !found.unsent && waited >= OUTSIDE_PATIENCE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Found = Found { unsent: false, owing: false, alone: true, under_way: None };

    /// After how many milliseconds it is quiet enough, looked at each millisecond, with figures that
    /// move up to a moment; never within a second is none.
    fn enough_after(found: Found, moves_until: u64) -> Option<u64> {
        let begun = Instant::now();
        let mut stillness = Stillness::since(begun);
        (0..1000).find(|&at| {
            let now = begun + Duration::from_millis(at);
            stillness.look(at.min(moves_until), now);
            stillness.is_enough(&found, Duration::from_millis(at), now)
        })
    }

    #[test]
    fn each_kind_of_group_waits_for_as_long_as_it_has_to() {
        for (found, milliseconds) in [
            (NOTHING, 20),
            (Found { under_way: Some(0), ..NOTHING }, 1),
            (Found { under_way: Some(3), ..NOTHING }, 500),
            (Found { under_way: Some(-3), ..NOTHING }, 500),
            (Found { owing: true, under_way: Some(0), ..NOTHING }, 200),
            (Found { unsent: true, under_way: Some(0), ..NOTHING }, 300),
            (Found { unsent: true, owing: true, ..NOTHING }, 300),
            (Found { alone: false, ..NOTHING }, 20),
            (Found { alone: false, owing: true, ..NOTHING }, 200),
            (Found { alone: false, unsent: true, ..NOTHING }, 300),
        ] {
            assert_eq!(enough_after(found, 0), Some(milliseconds), "{found:?}");
        }
    }

    #[test]
    fn what_moves_is_waited_for_unless_it_is_moved_from_outside() {
        let counted = Found { under_way: Some(0), ..NOTHING };
        assert_eq!(enough_after(counted, 100), Some(101));
        assert_eq!(enough_after(NOTHING, 100), Some(120));
        assert_eq!(enough_after(NOTHING, 2000), None);
        let outside = Found { alone: false, ..NOTHING };
        assert_eq!(enough_after(outside, 2000), Some(200));
        assert_eq!(enough_after(Found { unsent: true, ..outside }, 2000), None);
    }

    #[test]
    fn a_machine_that_looks_seldom_does_not_take_few_looks_for_quiet() {
        let begun = Instant::now();
        let mut stillness = Stillness::since(begun);
        let mut enough = Vec::new();
        for look in 0..25 {
            let now = begun + Duration::from_millis(100) * look;
            stillness.look((), now);
            enough.push(stillness.is_enough(&NOTHING, now - begun, now));
        }
        assert_eq!(enough.iter().position(|is| *is), Some(20));
    }
}
