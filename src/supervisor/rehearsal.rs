//! Trying a plan out: all that could fail is found out before anything that runs is touched.
//!
//! Owns the question who has an endpoint: nobody, a socket of ours that lets go of it in the same
//! plan, or somebody for whom the plan has to fail. Never changes what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::actions::Actions;
use super::endpoint_resolution::Directory;
use super::kernel_queues::{self, Listener};
use super::{StartError, Supervisor};
use crate::counters::NodeCounters;
use crate::node::{Claim, Control, NodeError, Shard, SocketError, probe_endpoint, probe_files};
use crate::plan::Plan;
use crate::topology::{NodeSpec, SocketSpec};
use crate::zeromq::{Endpoint, Side};

/// How long an endpoint may still be somebody's who is just closing.
const CLOSING: Duration = Duration::from_millis(400);
/// How long lies between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// A rehearsal that is under way on a node's thread.
type Rehearsing = oneshot::Receiver<Result<Vec<Claim>, NodeError>>;

/// What was made beforehand for an instance that joins.
#[derive(Debug)]
pub(super) struct Made {
    /// Its figures, which its sockets hold.
    pub(super) counters: Arc<NodeCounters>,
    /// The thread it is to run on: one of its own, or the number of a shared one.
    pub(super) thread: Result<Shard, usize>,
}

/// An endpoint that an instance is to bind.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    instance: Arc<str>,
    claim: Claim,
    /// Whether a socket of ours has it, or a part of it, and lets go of it.
    changes_hands: bool,
}

impl Supervisor {
    /// Tries what a plan's actions could fail at; the result is what they bind.
    pub(super) async fn rehearse(
        &mut self,
        plan: &Plan,
        actions: &Actions,
    ) -> Result<Vec<Wanted>, StartError> {
        let result = self.try_out(plan, actions).await;
        if result.is_err() {
            self.forget(actions);
        }
        result
    }

    /// Lets go of what was made for actions that are not carried out.
    pub(super) fn forget(&mut self, actions: &Actions) {
        for (instance, _, _) in &actions.change {
            self.tell(instance, Control::Forget);
        }
        self.shards.iter().for_each(Shard::forget);
        self.made.clear();
    }

    async fn try_out(&mut self, plan: &Plan, actions: &Actions) -> Result<Vec<Wanted>, StartError> {
        let mut asked: Vec<(Arc<str>, Rehearsing)> = Vec::new();
        for (instance, spec, _) in &actions.change {
            let Some(fates) = plan.fates(&spec.name) else { continue };
            let (done, claims) = oneshot::channel();
            self.tell(instance, Control::Rehearse { fates, done });
            asked.push((Arc::clone(instance), claims));
        }
        for (number, (spec, instance, replica)) in actions.join.iter().enumerate() {
            let claims = self.rehearse_join(spec, instance, *replica, number)?;
            asked.push((Arc::clone(instance), claims));
        }
        let mut failures = Vec::new();
        let mut wanted = Vec::new();
        let held = self.held_endpoints(actions);
        for (instance, claims) in asked {
            match claims.await.unwrap_or(Err(NodeError::ThreadGone)) {
                Ok(claims) => {
                    wanted.extend(claims.into_iter().map(|claim| (Arc::clone(&instance), claim)))
                }
                Err(error) => failures.push((instance, error)),
            }
        }
        failures.extend(self.probe_files(actions).await);
        let mut found = Vec::new();
        for (instance, claim) in wanted {
            match held.who_keeps(&instance, &claim) {
                Some(keeper) => {
                    failures.push((instance, taken(&claim, format!("{keeper} has it"))))
                }
                None => {
                    let changes_hands = held.anybody_has(&claim);
                    found.push(Wanted { instance, claim, changes_hands });
                }
            }
        }
        if !failures.is_empty() {
            return Err(StartError::Nodes(failures));
        }
        self.probe(&found, CLOSING).await?;
        Ok(found)
    }

    fn rehearse_join(
        &mut self,
        spec: &Arc<NodeSpec>,
        instance: &Arc<str>,
        replica: u32,
        number: usize,
    ) -> Result<Rehearsing, StartError> {
        let blueprint = self.blueprint(spec, instance, replica);
        let counters = Arc::clone(&blueprint.counters);
        let (thread, claims) = if spec.isolate {
            let shard = Shard::start(instance)?;
            let claims = shard.begin_rehearsal(blueprint);
            (Ok(shard), claims)
        } else {
            let at = self.shard_of(self.nodes.len() + number);
            (Err(at), self.shards[at].begin_rehearsal(blueprint))
        };
        self.made.insert(Arc::clone(instance), Made { counters, thread });
        Ok(claims)
    }

    async fn probe_files(&self, actions: &Actions) -> Vec<(Arc<str>, NodeError)> {
        let before = Directory::of(&self.topology);
        let changing =
            actions.change.iter().map(|(instance, to, _)| (instance, before.node(&to.name), to));
        let joining = actions.join.iter().map(|(to, instance, _)| (instance, None, to));
        let mut failures = Vec::new();
        for (instance, from, to) in changing.chain(joining) {
            if let Err(error) = probe_files(from, to).await {
                failures.push((Arc::clone(instance), error));
            }
        }
        failures
    }

