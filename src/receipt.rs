//! What became of an attempt to reload, as a value that prints.
//!
//! Owns the words of a receipt. Never decides anything.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration::format_duration;
use crate::listing::{some_of, thousands};
use crate::plan::{Change, NodePlan, Plan};
use crate::visible::visible_lines;

/// How many notes a person is shown.
const NOTES: usize = 20;

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The new version runs.
    Applied,
    /// The new version is faulty; nothing was touched.
    Rejected,
    /// A step failed; the old version runs.
    RolledBack,
}

/// One attempt to reload.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Receipt {
    /// How it ended.
    pub verdict: Verdict,
    /// The number of the version that runs now; the first start is 1.
    pub generation: u64,
    /// How long it took, in milliseconds.
    pub milliseconds: f64,
    /// What was done, or would have been, node by node; nodes that stay as they are are left out.
    pub nodes: Vec<NodeReceipt>,
    /// Instances that took nothing new meanwhile.
    pub held: Vec<String>,
    /// Messages that were taken from libzmq and handled after the change.
    pub stashed: u64,
    /// Messages that were dropped, all sockets together.
    pub dropped: u64,
    /// What could be at risk, and why; one sentence each.
    pub notes: Vec<String>,
    /// Why it did not happen; one text each.
    pub errors: Vec<String>,
    /// After how many seconds it is tried again, if a step failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_seconds: Option<u64>,
}

/// What was done to one node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NodeReceipt {
    /// Its name.
    pub node: String,
    /// `+`, `-` or `~`.
    pub sign: char,
    /// The changes of a node that stays.
    pub changes: Vec<Change>,
}

impl Receipt {
    /// A receipt of a plan, before anything is known of its end.
    pub fn of(plan: &Plan) -> Self {
        let nodes = plan.nodes.iter().filter(|node| !matches!(node, NodePlan::Keep(_)));
        Self { nodes: nodes.map(NodeReceipt::of).collect(), ..Self::empty(Verdict::Applied) }
    }

    /// A receipt of a version that was not even tried.
    #[must_use]
    pub fn rejected(generation: u64, took: Duration, errors: Vec<String>) -> Self {
        let milliseconds = took.as_secs_f64() * 1000.0;
        Self { generation, milliseconds, errors, ..Self::empty(Verdict::Rejected) }
    }

    /// A receipt where nothing was to be done.
    #[must_use]
    pub fn unchanged(generation: u64, took: Duration) -> Self {
        let milliseconds = took.as_secs_f64() * 1000.0;
        Self { generation, milliseconds, ..Self::empty(Verdict::Applied) }
    }

    /// How many bytes it has as JSON.
    #[must_use]
    pub fn size(&self) -> usize {
        // Its parts always are JSON.
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    fn empty(verdict: Verdict) -> Self {
        Self {
            verdict,
            generation: 0,
            milliseconds: 0.0,
            nodes: Vec::new(),
            held: Vec::new(),
            stashed: 0,
            dropped: 0,
            notes: Vec::new(),
            errors: Vec::new(),
            retry_seconds: None,
        }
    }
}

impl NodeReceipt {
    fn of(plan: &NodePlan) -> Self {
        let changes = match plan {
            NodePlan::Change { changes, .. } => changes.clone(),
            NodePlan::Keep(_) | NodePlan::Add(_) | NodePlan::Remove(_) => Vec::new(),
        };
        Self { node: plan.name().to_owned(), sign: plan.sign(), changes }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Applied => "applied",
            Verdict::Rejected => "rejected, the running version stays",
            Verdict::RolledBack => "rolled back, the running version stays",
        };
        let took = format_duration(Duration::from_micros((self.milliseconds * 1000.0) as u64));
        write!(f, "reload {verdict} (generation {}, {took})", self.generation)?;
        if self.verdict == Verdict::Applied && self.nodes.is_empty() && self.notes.is_empty() {
            f.write_str(": nothing changed")?;
        }
        for node in &self.nodes {
            write!(f, "\n  {} {}", node.sign, node.node)?;
            for change in &node.changes {
                write!(f, "\n      {}  [{}]", change.text(), change.how)?;
            }
        }
        if !self.held.is_empty() {
            let held = some_of(&self.held);
            write!(f, "\n  paused meanwhile: {held}; {} messages waited in them", self.stashed)?;
        }
        if self.dropped > 0 {
            write!(f, "\n  dropped: {}", self.dropped)?;
        }
        for note in self.notes.iter().take(NOTES) {
            write!(f, "\n  note: {}", visible_lines(note))?;
        }
        if self.notes.len() > NOTES {
            let more = thousands((self.notes.len() - NOTES) as u64);
            write!(f, "\n  note: and {more} more, which --receipts has")?;
        }
        for error in &self.errors {
            write!(f, "\n  error: {}", visible_lines(error))?;
        }
        if let Some(seconds) = self.retry_seconds {
            write!(f, "\n  tries again in {seconds} s, and at once when it is saved or on SIGHUP")?;
        }
        Ok(())
    }
}
