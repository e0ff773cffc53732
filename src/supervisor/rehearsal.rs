//! Trying a plan out: all that could fail is found out before anything that runs is touched.
//!
//! Owns the question who has an endpoint: nobody, a socket of ours that lets go of it in the same
//! plan, or somebody for whom the plan has to fail. Never changes what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::actions::Actions;
use super::endpoint_resolution::Directory;
use super::error::StartError;
use super::instances::Instances;
use super::kernel_queues::{self, Listener};
use super::spawner::{Rehearsing, Spawner};
use crate::clock;
use crate::node::{Claim, Control, NodeError, SocketError, probe_endpoint, probe_files};
use crate::plan::Plan;
use crate::topology::{NodeSpec, SocketSpec, Topology};
use crate::zeromq::{Endpoint, Side};

/// How long an endpoint may still be somebody's who is just closing.
const CLOSING: Duration = Duration::from_millis(400);
/// How long lies between two looks at it.
const LOOK: Duration = Duration::from_millis(10);

/// An endpoint that an instance is to bind.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    instance: Arc<str>,
    claim: Claim,
    /// Whether a socket of ours has it, or a part of it, and lets go of it.
    changes_hands: bool,
}

/// Tries what a plan's actions could fail at, where `before` runs; the result is what they bind.
pub(super) async fn rehearse(
    plan: &Plan,
    actions: &Actions,
    before: &Topology,
    instances: &Instances,
    spawner: &mut Spawner,
) -> Result<Vec<Wanted>, StartError> {
    let result = try_out(plan, actions, before, instances, spawner).await;
    if result.is_err() {
        forget(actions, instances, spawner);
    }
    result
}

/// Lets go of what was made for actions that are not carried out.
pub(super) fn forget(actions: &Actions, instances: &Instances, spawner: &mut Spawner) {
    for (instance, _, _) in &actions.change {
        instances.tell(instance, Control::Forget);
    }
    spawner.forget_rehearsals();
}

async fn try_out(
    plan: &Plan,
    actions: &Actions,
    before: &Topology,
    instances: &Instances,
    spawner: &mut Spawner,
) -> Result<Vec<Wanted>, StartError> {
    let mut asked: Vec<(Arc<str>, Rehearsing)> = Vec::new();
    for (instance, spec, _) in &actions.change {
        let Some(fates) = plan.fates(&spec.name) else { continue };
        let claims = instances.ask(instance, |done| Control::Rehearse { fates, done });
        asked.push((Arc::clone(instance), claims));
    }
    for (number, join) in actions.join.iter().enumerate() {
        let claims = spawner.rehearse(join, instances.len() + number, before)?;
        asked.push((Arc::clone(&join.1), claims));
    }
    let mut failures = Vec::new();
    let mut claimed = Vec::new();
    for (instance, claims) in asked {
        match claims.await.unwrap_or(Err(NodeError::ThreadGone)) {
            Ok(claims) => {
                claimed.extend(claims.into_iter().map(|claim| (Arc::clone(&instance), claim)))
            }
            Err(error) => failures.push((instance, error)),
        }
    }
    if !spawner.is_simulated() {
        failures.extend(probe_all_files(actions, before).await);
    }
    let held = Held::of(actions, before, instances);
    let mut wanted = Vec::new();
    for (instance, claim) in claimed {
        match held.who_keeps(&instance, &claim) {
            Some(keeper) => failures.push((instance, taken(&claim, format!("{keeper} has it")))),
            None => {
                let changes_hands = held.anybody_has(&claim);
                wanted.push(Wanted { instance, claim, changes_hands });
            }
        }
    }
    if !failures.is_empty() {
        return Err(StartError::Nodes(failures));
    }
    if spawner.is_simulated() {
        // Nobody else has anything, and the simulation itself says who is bound where.
        return Ok(Vec::new());
    }
    probe(&wanted, instances, CLOSING).await?;
    Ok(wanted)
}

