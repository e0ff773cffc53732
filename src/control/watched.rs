//! What a tap looks at, while the topology changes.
//!
//! Owns what is said of that.

use std::sync::Arc;

use tokio::sync::watch;

use super::paper::Paper;
use super::protocol::Reply;
use crate::node::Target;
use crate::supervisor::Roster;

/// What is looked at, while the topology changes.
pub(super) struct Watched {
    target: Target,
    roster: watch::Receiver<Arc<Roster>>,
    is_there: bool,
}

impl Watched {
    /// A target that is there.
    pub(super) fn new(target: Target, roster: watch::Receiver<Arc<Roster>>) -> Self {
        Self { target, roster, is_there: true }
    }

    /// The copies that it means now.
    pub(super) fn instances(&mut self) -> Vec<String> {
        let roster = Arc::clone(&self.roster.borrow_and_update());
        let found = roster.find(&self.target).unwrap_or_default();
        found.iter().map(|entry| entry.instance.to_string()).collect()
    }

    /// Says when what is looked at has gone or come back; whether the run is over.
    pub(super) fn changed(&mut self, paper: &mut Paper) -> bool {
        match self.roster.has_changed() {
            Ok(false) => return false,
            Ok(true) => {}
            Err(_) => return true,
        }
        let roster = Arc::clone(&self.roster.borrow_and_update());
        let found = roster.find(&self.target);
        if found.is_ok() != self.is_there {
            self.is_there = found.is_ok();
            let target = &self.target;
            let note = match found {
                Ok(_) => format!("{target} is there again (generation {})", roster.generation),
                Err(_) if roster.entries.is_empty() => "the run is over".to_owned(),
                Err(why) => format!(
                    "{target} is gone since generation {}: {why}; it is shown again when it is back",
                    roster.generation
                ),
            };
            paper.say(&Reply::Note(note));
        }
        roster.entries.is_empty()
    }
}
