//! Stopping in good order: sources first, then along the flow, then the context.
//!
//! Owns the deadlines of a stop. A node finishes the message in hand, sends what waits, and closes
//! its sockets itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::instances::Instances;
use super::running::Supervisor;
use super::stop_order;
use crate::clock;
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

impl Supervisor {
    /// Stops every node and closes every socket.
    pub async fn stop(&mut self, haste: Haste) {
        self.holding.end();
        for handle in self.instances.iter() {
            self.instances.tell(&handle.instance, Control::Quiesce);
        }
        let mut drained_by = clock::now() + DRAIN;
        let mut sent_by = drained_by + SEND;
        for level in stop_order::levels(&self.topology) {
            let of_level = self.instances.iter().filter(|handle| level.contains(&handle.node));
            let level: Vec<Arc<str>> =
                of_level.map(|handle| Arc::clone(&handle.instance)).collect();
            self.ending.begin(&level);
            if haste == Haste::Drain && self.tells_counts(&level) {
                self.view.tell_last_counts().await;
            }
            if haste == Haste::Drain {
                drain(&self.instances, &level, drained_by).await;
            }
            let deadline = match haste {
                // Later than now, or a program would be killed without a word.
                Haste::Drain => {
                    sent_by.min(clock::now() + SEND).max(clock::now() + Duration::from_millis(1))
                }
                Haste::Now => clock::now(),
            };
            let begun = clock::now();
            let has_programs = self.has_programs(&level);
            self.end(&level, deadline, false, &BTreeSet::new()).await;
            if has_programs {
                // A program has a time of its own to end, and those behind it have theirs after that.
                let took = clock::since(begun);
                (drained_by, sent_by) = (drained_by + took, sent_by + took);
            }
        }
        self.view.close_accounts(&self.events);
        self.announce();
    }

    /// Whether those are among instances by which other places are told what this one counts.
    fn tells_counts(&self, instances: &[Arc<str>]) -> bool {
        let mut nodes = self.topology.nodes.iter().filter(|node| node.counts);
        nodes.any(|node| node.instances().any(|(one, _)| instances.iter().any(|it| **it == *one)))
    }

    /// Whether programs are among instances that run.
    fn has_programs(&self, instances: &[Arc<str>]) -> bool {
        let handles = instances.iter().filter_map(|instance| self.instances.get(instance));
        handles.into_iter().any(|handle| handle.counters.program.is_some())
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
            let succeeded = succeeded.contains(instance);
            self.instances.tell(instance, Control::Stop { deadline, alone, succeeded });
            ending.extend(self.instances.take(instance));
        }
        self.show();
        for handle in ending {
            self.spawner.has_ended(&handle.instance, handle.ended.await.ok().flatten());
            self.ending.end(&handle.instance);
        }
    }
}

/// Waits until instances are quiet, or the time is over.
async fn drain(instances: &Instances, level: &[Arc<str>], deadline: Instant) {
    let mut drains = Vec::new();
    for instance in level {
        let drain = |done| Control::Drain { quiet: QUIET, deadline, done };
        drains.push(instances.ask(instance, drain));
    }
    for drained in drains {
        // Whether it became quiet or ran out of time, it is stopped next.
        let _ = drained.await;
    }
}
