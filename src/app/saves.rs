//! What a save comes to: when files have settled, what they say now, and what becomes of it.
//!
//! Owns the way from a reason to look at the files to a receipt. Never watches a file: `watch` does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sight::{Sight, lost};
use super::signals::Signals;
use super::{Run, STOP_PATIENCE, Watching, asked_to_end, service_manager};
use crate::clock;
use crate::event::EventKind;
use crate::load::{Loaded, Trouble, Unsaved, load_again_unsaved};
use crate::receipt::{Receipt, Verdict};
use crate::script::Level;
use crate::topology::Topology;
use crate::until::until;

/// How long two looks at polled files lie apart that have to agree.
const SETTLED: Duration = Duration::from_millis(50);
/// How often files that are written to all the time are read for a version that is whole.
const LOOKS_MOST: usize = 50;

/// Why files are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reason {
    /// Something moved.
    Changed,
    /// A save that seemed to be under way had its time.
    Waited,
    /// Somebody asked for it.
    Asked,
    /// It failed before.
    Again,
    /// A certificate held until now.
    Expired,
}

/// What came of looking at the files.
pub(super) enum Reloaded {
    /// All there was to do.
    Done,
    /// A file is gone or empty, as in the middle of a save.
    StillSaving,
    /// The run is over, with this status.
    Over(u8),
}

/// What is known of the files when they have been looked at.
#[derive(Clone, Copy, Debug)]
struct Look {
    reason: Reason,
    /// Whether nothing moves any more, after somebody asked or a save had its time.
    is_saved: bool,
    /// Whether the topology file says nothing.
    is_lost: bool,
    /// Whether that was told already.
    is_told: bool,
    /// Whether a file that had a text has none, though it is wanted.
    lacks: bool,
    /// Whether they say something else than what runs.
    is_new: bool,
    /// Whether the reload of what they say failed and somebody saved since.
    is_asked_for: bool,
}

/// What is to be done about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decision {
    /// Wait: a save is under way.
    Wait,
    /// Say that the topology file says nothing.
    Reject,
    /// Nothing.
    Leave,
    /// Take what they say for what is wanted.
    Take,
}

impl Look {
    fn decision(self) -> Decision {
        let is_asked = self.reason == Reason::Asked;
        let is_again = self.reason == Reason::Again;
        if self.is_lost {
            return match (self.is_saved, is_asked || !self.is_told) {
                (false, _) => Decision::Wait,
                (true, true) => Decision::Reject,
                (true, false) => Decision::Leave,
            };
        }
        // A script may be meant to be gone.
        if self.lacks && !self.is_saved && !is_again {
            return Decision::Wait;
        }
        let is_wanted = self.is_new || is_asked || is_again || self.is_asked_for;
        if is_wanted { Decision::Take } else { Decision::Leave }
    }
}