    /// Finds out whether everything that is wanted can be bound; somebody who has it may be closing
    /// for so long.
    pub(super) async fn probe(
        &self,
        wanted: &[Wanted],
        patience: Duration,
    ) -> Result<(), StartError> {
        let deadline = Instant::now() + patience;
        let mut failures = Vec::new();
        for one in wanted {
            loop {
                let found = if one.changes_hands {
                    self.probe_beside_ours(&one.claim)
                } else {
                    probe_endpoint(&one.claim.actual).await
                };
                match found {
                    Ok(()) => break,
                    Err(_) if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
                    Err(why) => {
                        failures.push((Arc::clone(&one.instance), taken(&one.claim, why)));
                        break;
                    }
                }
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(StartError::Nodes(failures)) }
    }

    /// Whether anybody but ourselves listens where a socket of ours lets go: at another address of
    /// the port, where the new one takes all of them.
    fn probe_beside_ours(&self, claim: &Claim) -> Result<(), String> {
        let Some(wanted) = Listener::of(&claim.actual) else { return Ok(()) };
        let ours: BTreeSet<Listener> = self
            .nodes
            .values()
            .flat_map(|handle| &handle.bound)
            .filter_map(|(_, _, actual)| Listener::of(actual))
            .collect();
        let mut foreign = kernel_queues::listeners(wanted.port()).into_iter();
        let taken = foreign.any(|found| found.overlaps(&wanted) && !ours.contains(&found));
        if taken {
            Err("another program has it, or a part of it, already".to_owned())
        } else {
            Ok(())
        }
    }

    /// What our sockets have now, and who of them keeps it.
    fn held_endpoints(&self, actions: &Actions) -> Held {
        let before = Directory::of(&self.topology);
        let next: BTreeMap<&str, &NodeSpec> =
            actions.change.iter().map(|(instance, spec, _)| (&**instance, &**spec)).collect();
        let leaves: BTreeSet<&str> = actions.leave.iter().map(|instance| &**instance).collect();
        let mut held = Held::default();
        for handle in self.nodes.values() {
            let Some(spec) = before.node(&handle.node) else { continue };
            for (place, given, actual) in &handle.bound {
                let Some(socket) = spec.sockets.get(*place) else { continue };
                let after = next.get(&*handle.instance).copied().unwrap_or(spec);
                let after = after.sockets.iter().find(|one| one.name == socket.name);
                let binds = |socket: &SocketSpec| socket.binds().any(|one| one.as_str() == given);
                let keeps = !leaves.contains(&*handle.instance) && after.is_some_and(binds);
                let owner = (Arc::clone(&handle.instance), socket.name.clone());
                held.0.push((owner, actual.clone(), keeps));
            }
        }
        held
    }
}

/// Endpoints that sockets of ours have: whose, which, and whether it stays so.
#[derive(Default)]
struct Held(Vec<((Arc<str>, String), String, bool)>);

impl Held {
    /// The other socket that has an endpoint, or a part of it, and keeps it.
    fn who_keeps(&self, instance: &Arc<str>, claim: &Claim) -> Option<String> {
        let other = self.0.iter().find(|((owner, socket), actual, keeps)| {
            let same = owner == instance && *socket == claim.socket;
            *keeps && !same && overlap(actual, &claim.actual)
        });
        other.map(|((owner, socket), _, _)| format!("{owner}.{socket}"))
    }

    fn anybody_has(&self, claim: &Claim) -> bool {
        self.0.iter().any(|(_, actual, _)| overlap(actual, &claim.actual))
    }
}

/// Whether two endpoints, as libzmq tells them, cannot be bound at the same time.
fn overlap(one: &str, other: &str) -> bool {
    let parsed = |text| Endpoint::parse(text, Side::Bind);
    match (parsed(one), parsed(other)) {
        (Ok(one), Ok(other)) => one.overlaps(&other),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) | (Err(_), Err(_)) => one == other,
    }
}

fn taken(claim: &Claim, why: String) -> NodeError {
    let (socket, endpoint) = (claim.socket.clone(), claim.endpoint.clone());
    SocketError::Bind { socket, endpoint, why }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_overlap_by_port_and_address() {
        for (one, other, do_overlap) in [
            ("tcp://127.0.0.1:5", "tcp://127.0.0.1:5", true),
            ("tcp://0.0.0.0:5", "tcp://127.0.0.1:5", true),
            ("tcp://[::]:5", "tcp://127.0.0.1:5", true),
            ("tcp://[::]:5", "tcp://[::1]:5", true),
            ("tcp://0.0.0.0:5", "tcp://[::1]:5", false),
            ("tcp://127.0.0.1:5", "tcp://[::1]:5", false),
            ("ws://127.0.0.1:5/path", "tcp://127.0.0.1:5", true),
            ("tcp://127.0.0.1:5", "tcp://127.0.0.2:5", false),
            ("tcp://0.0.0.0:5", "tcp://0.0.0.0:6", false),
            ("ipc:///tmp/a", "ipc:///tmp/a", true),
            ("ipc:///tmp/a", "ipc:///tmp/b", false),
        ] {
            assert_eq!(overlap(one, other), do_overlap, "{one} {other}");
            assert_eq!(overlap(other, one), do_overlap, "{other} {one}");
        }
    }
}
