//! Stopping in good order: sources first, then along the flow, then the context.
//!
//! Owns the deadlines of a stop. A node finishes the message in hand, sends what waits, and closes
//! its sockets itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Supervisor, stop_order};
use crate::lock::locked;
use crate::node::Control;

/// How long nothing may have arrived at a node before it counts as drained.
const QUIET: Duration = Duration::from_millis(20);
/// How long draining may take in all.
const DRAIN: Duration = Duration::from_millis(700);
/// How long a node may take to send what waits, after that.
pub(super) const SEND: Duration = Duration::from_millis(300);

/// How much time a stop may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Haste {
    /// Messages on their way inside the file arrive first.
    Drain,
    /// Nothing is waited for.
    Now,
}

/// The instances that are being ended, for whoever waits for them.
#[derive(Clone, Default, Debug)]
pub struct Ending(Arc<Mutex<BTreeSet<Arc<str>>>>);

impl Ending {
    /// Those that have not ended.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        locked(&self.0).iter().map(ToString::to_string).collect()
    }

    fn begin(&self, instances: &[Arc<str>]) {
        locked(&self.0).extend(instances.iter().cloned());
    }

    fn end(&self, instance: &str) {
        locked(&self.0).remove(instance);
    }
}

impl Supervisor {
    /// Stops every node and closes every socket.
    pub async fn stop(&mut self, haste: Haste) {
        for handle in self.nodes.values() {
            let _ = handle.control.send(Control::Quiesce);
        }
        let drained_by = Instant::now() + DRAIN;
        let sent_by = drained_by + SEND;
        for level in stop_order::levels(&self.topology) {
            let level: Vec<Arc<str>> = self
                .nodes
                .values()
                .filter(|handle| level.contains(&handle.node))
                .map(|handle| Arc::clone(&handle.instance))
                .collect();
            self.ending.begin(&level);
            if haste == Haste::Drain {
                self.drain(&level, drained_by).await;
            }
            let deadline = match haste {
                Haste::Drain => sent_by.min(Instant::now() + SEND),
                Haste::Now => Instant::now(),
            };
            self.end(&level, deadline, false, &BTreeSet::new()).await;
        }
        self.close_accounts();
        self.announce();
    }

    async fn drain(&self, instances: &[Arc<str>], deadline: Instant) {
        let mut drains = Vec::new();
        for handle in instances.iter().filter_map(|instance| self.nodes.get(instance)) {
            let (done, drained) = oneshot::channel();
            let _ = handle.control.send(Control::Drain { quiet: QUIET, deadline, done });
            drains.push(drained);
        }
        for drained in drains {
            // Whether it became quiet or ran out of time, it is stopped next.
            let _ = drained.await;
        }
    }

    /// Ends instances; `alone` if the run goes on without them. Others take the place of the
    /// `succeeded` ones.
    pub(super) async fn end(
        &mut self,
        instances: &[Arc<str>],
        deadline: Instant,
        alone: bool,
        succeeded: &BTreeSet<Arc<str>>,
    ) {
        self.ending.begin(instances);
        let mut ending = Vec::new();
        for instance in instances {
            if let Some(handle) = self.nodes.remove(instance) {
                let succeeded = succeeded.contains(instance);
                let _ = handle.control.send(Control::Stop { deadline, alone, succeeded });
                ending.push(handle);
            }
        }
        self.show();
        for handle in ending {
            if let Ok(Some(left)) = handle.ended.await {
                self.legacies.insert(Arc::clone(&handle.instance), left);
            }
            self.isolated.remove(&handle.instance);
            self.ending.end(&handle.instance);
        }
    }
}
