//! A recording given to a run, from its beginning or from a moment on, to its end or until it is stopped.
//!
//! Owns the order: the peers, what came from outside, and the quiet after it. What is given, and when, is
//! `player`'s; how the run is asked for its figures, and who is told how far it is, is the caller's.

use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::pace::Pace;
use super::player::Player;
use super::replayed::Replayed;
use super::stop::Stop;
use crate::clock::{nanos, since_epoch};
use crate::control::Failed;
use crate::node::{Direction, ON_ITS_WAY};
use crate::recording::{Channel, Entry, Reader};
use crate::snapshot::Snapshot;
use crate::topology::Topology;
use crate::zeromq::Role;

/// How long a run has to do nothing to have done all.
const QUIET: Duration = Duration::from_millis(300);
/// How long is waited for that.
const SETTLING: Duration = Duration::from_secs(30);
/// How often a run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What is given to a run, and how.
#[derive(Clone, Debug)]
pub struct Performance<'t> {
    /// What runs.
    pub topology: &'t Topology,
    /// How fast.
    pub pace: Pace,
    /// From when on; none from the beginning.
    pub from: Option<SystemTime>,
    /// What ends it early.
    pub stop: Stop,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'r> {
    /// The time of the recording.
    pub at: SystemTime,
    /// What became of the messages until then.
    pub replayed: &'r Replayed,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Performed {
    /// What became of the messages.
    pub replayed: Replayed,
    /// Whether the run has done all that it was given.
    pub is_quiet: bool,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

impl Performance<'_> {
    /// Gives a recording to the run whose figures these are; `tell` hears how far it is.
    ///
    /// # Errors
    ///
    /// When the system gives no sockets, the recording cannot be read, or the run does not tell its figures.
    pub fn give(
        self,
        reader: &mut Reader,
        figures: &mut dyn FnMut() -> Result<Snapshot, Failed>,
        tell: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Performed, Failed> {
        let begun = figures()?;
        let player = Player::new(self.topology, &begun, self.pace).map_err(Failed::now)?;
        let mut player = player.beginning_at(self.from).until(self.stop.clone());
        let channels: Vec<_> = reader.channels().values().cloned().collect();
        let needs_peer = |it: &&Channel| {
            it.messages > 0 && (it.direction == Direction::In || it.place.role == Role::Push)
        };
        let places = channels.iter().filter(needs_peer).map(|it| &it.place);
        player.prepare(places.map(|it| (&*it.instance, &*it.socket)));
        // What is on its way at that time was sent before it.
        let since = |from| nanos(since_epoch(from).saturating_sub(ON_ITS_WAY));
        let times = self.from.map(|from| since(from)..=u64::MAX);
        let mut told = Instant::now();
        let read = reader.read(times, |entry| {
            player.take(&entry);
            if told.elapsed() >= TELL_EVERY
                && let Entry::Message { passed, .. } = &entry
            {
                told = Instant::now();
                tell(Progress { at: passed.at, replayed: player.replayed() });
            }
            if self.stop.is_said() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.map_err(|error| Failed::now(error.to_string()))?;
        let is_quiet = settle(&mut player, &begun, figures, &self.stop)?;
        let replayed = player.replayed().clone();
        player.leave();
        Ok(Performed { replayed, is_quiet, is_stopped: self.stop.is_said() })
    }
}

/// Waits until the nodes have taken what they were given; whether they have.
fn settle(
    player: &mut Player<'_>,
    begun: &Snapshot,
    figures: &mut dyn FnMut() -> Result<Snapshot, Failed>,
    stop: &Stop,
) -> Result<bool, Failed> {
    let until = Instant::now() + SETTLING;
    let (mut before, mut since) = (Vec::new(), Instant::now());
    while Instant::now() < until && !stop.is_said() {
        player.drain();
        let snapshot = figures()?;
        let taken: Vec<(u64, u64)> = player
            .given()
            .map(|((instance, socket), given)| {
                let came = |of: &Snapshot| {
                    of.node(instance)
                        .and_then(|node| node.socket(socket))
                        .map_or(0, |it| it.messages_in)
                };
                (came(&snapshot).saturating_sub(came(begun)), given)
            })
            .collect();
        let all = taken.iter().all(|(taken, given)| taken >= given);
        if taken != before {
            (before, since) = (taken, Instant::now());
        }
        // What a filter or a full queue drops never comes. What all have taken may have to be answered.
        if since.elapsed() >= QUIET || (all && since.elapsed() >= LOOK_EVERY) {
            thread::sleep(QUIET);
            return Ok(true);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}
