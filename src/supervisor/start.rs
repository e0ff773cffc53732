//! Starting nodes: bind all, connect all, wait for the links.
//!
//! Owns the start barrier, which is why nothing inside one file is lost to the slow joiner. Which
//! nodes, and what follows, is `reload`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::actions::Join;
use super::baselines::SocketName;
use super::eager_links::EagerLinks;
use super::endpoint_resolution::{self, Directory};
use super::error::StartError;
use super::instances::Instances;
use super::quiescence::Outsiders;
use super::spawner::Spawner;
use super::wanted::{FromOutside, await_topics, taken};
use crate::clock;
use crate::event::{Event, EventKind, Events};
use crate::listing::thousands;
use crate::node::{Expectation, MissingLink, NodeError, SocketControl, SocketError};
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::Role;

/// How long the start waits for links inside the file while none comes up.
const BARRIER: Duration = Duration::from_secs(2);
/// The same for a reload and the links that it changed.
const RELOAD_BARRIER: Duration = Duration::from_millis(500);
/// The same where a program is started that has to become ready.
const READINESS: Duration = Duration::from_secs(10);
/// How often to look whether links come up.
const PROGRESS: Duration = Duration::from_millis(100);

/// How many links that are not up are told of, each on a line; of more only the number.
const LINKS_TOLD: usize = 5;

/// Makes instances of nodes: everything open and bound, and nothing connected but the links of a
/// first start, as soon as both ends are there. `before` is the topology that they join.
pub(super) async fn make(
    wanted: &[&Join],
    before: &Topology,
    instances: &mut Instances,
    spawner: &mut Spawner,
    eager: &mut Option<EagerLinks<'_>>,
) -> Result<(), StartError> {
    let mut begun = Vec::new();
    for join in wanted {
        let number = instances.len() + begun.len();
        begun.push((Arc::clone(&join.1), spawner.begin(join, number, before)?));
    }
    let mut failures = Vec::new();
    for (instance, result) in begun {
        match result.await {
            Ok(Ok(handle)) => {
                let node = handle.node.clone();
                instances.add(handle);
                if let Some(eager) = eager {
                    connect_eagerly(eager, &node, instances);
                }
            }
            Ok(Err(error)) => failures.push((instance, error)),
            Err(_) => failures.push((instance, NodeError::ThreadGone)),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(StartError::Nodes(failures)) }
}

/// Makes the links for which an instance of this node was the last one missing.
fn connect_eagerly(eager: &mut EagerLinks<'_>, node: &str, instances: &Instances) {
    for (node, endpoints) in eager.made(node, instances) {
        for (instance, _) in node.instances() {
            instances.tell(&instance, SocketControl::ConnectEarly { endpoints: endpoints.clone() });
        }
    }
}

/// Who has to be connected, and what was found before.
pub(super) struct Connecting<'s> {
    pub(super) topology: &'s Topology,
    /// The instances, with the endpoints that they are to connect to anew.
    pub(super) concerned: &'s BTreeMap<Arc<str>, Vec<(usize, String)>>,
    /// Whether something runs already.
    pub(super) reloads: bool,
    /// Sockets that peers outside the file were connected to.
    pub(super) outsiders: &'s BTreeMap<SocketName, Outsiders>,
    /// What peers outside the file want of publishers that are replaced.
    pub(super) wanted: &'s FromOutside,
}

/// An instance that was told to connect.
struct Asked {
    instance: Arc<str>,
    connected: oneshot::Receiver<Vec<SocketError>>,
    up: oneshot::Receiver<()>,
}

/// Something that an instance waits for in vain.
pub(super) type Missing = (Arc<str>, String);

