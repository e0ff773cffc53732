//! What is replayed by a page, or was the last time, and what those who look are told of it.
//!
//! Owns that it is one at a time. Never gives a message: `replay` does.

use std::sync::Mutex;

use serde::Serialize;
use serde_json::json;

use super::board::Board;
use crate::control::Failed;
use crate::lock::locked;
use crate::replay::{Performed, Replayed, Stop};

/// How many reasons are told why something was not given.
const REASONS: usize = 50;

/// What is replayed, or was the last time.
#[derive(Default)]
pub(super) struct Replays(Mutex<Option<Replay>>);

struct Replay {
    told: Told,
    stop: Stop,
}

/// What the page is told of a replay.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told {
    name: String,
    speed: String,
    /// Where it began, where it is, and how long the recording is: seconds since its beginning.
    from: f64,
    at: f64,
    seconds: f64,
    given: u64,
    inside: u64,
    refused: Vec<Refused>,
    outcome: Outcome,
    /// How it went, in words, once it is over.
    text: String,
}

#[derive(Clone, Debug, Serialize)]
struct Refused {
    why: String,
    count: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Running,
    Done,
    Stopped,
    Failed,
}

impl Replays {
    /// What was told last.
    pub(super) fn told(&self) -> Option<Told> {
        locked(&self.0).as_ref().map(|replay| replay.told.clone())
    }

    /// Begins one, unless one is under way; what stops it.
    pub(super) fn begin(&self, board: &Board, told: &Told) -> Result<Stop, &'static str> {
        let mut replay = locked(&self.0);
        if replay.as_ref().is_some_and(|replay| replay.told.outcome == Outcome::Running) {
            return Err("a recording is being replayed already: stop it first");
        }
        let stop = Stop::default();
        *replay = Some(Replay { told: told.clone(), stop: stop.clone() });
        board.tell_all("replay", &json!(told));
        Ok(stop)
    }

    /// Stops the one that is under way, if one is; what was told of it.
    pub(super) fn stop(&self) -> Option<Told> {
        let replay = locked(&self.0);
        let replay = replay.as_ref().filter(|it| it.told.outcome == Outcome::Running)?;
        replay.stop.say();
        Some(replay.told.clone())
    }

    /// So far it is.
    pub(super) fn goes_on(&self, board: &Board, at: f64, replayed: &Replayed) {
        self.tell(board, |told| {
            // What was on its way is read from before it began.
            told.at = at.max(told.from);
            told.count(replayed);
        });
    }

    /// It is over, and this became of it.
    pub(super) fn ends(&self, board: &Board, given: Result<Performed, Failed>) {
        self.tell(board, |told| match given {
            Ok(performed) => {
                told.count(&performed.replayed);
                let sentence = performed.replayed.sentence();
                told.outcome = if performed.is_stopped { Outcome::Stopped } else { Outcome::Done };
                told.text = match (performed.is_stopped, performed.is_quiet) {
                    (true, _) => format!("stopped; {sentence}"),
                    (false, true) => sentence,
                    (false, false) => format!("{sentence}; the run still has something to do"),
                };
            }
            Err(failed) => {
                told.outcome = Outcome::Failed;
                told.text = failed.error;
            }
        });
    }

    fn tell(&self, board: &Board, change: impl FnOnce(&mut Told)) {
        let mut replay = locked(&self.0);
        let Some(replay) = &mut *replay else { return };
        change(&mut replay.told);
        board.tell_all("replay", &json!(replay.told));
    }
}

impl Told {
    /// One that begins at a second of a recording of so many.
    pub(super) fn of(name: String, speed: String, from: f64, seconds: f64) -> Self {
        Self {
            name,
            speed,
            from,
            at: from,
            seconds,
            given: 0,
            inside: 0,
            refused: Vec::new(),
            outcome: Outcome::Running,
            text: String::new(),
        }
    }

    fn count(&mut self, replayed: &Replayed) {
        (self.given, self.inside) = (replayed.given, replayed.inside);
        let refused = replayed.refused.iter().take(REASONS);
        self.refused =
            refused.map(|(why, count)| Refused { why: why.clone(), count: *count }).collect();
    }
}
