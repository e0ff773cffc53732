//! Whose turn it is: the sockets of a node one after the other, and its timers between messages.
//!
//! Owns the order in which what waits is taken. Never decides whether the node takes anything new.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::Node;
use super::task::BURST;
use crate::node::life::Phase;

/// How many requests of a burst are handled before what came of them is sent: who asked waits, and
/// libzmq's thread answers while the others are handled. Where nobody waits, waking it twice would
/// only cost time.
const ANSWERED: usize = 16;
/// How long a round may take before other nodes have their turn.
const BURST_TIME: Duration = Duration::from_micros(300);

impl Node {
    /// Fires the timers that are due before anything is received, where messages had the last turn
    /// and left none to a timer: a node that is busy after each message would never come to one.
    pub(super) fn fire_in_turn(&mut self, now: Instant) -> bool {
        if !self.is_timers_turn || !self.takes_new() {
            return false;
        }
        self.is_timers_turn = false;
        self.life.phase() == Phase::Running && self.fire(now)
    }

    /// Notes after a round whether the next turn is the timers'.
    pub(super) fn note_turn(&mut self, received: bool, now: Instant) {
        let is_due = || self.timers.next_due().is_some_and(|due| due <= now);
        self.is_timers_turn |= received && !self.takes_new() && is_due();
    }

    /// A burst of what has come, of each socket one message after the other; whether there was any.
    pub(super) fn receive(&mut self, now: Instant) -> bool {
        let count = self.sockets.len();
        let mut taken = 0;
        // The turn is the next one's, also where each message ends its burst: a node that is busy after
        // each would otherwise begin every other round at the same socket.
        let mut next = self.cursor;
        let open: SmallVec<[bool; 8]> = (0..count).map(|place| self.takes_from(place)).collect();
        let first = self.cursor % count.max(1);
        'burst: while taken < BURST {
            let before = taken;
            for place in (first..count).chain(0..first) {
                if !open[place] || !self.sockets[place].readable {
                    continue;
                }
                let Some(frames) = self.sockets[place].receive() else { continue };
                if taken == 0 && self.handler.is_some() {
                    self.clock.begin_burst();
                }
                taken += 1;
                next = place + 1;
                self.arrivals.add();
                let waiting = self.outbox.waiting();
                self.arrived(place, frames);
                if self.outbox.is_held_back(waiting) {
                    break 'burst;
                }
                if self.arrivals.is_alone() {
                    break 'burst;
                }
                if taken % ANSWERED == 0 && self.sockets[place].spec.role.routes() {
                    self.flush(now);
                }
                if self.has_worked_long() {
                    break 'burst;
                }
                if taken % 8 == 0 && self.clock.has_lasted(BURST_TIME) {
                    break 'burst;
                }
            }
            if before == taken {
                break;
            }
        }
        if taken > 0 {
            self.timers.came(|| self.clock.now());
        }
        self.clock.end_burst();
        self.cursor = next % count.max(1);
        taken > 0
    }
}
