//! The phases of a node's life, and what interrupts them: a hold, slow motion, a pause after a failure,
//! a drain.
//!
//! Owns when each of them is over. Never does anything by itself.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::backoff::Backoff;
use super::halt::Halt;
use crate::clock;
use crate::snapshot::NodeStatus;

/// How often a node that stops looks whether its last lines go on being written.
const WRITING: Duration = Duration::from_millis(20);

/// Where a node is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Its links come up; forwards run, handlers do not.
    Attaching,
    /// It receives, ticks and reads.
    Running,
    /// It receives, but begins nothing by itself.
    Quiet,
    /// It only sends what waits.
    Stopping { deadline: Instant },
    /// It is over.
    Closed,
}

/// Somebody who wants to hear when nothing has happened for so long.
struct Drain {
    quiet: Duration,
    deadline: Instant,
    last_activity: Instant,
    done: oneshot::Sender<bool>,
}

/// A node's life.
pub(super) struct Life {
    phase: Phase,
    /// Whether it has ended the whole run: no timer of its own calls a handler after that.
    has_called_stop: bool,
    /// While a reload holds the node: the sockets whose messages are stashed.
    held: Option<BTreeSet<usize>>,
    /// While somebody steps the run.
    halt: Halt,
    /// Until when it waits to begin anew after a failed handler.
    resting_until: Option<Instant>,
    /// How often it began anew after failed handlers.
    restarts: Backoff,
    /// Until when it does nothing after going wrong in a way that nothing foresees.
    recovering_until: Option<Instant>,
    /// How often it went wrong like that.
    panics: Backoff,
    drain: Option<Drain>,
}

