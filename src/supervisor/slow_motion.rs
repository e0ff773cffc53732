//! Slow motion: somebody holds the whole run, and lets its nodes take one thing at a time.
//!
//! Owns who holds it, and until when: a hold ends with whoever has it, and what changes or ends the run
//! goes before. What a node does of it is its own.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::node_registry::Roster;
use crate::clock;
use crate::event::{Event, EventKind, Events, LetGo};
use crate::lock::locked;
use crate::node::SlowMotion;

/// How long nodes may take to finish what is in hand before whoever holds the run is told that it is
/// held; a handler that takes longer is the last thing of its node all the same.
const FINISHING: Duration = Duration::from_secs(1);

/// Where a run can be held.
#[derive(Clone, Debug)]
pub struct Holding(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    events: Events,
    /// Who holds it: the number of the hold, the nodes that were told, and whom to tell of its end.
    holder: Option<(u64, Arc<Roster>, oneshot::Sender<LetGo>)>,
    holds: u64,
    /// What goes on that nobody may hold up.
    barred: Option<LetGo>,
}

/// A run that is held; it is let go with this.
#[derive(Debug)]
pub struct Hold {
    holding: Holding,
    number: u64,
    roster: Arc<Roster>,
    ended: oneshot::Receiver<LetGo>,
}

/// Nobody can hold the run while this is there.
#[derive(Debug)]
pub(super) struct Barred(Holding);

impl Holding {
    pub(super) fn new(events: Events) -> Self {
        let state = State { events, holder: None, holds: 0, barred: None };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Holds every node that runs, and waits until each has finished what it has in hand, but not for
    /// long.
    ///
    /// # Errors
    ///
    /// When somebody holds the run already, or it is being changed or ended.
    pub async fn hold(&self, roster: &watch::Receiver<Arc<Roster>>) -> Result<Hold, String> {
        let (hold, told) = self.begin(roster)?;
        let until = clock::now() + FINISHING;
        for finished in told {
            if clock::before(until, finished).await.is_none() {
                break;
            }
        }
        Ok(hold)
    }

    fn begin(
        &self,
        roster: &watch::Receiver<Arc<Roster>>,
    ) -> Result<(Hold, Vec<oneshot::Receiver<()>>), String> {
        let mut state = locked(&self.0);
        match state.barred {
            Some(LetGo::Stop) => return Err("the run is stopping".to_owned()),
            Some(_) => return Err("the run is being reloaded; ask again".to_owned()),
            None => {}
        }
        if state.holder.is_some() {
            return Err("the run is held already, and one at a time can step it".to_owned());
        }
        // Read while nobody can change the run.
        let roster = Arc::clone(&roster.borrow());
        let mut told = Vec::new();
        for entry in &roster.entries {
            let (done, finished) = oneshot::channel();
            if entry.tell(SlowMotion::Hold { done }) {
                told.push(finished);
            }
        }
        state.holds += 1;
        let (number, nodes) = (state.holds, roster.entries.len());
        let (tell, ended) = oneshot::channel();
        state.holder = Some((number, Arc::clone(&roster), tell));
        state.events.emit(Event::of_run(EventKind::Held { nodes }));
        Ok((Hold { holding: self.clone(), number, roster, ended }, told))
    }

    /// Lets go of the run for that reason, and of nobody's hold until the result is dropped.
    pub(super) fn bar(&self, why: LetGo) -> Barred {
        let mut state = locked(&self.0);
        state.barred = Some(why);
        let_go(&mut state, why);
        Barred(self.clone())
    }

    /// The same for good, since the run is over.
    pub(super) fn end(&self) {
        std::mem::forget(self.bar(LetGo::Stop));
    }
}

impl Drop for Barred {
    fn drop(&mut self) {
        locked(&self.0.0).barred = None;
    }
}

impl Hold {
    /// The nodes that are held, copy by copy.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.roster.entries.iter().map(|entry| &*entry.instance)
    }

    /// Returns when the hold has ended by itself, with the reason.
    pub async fn ended(&mut self) -> LetGo {
        (&mut self.ended).await.unwrap_or(LetGo::Stop)
    }

    /// Lets the run go on, as was asked.
    pub fn release(self) {
        self.end(LetGo::Asked);
    }

    fn end(&self, why: LetGo) {
        let mut state = locked(&self.holding.0);
        if state.holder.as_ref().is_some_and(|(number, _, _)| *number == self.number) {
            let_go(&mut state, why);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end(LetGo::Gone);
    }
}

/// Lets the nodes of whoever holds the run go on.
fn let_go(state: &mut MutexGuard<'_, State>, why: LetGo) {
    let Some((_, roster, tell)) = state.holder.take() else { return };
    for entry in &roster.entries {
        // One that has ended needs nothing.
        let _ = entry.tell(SlowMotion::Release);
    }
    state.events.emit(Event::of_run(EventKind::Released { why }));
    let _ = tell.send(why);
}
