//! What a save comes to: when files have settled, what they say now, and what becomes of it.
//!
//! Owns the way from a reason to look at the files to a receipt. Never watches a file: `watch` does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::sight::{Sight, lost};
use super::signals::Signals;
use super::{Run, STOP_PATIENCE, Watching, asked_to_end, chosen};
use crate::event::EventKind;
use crate::load::{Loaded, Trouble, load_again};
use crate::receipt::{Receipt, Verdict};
use crate::script::Level;
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

impl Run<'_> {
    /// Loads again, and changes what runs if anything is different and sound.
    pub(super) async fn reload(&mut self, reason: Reason, signals: &mut Signals) -> Reloaded {
        let begun = Instant::now();
        if reason == Reason::Again {
            self.retry.begin();
        }
        let is_saved =
            matches!(reason, Reason::Asked | Reason::Waited) && !self.watcher.is_moving();
        let Some((loaded, now)) = self.look().await else { return Reloaded::StillSaving };
        let is_wanted = matches!(reason, Reason::Asked | Reason::Again);
        if let Some(trouble) = &loaded.trouble {
            if !is_saved {
                return Reloaded::StillSaving;
            }
            if reason == Reason::Asked || self.trouble.as_ref() != Some(trouble) {
                self.reject_lost(&loaded, trouble, begun);
            }
            return Reloaded::Done;
        }
        // A script may be meant to be gone.
        if !is_saved && reason != Reason::Again && now.lacks(&self.seen, &loaded.files) {
            return Reloaded::StillSaving;
        }
        let is_new = now != self.seen;
        let was_lost = self.trouble.take().is_some();
        if !is_new && !is_wanted && !self.retry.is_asked_for(&loaded.files) {
            if was_lost {
                let file = self.options.file.display();
                let text = format!("{file} is there again and says what runs: nothing changed");
                self.emit(EventKind::Note { level: Level::Info, text });
            }
            return Reloaded::Done;
        }
        if is_new {
            self.retry.clear();
        }
        self.seen = now;
        if self.options.watching != Watching::Off {
            self.watcher.follow(&loaded.files);
        }
        if is_new || reason != Reason::Again {
            (self.terminal.show)(&loaded);
        }
        let Some(topology) = &loaded.topology else {
            let errors: Vec<String> = loaded
                .diagnostics
                .iter()
                .filter(|fault| fault.is_error())
                .map(|fault| (self.terminal.line)(fault, &loaded.sources))
                .collect();
            let generation = self.supervisor.generation();
            self.retry.clear();
            self.hand_out(Receipt::rejected(generation, begun.elapsed(), errors));
            return Reloaded::Done;
        };
        let topology = chosen(topology, self.options);
        let mut ended = None;
        let mut end_by = None;
        let receipt = {
            let reloading = self.supervisor.reload(&topology);
            tokio::pin!(reloading);
            loop {
                tokio::select! {
                    receipt = &mut reloading => break Some(receipt),
                    () = until(end_by) => break None,
                    () = signals.next() => {
                        ended = Some(0);
                        end_by.get_or_insert_with(|| Instant::now() + STOP_PATIENCE);
                    }
                    status = asked_to_end(&mut self.ends) => ended = ended.or(Some(status)),
                }
            }
        };
        if let Some(mut receipt) = receipt {
            if receipt.verdict == Verdict::RolledBack {
                // What was in the way may be gone by and by, or when the same is saved again.
                receipt.retry_seconds = Some(self.retry.failed(&loaded.files).as_secs());
            } else {
                self.retry.clear();
            }
            self.hand_out(receipt);
        }
        ended.map_or(Reloaded::Done, Reloaded::Over)
    }

    /// What the files say now; nothing if they are written to all the time. Where nothing tells that
    /// a save is over, two looks have to agree.
    async fn look(&self) -> Option<(Loaded, Sight)> {
        let read = || {
            let loaded = load_again(&self.options.file, self.terminal.lookup);
            let sight = Sight::of(&loaded);
            (loaded, sight)
        };
        for _ in 0..LOOKS_MOST {
            let writes = self.watcher.writes();
            let (mut loaded, mut now) = read();
            while self.watcher.polls() && now != self.seen {
                tokio::time::sleep(SETTLED).await;
                let before = now;
                (loaded, now) = read();
                if now == before {
                    break;
                }
            }
            if !self.watcher.may_be_half(writes).await {
                return Some((loaded, now));
            }
        }
        None
    }

    /// Says that the topology file says nothing, and why.
    fn reject_lost(&mut self, loaded: &Loaded, trouble: &Trouble, begun: Instant) {
        if *trouble != Trouble::Gone {
            (self.terminal.show)(loaded);
        }
        let errors = vec![lost(&self.options.file, trouble)];
        self.hand_out(Receipt::rejected(self.supervisor.generation(), begun.elapsed(), errors));
        self.trouble = Some(trouble.clone());
    }

    fn hand_out(&self, receipt: Receipt) {
        self.emit(EventKind::Reloaded { receipt: Arc::new(receipt) });
    }
}