impl Life {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Attaching,
            has_called_stop: false,
            held: None,
            halt: Halt::default(),
            resting_until: None,
            restarts: Backoff::new(now),
            recovering_until: None,
            panics: Backoff::new(now),
            drain: None,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether its handlers are called.
    pub(super) fn works(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Quiet)
    }

    /// Whether it receives, or will: it neither stops nor has ended.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.phase, Phase::Attaching | Phase::Running | Phase::Quiet)
    }

    /// Whether connections that end are no consequence of what is done to the node.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Attaching | Phase::Running)
    }

    /// Begins, or begins anew; whether it is the first time.
    pub(super) fn start(&mut self) -> bool {
        std::mem::replace(&mut self.phase, Phase::Running) == Phase::Attaching
    }

    /// Begins nothing by itself from now on.
    pub(super) fn quiesce(&mut self) {
        if self.phase == Phase::Running {
            self.phase = Phase::Quiet;
        }
    }

    /// The same, since it has ended the whole run.
    pub(super) fn has_called_stop(&mut self) {
        self.has_called_stop = true;
        self.quiesce();
    }

    /// Whether it begins nothing by itself, but to answer what it owes.
    pub(super) fn only_answers(&self) -> bool {
        self.phase == Phase::Quiet && !self.has_called_stop
    }

    /// Only sends what waits from now on, up to this time.
    pub(super) fn stop(&mut self, deadline: Instant) {
        self.halt = Halt::default();
        self.phase = Phase::Stopping { deadline };
    }

    /// Is over.
    pub(super) fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    /// Takes nothing new from now on, and stashes what arrives on these sockets.
    pub(super) fn hold(&mut self, places: BTreeSet<usize>) {
        self.held = Some(places);
    }

    /// Goes on after a hold; whether it was held.
    pub(super) fn release(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// Begins by itself again.
    pub(super) fn wake(&mut self) {
        if self.phase == Phase::Quiet {
            self.phase = Phase::Running;
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether it is held and takes from no socket of its own what arrives.
    pub(super) fn stands_still(&self) -> bool {
        self.held.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Whether a socket is held.
    pub(super) fn holds(&self, place: usize) -> bool {
        self.held.as_ref().is_some_and(|held| held.contains(&place))
    }

    /// The sockets that are held, if the node is.
    pub(super) fn held(&self) -> Option<&BTreeSet<usize>> {
        self.held.as_ref()
    }

    /// Moves the hold from the old places of sockets to the new ones.
    pub(super) fn renumber(&mut self, place_now: impl Fn(usize) -> Option<usize>) {
        self.held = self.held.take().map(|held| held.into_iter().filter_map(place_now).collect());
    }

    /// What slow motion lets it take.
    pub(super) fn halt(&mut self) -> &mut Halt {
        &mut self.halt
    }

    /// Whether slow motion holds it, though it may take one thing.
    pub(super) fn is_in_slow_motion(&self) -> bool {
        self.halt.lasts()
    }

    /// Whether slow motion lets it take nothing now.
    pub(super) fn is_halted(&self) -> bool {
        self.halt.forbids()
    }

    /// Begins the pause after a failed handler; how long it is.
    pub(super) fn rest(&mut self, now: Instant) -> Duration {
        let pause = self.restarts.fail(now);
        self.resting_until = Some(now + pause);
        pause
    }

    /// Whether it waits to start anew after a failed handler.
    pub(super) fn is_resting(&self) -> bool {
        self.resting_until.is_some()
    }

    /// Ends that pause if it is over, and nothing holds the node; whether it did.
    pub(super) fn rest_is_over(&mut self, now: Instant) -> bool {
        if self.held.is_some()
            || self.halt.lasts()
            || self.resting_until.is_none_or(|until| until > now)
        {
            return false;
        }
        self.resting_until = None;
        self.restarts.go_on(now);
        true
    }

    /// Begins the pause after a panic. A node that is to stop and cannot do so in good order is over
    /// at its deadline. Whether the panic is one that the file may have a word about.
    pub(super) fn recover(&mut self, now: Instant) -> bool {
        let mut pause = self.panics.fail(now);
        let stops = if let Phase::Stopping { deadline } = self.phase {
            if now >= deadline {
                self.phase = Phase::Closed;
                return false;
            }
            pause = pause.min(deadline - now);
            true
        } else {
            false
        };
        self.recovering_until = Some(now + pause);
        !stops
    }

    /// Whether it does nothing yet after a panic.
    pub(super) fn recovers(&mut self) -> bool {
        let Some(until) = self.recovering_until else { return false };
        let now = clock::now();
        if now < until {
            return true;
        }
        self.recovering_until = None;
        self.panics.go_on(now);
        false
    }

    /// Says when nothing has happened for so long, at the deadline at the latest.
    pub(super) fn drain(
        &mut self,
        quiet: Duration,
        deadline: Instant,
        done: oneshot::Sender<bool>,
    ) {
        self.drain = Some(Drain { quiet, deadline, last_activity: clock::now(), done });
    }

    /// Whether somebody waits for that.
    pub(super) fn drains(&self) -> bool {
        self.drain.is_some()
    }

    /// Notes whether anything happens, and says so if nothing has for long enough.
    pub(super) fn advance_drain(&mut self, now: Instant, idle: bool) {
        let Some(drain) = &mut self.drain else { return };
        if !idle {
            drain.last_activity = now;
        }
        let quiet = now.duration_since(drain.last_activity) >= drain.quiet;
        if (quiet || now >= drain.deadline)
            && let Some(drain) = self.drain.take()
        {
            let _ = drain.done.send(quiet);
        }
    }

    /// When a panic is got over, until which nothing else counts.
    pub(super) fn recovering_until(&self) -> Option<Instant> {
        self.recovering_until
    }

    /// When a pause, a drain or the stop is over.
    pub(super) fn due(&self, have_written: impl FnOnce() -> bool) -> Option<Instant> {
        let drain = self.drain.as_ref();
        let drain = drain.map(|drain| drain.deadline.min(drain.last_activity + drain.quiet));
        let stop = match self.phase {
            Phase::Stopping { deadline } if have_written() => Some(deadline),
            // Past the deadline only what goes on being written is waited for.
            Phase::Stopping { .. } => Some(clock::now() + WRITING),
            Phase::Attaching | Phase::Running | Phase::Quiet | Phase::Closed => None,
        };
        let resting_until = self.resting_until.filter(|_| !self.halt.lasts());
        [resting_until, drain, stop].into_iter().flatten().min()
    }

    /// The same for observers.
    pub(super) fn status(&self) -> NodeStatus {
        match self.phase {
            Phase::Attaching => NodeStatus::Attaching,
            Phase::Running | Phase::Quiet if self.is_held() || self.halt.lasts() => {
                NodeStatus::Held
            }
            Phase::Running | Phase::Quiet if self.is_resting() => NodeStatus::Resting,
            Phase::Running | Phase::Quiet => NodeStatus::Running,
            Phase::Stopping { .. } | Phase::Closed => NodeStatus::Stopping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_after(act: impl FnOnce(&mut Life, Instant)) -> NodeStatus {
        let now = Instant::now();
        let mut life = Life::new(now);
        assert!(life.start(), "it is the first time");
        act(&mut life, now);
        life.status()
    }

    #[test]
    fn a_node_is_held_before_it_rests_and_stops_in_any_case() {
        let hold = |life: &mut Life| life.hold([0].into());
        let stop = |life: &mut Life, now| life.stop(now + Duration::from_secs(1));
        assert_eq!(status_after(|life, _| life.quiesce()), NodeStatus::Running);
        assert_eq!(
            status_after(|life, now| assert!(life.rest(now) > Duration::ZERO)),
            NodeStatus::Resting
        );
        let held = |life: &mut Life, now| {
            assert!(life.rest(now) > Duration::ZERO);
            hold(life);
            assert!(!life.rest_is_over(now + Duration::from_secs(60)), "a hold goes before");
        };
        assert_eq!(status_after(held), NodeStatus::Held);
        assert_eq!(status_after(|life, now| stop(life, now)), NodeStatus::Stopping);
    }

    #[test]
    fn a_panic_ends_a_node_that_stops_at_its_deadline_and_not_before() {
        let now = Instant::now();
        let mut life = Life::new(now);
        assert!(life.recover(now), "the file may have a word about it");
        life.stop(now + Duration::from_millis(50));
        assert!(!life.recover(now));
        assert_eq!(life.recovering_until(), Some(now + Duration::from_millis(50)));
        assert!(!life.recover(now + Duration::from_millis(50)));
        assert_eq!(life.phase(), Phase::Closed);
    }

    #[test]
    fn a_drain_is_over_after_the_silence_or_at_its_deadline() {
        let ms = Duration::from_millis;
        for (activity, over_at, quiet) in [(&[0, 5][..], 25, true), (&[0, 15, 30, 45], 50, false)] {
            let mut life = Life::new(Instant::now());
            let (done, mut told) = oneshot::channel();
            let begin = Instant::now();
            life.drain(ms(20), begin + ms(50), done);
            for &at in activity {
                life.advance_drain(begin + ms(at), false);
            }
            life.advance_drain(begin + ms(over_at - 1), true);
            assert!(told.try_recv().is_err());
            life.advance_drain(begin + ms(over_at), true);
            assert_eq!(told.try_recv(), Ok(quiet));
        }
    }
}