impl Connecting<'_> {
    /// Connects the instances and waits for their links; the result is what is still missing.
    pub(super) async fn connect(&self, instances: &Instances) -> Result<Vec<Missing>, StartError> {
        let asked = self.ask(instances);
        let mut failures = Vec::new();
        let mut waiting = Vec::new();
        for Asked { instance, connected, up } in asked {
            let failed = connected.await.unwrap_or_default();
            failures.extend(failed.into_iter().map(|error| (Arc::clone(&instance), error.into())));
            waiting.push((instance, up));
        }
        if !failures.is_empty() {
            return Err(StartError::Nodes(failures));
        }
        Ok(wait_for_links(instances, waiting, self.patience()).await)
    }

    /// How long to wait while no link comes up. A program takes its time to start, and to become ready.
    fn patience(&self) -> Duration {
        let is_concerned = |node: &NodeSpec| {
            node.instances().any(|(it, _)| self.concerned.contains_key(it.as_str()))
        };
        let nodes = self.topology.nodes.iter().filter(|node| is_concerned(node));
        let programs: Vec<_> = nodes.filter_map(|node| node.process.as_ref()).collect();
        match () {
            () if programs.iter().any(|program| program.ready.is_some()) => READINESS,
            () if self.reloads && programs.is_empty() => RELOAD_BARRIER,
            () => BARRIER,
        }
    }

    /// Tells every instance what to connect to and what to wait for.
    fn ask(&self, instances: &Instances) -> Vec<Asked> {
        let directory = Directory::of(self.topology);
        let taken = |instance: &str, place| taken(instances, instance, place);
        let mut expectations = endpoint_resolution::expectations(self.topology, &taken);
        let mut asked = Vec::new();
        for (place, node) in self.topology.nodes.iter().enumerate() {
            let mut expectation = expectations.remove(&place).unwrap_or_default();
            self.expect_outsiders(node, &mut expectation);
            for (instance, _) in node.instances() {
                let Some(renew) = self.concerned.get(instance.as_str()) else { continue };
                let Some(handle) = instances.get(&instance) else { continue };
                let mut expectation = expectation.clone();
                await_topics(&mut expectation, node, &handle.instance, self.wanted);
                let (done, connected) = oneshot::channel();
                let (linked, up) = oneshot::channel();
                let told = handle.control.send(SocketControl::Connect {
                    endpoints: endpoint_resolution::connects(node, &directory, instances),
                    renew: renew.clone(),
                    expectation,
                    done,
                    linked,
                });
                if told.is_ok() {
                    let instance = Arc::clone(&handle.instance);
                    asked.push(Asked { instance, connected, up });
                }
            }
        }
        asked
    }

    /// Corrects how many connections a node's sockets wait for by their peers outside the file.
    fn expect_outsiders(&self, node: &NodeSpec, expectation: &mut Expectation) {
        for (socket, peers) in &mut expectation.peers {
            let socket = &node.sockets[*socket];
            let outside = self.outsiders.get(&(node.name.clone(), socket.name.clone()));
            expect_outsiders(peers, self.reloads, socket.role, outside);
        }
    }
}

/// Tells which links did not come up before the start.
pub(super) fn tell_missing(missing: Vec<Missing>, events: &Events) {
    let more = missing.len().saturating_sub(LINKS_TOLD);
    for (instance, link) in missing.into_iter().take(LINKS_TOLD) {
        let kind = EventKind::LinkMissing { link };
        events.emit(Event { node: instance, socket: None, kind, repeated: 0 });
    }
    if more > 0 {
        let link = format!("and {} more", thousands(more as u64));
        let kind = EventKind::LinkMissing { link };
        events.emit(Event::of_run(kind));
    }
}

/// Waits for links as long as they come up, and tells what is missing when none has for so long.
async fn wait_for_links(
    instances: &Instances,
    mut waiting: Vec<(Arc<str>, oneshot::Receiver<()>)>,
    patience: Duration,
) -> Vec<Missing> {
    let mut moved = clock::now();
    let mut fewest = None;
    loop {
        let look = clock::now() + PROGRESS;
        let mut lacking = Vec::new();
        for (instance, mut up) in waiting {
            if clock::before(look, &mut up).await.is_none() {
                lacking.push((instance, up));
            }
        }
        waiting = lacking;
        let missing = missing_links(instances, &waiting).await;
        let count: u64 = missing.iter().map(|(_, link)| link.count).sum();
        if fewest.is_some_and(|fewest| count < fewest) {
            moved = clock::now();
        }
        fewest = fewest.into_iter().chain([count]).min();
        if waiting.is_empty() || clock::since(moved) >= patience {
            let said = missing.into_iter().map(|(instance, link)| (instance, link.said));
            return said.collect();
        }
    }
}