impl Run<'_> {
    /// Loads again, and changes what runs if anything is different and sound.
    pub(super) async fn reload(&mut self, reason: Reason, signals: &mut Signals) -> Reloaded {
        let begun = clock::now();
        if reason == Reason::Again {
            self.retry.begin();
        }
        let is_saved =
            matches!(reason, Reason::Asked | Reason::Waited) && !self.watcher.is_moving();
        let Some((loaded, now)) = self.look().await else { return Reloaded::StillSaving };
        self.holds_until = loaded.holds_until;
        let look = Look {
            reason,
            is_saved,
            is_lost: loaded.trouble.is_some(),
            is_told: self.trouble == loaded.trouble,
            lacks: now.lacks(&self.seen, &loaded.files),
            is_new: now != self.seen,
            is_asked_for: self.retry.is_asked_for(&loaded.files),
        };
        match look.decision() {
            Decision::Wait => return Reloaded::StillSaving,
            Decision::Reject => self.reject_lost(&loaded, begun),
            // Who asked is told again.
            Decision::Leave if look.is_lost && self.clients.is_waited_for() => {
                self.reject_lost(&loaded, begun);
            }
            Decision::Leave if look.is_lost => {}
            Decision::Leave => {
                if self.trouble.take().is_some() {
                    let file = self.options.file.display();
                    let text = format!("{file} is there again and says what runs: nothing changed");
                    self.emit(EventKind::Note { level: Level::Info, text });
                }
                // Who asked in the middle of a save that came to nothing.
                let unchanged =
                    Receipt::unchanged(self.supervisor.generation(), clock::since(begun));
                self.clients.answer(&Arc::new(unchanged));
            }
            Decision::Take => {
                service_manager::reloading();
                let reloaded = self.take(&loaded, now, look, begun, signals).await;
                service_manager::ready(&self.status());
                return reloaded;
            }
        }
        Reloaded::Done
    }

    /// Takes what the files say now for what is wanted.
    async fn take(
        &mut self,
        loaded: &Loaded,
        now: Sight,
        look: Look,
        begun: Instant,
        signals: &mut Signals,
    ) -> Reloaded {
        self.trouble = None;
        if look.is_new {
            self.retry.clear();
        }
        self.seen = now;
        if self.options.watching != Watching::Off {
            self.watcher.follow(&loaded.files);
        }
        if look.is_new || look.reason != Reason::Again {
            (self.terminal.show)(loaded);
        }
        let Some(topology) = &loaded.topology else {
            self.reject_faulty(loaded, begun);
            return Reloaded::Done;
        };
        let topology = match topology.runnable(&self.options.part) {
            Ok(topology) => topology,
            Err(error) => {
                self.reject(vec![error.to_string()], begun);
                return Reloaded::Done;
            }
        };
        // Whoever hears of the next version may ask for it at once.
        self.versions.keep(self.supervisor.generation() + 1, &loaded.sources);
        let (receipt, ended) = self.change(&topology, signals).await;
        if let Some(mut receipt) = receipt {
            if receipt.verdict == Verdict::RolledBack {
                self.versions.forget_after(receipt.generation);
                // What was in the way may be gone by and by, or when the same is saved again.
                receipt.retry_seconds = Some(self.retry.failed(&loaded.files).as_secs());
            } else {
                self.retry.clear();
            }
            self.hand_out(receipt);
        }
        ended.map_or(Reloaded::Done, Reloaded::Over)
    }

    /// Changes what runs; a receipt unless the end came before it, and the exit status if one asked
    /// for the end meanwhile.
    async fn change(
        &mut self,
        topology: &Topology,
        signals: &mut Signals,
    ) -> (Option<Receipt>, Option<u8>) {
        let mut ended = None;
        let mut end_by = None;
        let reloading = self.supervisor.reload(topology);
        tokio::pin!(reloading);
        loop {
            tokio::select! {
                receipt = &mut reloading => return (Some(receipt), ended),
                () = until(end_by) => return (None, ended),
                () = signals.next() => {
                    ended = Some(0);
                    end_by.get_or_insert_with(|| clock::now() + STOP_PATIENCE);
                }
                status = asked_to_end(&mut self.ends) => ended = ended.or(Some(status)),
            }
        }
    }

    /// What the files say now; nothing if they are written to all the time. Where nothing tells that
    /// a save is over, two looks have to agree, and so where more follows and what was read has faults:
    /// on a busy machine the events of a write may come long after it.
    async fn look(&self) -> Option<(Loaded, Sight)> {
        let mut files: Vec<PathBuf> = self.seen.paths().cloned().collect();
        let mut doubted = None;
        for _ in 0..LOOKS_MOST {
            let Some(texts) = self.whole_texts(&files).await else { continue };
            let read = || {
                let file = &self.options.file;
                let loaded = load_again_unsaved(file, &texts, self.terminal.lookup);
                let sight = Sight::of(&loaded);
                (loaded, sight)
            };
            let (mut loaded, mut now) = read();
            while self.watcher.polls() && now != self.seen {
                clock::sleep(SETTLED).await;
                let before = now;
                (loaded, now) = read();
                if now == before {
                    break;
                }
            }
            if !self.watcher.is_hurried() {
                return Some((loaded, now));
            }
            let named: Vec<_> = now.paths().filter(|path| !files.contains(path)).cloned().collect();
            if !named.is_empty() {
                files.extend(named);
                continue;
            }
            if loaded.topology.is_some() || doubted.as_ref() == Some(&now) {
                return Some((loaded, now));
            }
            doubted = Some(now);
        }
        None
    }

    /// Where more and more is saved, what these files say at a moment when nobody writes to them;
    /// nothing if somebody does. Loading them takes longer than such a moment may last.
    async fn whole_texts(&self, files: &[PathBuf]) -> Option<Unsaved> {
        if !self.watcher.is_hurried() {
            return Some(Unsaved::default());
        }
        let writes = self.watcher.writes();
        let texts = Unsaved::read_now(files);
        (!self.watcher.may_be_half(writes).await).then_some(texts)
    }

    /// Says what is wrong with the files.
    fn reject_faulty(&mut self, loaded: &Loaded, begun: Instant) {
        let faults = loaded.diagnostics.iter().filter(|fault| fault.is_error());
        let errors = faults.map(|fault| (self.terminal.line)(fault, &loaded.sources)).collect();
        self.reject(errors, begun);
    }

    fn reject(&mut self, errors: Vec<String>, begun: Instant) {
        self.retry.clear();
        self.hand_out(Receipt::rejected(self.supervisor.generation(), clock::since(begun), errors));
    }

    /// Says that the topology file says nothing, and why.
    fn reject_lost(&mut self, loaded: &Loaded, begun: Instant) {
        let Some(trouble) = &loaded.trouble else { return };
        if *trouble != Trouble::Gone {
            (self.terminal.show)(loaded);
        }
        let errors = vec![lost(&self.options.file, trouble)];
        self.hand_out(Receipt::rejected(self.supervisor.generation(), clock::since(begun), errors));
        self.trouble = Some(trouble.clone());
    }

    fn hand_out(&mut self, receipt: Receipt) {
        let receipt = Arc::new(receipt);
        self.clients.answer(&receipt);
        self.emit(EventKind::Reloaded { receipt });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAME: Look = Look {
        reason: Reason::Changed,
        is_saved: false,
        is_lost: false,
        is_told: false,
        lacks: false,
        is_new: false,
        is_asked_for: false,
    };

    #[test]
    fn what_is_done_about_the_files_hangs_on_why_they_were_looked_at() {
        use Decision::{Leave, Reject, Take, Wait};

        let of = |reason| Look { reason, ..SAME };
        let lost = |reason, is_saved, is_told| {
            Look { is_saved, is_lost: true, is_told, ..of(reason) }.decision()
        };
        let lacking = |reason, is_saved| {
            Look { is_saved, lacks: true, is_new: true, ..of(reason) }.decision()
        };
        for (found, expected) in [
            (SAME.decision(), Leave),
            (Look { is_new: true, ..SAME }.decision(), Take),
            (Look { is_asked_for: true, ..SAME }.decision(), Take),
            (of(Reason::Waited).decision(), Leave),
            (of(Reason::Expired).decision(), Leave),
            (of(Reason::Asked).decision(), Take),
            (of(Reason::Again).decision(), Take),
            // A file that is gone or empty may be in the middle of a save.
            (lost(Reason::Changed, false, false), Wait),
            (lost(Reason::Asked, false, false), Wait),
            (lost(Reason::Waited, true, false), Reject),
            (lost(Reason::Waited, true, true), Leave),
            (lost(Reason::Asked, true, true), Reject),
            // So may a script.
            (lacking(Reason::Changed, false), Wait),
            (lacking(Reason::Waited, false), Wait),
            (lacking(Reason::Waited, true), Take),
            (lacking(Reason::Asked, true), Take),
            (lacking(Reason::Again, false), Take),
        ] {
            assert_eq!(found, expected);
        }
    }
}