async fn probe_all_files(actions: &Actions, before: &Topology) -> Vec<(Arc<str>, NodeError)> {
    let before = Directory::of(before);
    let changing =
        actions.change.iter().map(|(instance, to, _)| (instance, before.node(&to.name), to));
    let joining = actions.join.iter().map(|(to, instance, _)| (instance, None, to));
    let mut failures = Vec::new();
    for (instance, from, to) in changing.chain(joining) {
        if let Err(error) = probe_files(instance, from, to).await {
            failures.push((Arc::clone(instance), error));
        }
    }
    failures
}

/// Finds out whether everything that is wanted can be bound; somebody who has it may be closing for
/// so long.
pub(super) async fn probe(
    wanted: &[Wanted],
    instances: &Instances,
    patience: Duration,
) -> Result<(), StartError> {
    let deadline = clock::now() + patience;
    let mut failures = Vec::new();
    for one in wanted {
        loop {
            let found = if one.changes_hands {
                probe_beside_ours(&one.claim, instances)
            } else {
                probe_endpoint(&one.claim.actual).await
            };
            match found {
                Ok(()) => break,
                Err(_) if clock::now() < deadline => clock::sleep(LOOK).await,
                Err(why) => {
                    failures.push((Arc::clone(&one.instance), taken(&one.claim, why)));
                    break;
                }
            }
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(StartError::Nodes(failures)) }
}

/// Whether anybody but ourselves listens where a socket of ours lets go: at another address of the
/// port, where the new one takes all of them.
fn probe_beside_ours(claim: &Claim, instances: &Instances) -> Result<(), String> {
    let Some(wanted) = Listener::of(&claim.actual) else { return Ok(()) };
    let ours: BTreeSet<Listener> = instances
        .iter()
        .flat_map(|handle| &handle.bound)
        .filter_map(|(_, _, actual)| Listener::of(actual))
        .collect();
    let mut foreign = kernel_queues::listeners(wanted.port()).into_iter();
    let taken = foreign.any(|found| found.overlaps(&wanted) && !ours.contains(&found));
    if taken { Err("another program has it, or a part of it, already".to_owned()) } else { Ok(()) }
}

/// Endpoints that sockets of ours have: whose, which, and whether it stays so.
#[derive(Default)]
struct Held(Vec<((Arc<str>, String), String, bool)>);

impl Held {
    /// What our sockets have now, and who of them keeps it.
    fn of(actions: &Actions, before: &Topology, instances: &Instances) -> Self {
        let before = Directory::of(before);
        let next: BTreeMap<&str, &NodeSpec> =
            actions.change.iter().map(|(instance, spec, _)| (&**instance, &**spec)).collect();
        let leaves: BTreeSet<&str> = actions.leave.iter().map(|instance| &**instance).collect();
        let mut held = Self::default();
        for handle in instances.iter() {
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
    SocketError::Bind { socket, endpoint, why, is_taken: true }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{paused, since};

    #[test]
    fn an_endpoint_of_somebody_else_is_asked_for_until_it_is_free_or_the_time_is_over() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let actual = format!("tcp://{}", other.local_addr().unwrap());
        let (socket, endpoint) = ("s".to_owned(), actual.clone());
        let claim = Claim { socket, endpoint, actual };
        let wanted = [Wanted { instance: "a".into(), claim, changes_hands: false }];
        let instances = Instances::default();
        paused(async {
            let begun = clock::now();
            let failed = probe(&wanted, &instances, CLOSING).await.unwrap_err();
            assert!(failed.to_string().contains("a: "), "{failed}");
            assert_eq!(since(begun), CLOSING);
            let closing = async {
                clock::sleep(3 * LOOK + LOOK / 2).await;
                drop(other);
            };
            let begun = clock::now();
            let (found, ()) = tokio::join!(probe(&wanted, &instances, CLOSING), closing);
            found.unwrap();
            assert_eq!(since(begun), 4 * LOOK);
        });
    }

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