/// What the links lack that these instances wait for.
async fn missing_links(
    instances: &Instances,
    waiting: &[(Arc<str>, oneshot::Receiver<()>)],
) -> Vec<(Arc<str>, MissingLink)> {
    let mut all_missing = Vec::new();
    for (instance, _) in waiting {
        let missing = instances.ask(instance, |answer| SocketControl::Missing { answer });
        let missing = missing.await.unwrap_or_default();
        all_missing.extend(missing.into_iter().map(|link| (Arc::clone(instance), link)));
    }
    all_missing
}

/// Corrects how many connections a socket waits for by its peers outside the file.
fn expect_outsiders(
    (least, most): &mut (u64, u64),
    reloads: bool,
    role: Role,
    outside: Option<&Outsiders>,
) {
    let count = outside.map_or(0, |outside| outside.count);
    // Whoever was there before a socket was replaced comes back, but in its own time: only where
    // a message without its peer is dropped is that worth waiting for.
    let replaced = outside.is_some_and(|outside| outside.replaced);
    if !replaced || role.publishes() || role.routes() {
        *least += count;
    }
    *most = if reloads && !replaced { *most + count } else { u64::MAX };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{paused, since};
    use crate::node::Control;
    use crate::supervisor::doubles::{answering, double};

    /// After how many milliseconds the wait for the links of an instance ends, and how many are
    /// missing then, where so many are missing at each millisecond.
    fn wait(patience: Duration, missing: impl Fn(u64) -> u64 + Send + 'static) -> (u128, usize) {
        paused(async {
            let begun = clock::now();
            let (handle, inbox) = double("a", "a", 1, &[]);
            let (linked, up) = oneshot::channel();
            let mut linked = Some(linked);
            answering(inbox, move |control| {
                let Control::Sockets(SocketControl::Missing { answer }) = control else { return };
                let count = missing(u64::try_from(since(begun).as_millis()).unwrap());
                if count == 0 {
                    let _ = linked.take().map(|linked| linked.send(()));
                }
                let link = MissingLink { said: "a link".to_owned(), count };
                let _ = answer.send(Vec::from_iter((count > 0).then_some(link)));
            });
            let mut instances = Instances::default();
            let waiting = vec![(Arc::clone(&handle.instance), up)];
            instances.add(handle);
            let missing = wait_for_links(&instances, waiting, patience).await;
            (since(begun).as_millis(), missing.len())
        })
    }

    #[test]
    fn links_are_waited_for_as_long_as_more_of_them_come_up() {
        assert_eq!(wait(BARRIER, |_| 1), (2000, 1));
        assert_eq!(wait(RELOAD_BARRIER, |_| 1), (500, 1));
        // One every 400 ms, ten in all.
        assert_eq!(wait(RELOAD_BARRIER, |at| 10 - (at / 400).min(10)), (4000, 0));
        assert_eq!(wait(RELOAD_BARRIER, |at| 10 - (at / 400).min(3)), (1700, 1));
    }

    #[test]
    fn peers_outside_the_file_are_waited_for_where_a_message_without_them_is_dropped() {
        const NONE: u64 = u64::MAX;
        let stays = Outsiders { count: 2, replaced: false };
        let goes = Outsiders { count: 2, replaced: true };
        for (reloads, role, outside, expected) in [
            (false, Role::Push, None, (3, NONE)),
            (true, Role::Push, None, (3, 3)),
            (true, Role::Push, Some(stays), (5, 5)),
            (true, Role::Push, Some(goes), (3, NONE)),
            (true, Role::Pull, Some(goes), (3, NONE)),
            (true, Role::Pub, Some(goes), (5, NONE)),
            (true, Role::Router, Some(goes), (5, NONE)),
        ] {
            let mut peers = (3, 3);
            expect_outsiders(&mut peers, reloads, role, outside.as_ref());
            assert_eq!(peers, expected, "{reloads} {role} {outside:?}");
        }
    }
}
