//! Carrying out a plan: hold, wait for quiescence, change, link, let go; and back again if a step fails.
//!
//! Owns the order of the actions. What they disturb is the plan's, when it is quiet `quiescence`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::actions::Actions;
use super::eager_links::EagerLinks;
use super::quiescence::Quiescence;
use super::rehearsal::Wanted;
use super::wanted::FromOutside;
use super::{StartError, Supervisor, endpoint_resolution};
use crate::counters::{DropReason, NodeCounters};
use crate::node::{Control, NodeError};
use crate::plan::{Impact, Plan};
use crate::receipt::{Receipt, Verdict};
use crate::topology::{NodeSpec, Topology};
use crate::zeromq::Role;

/// How long nodes that owe answers may take to give them.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the ends of connections may take to reach their sockets.
const SETTLE: Duration = Duration::from_millis(2);

impl Supervisor {
    /// Changes the running topology into another one, or leaves it as it was.
    pub async fn reload(&mut self, new: &Topology) -> Receipt {
        let begun = Instant::now();
        let plan = Plan::between(&self.topology, new);
        let mut receipt = Receipt::of(&plan);
        let counters: Vec<_> =
            self.nodes.values().map(|handle| Arc::clone(&handle.counters)).collect();
        let dropped = dropped_at_shutdown(&counters);
        match self.try_and_carry_out(&plan).await {
            Ok(done) => {
                receipt.held = done.held;
                receipt.stashed = done.quiescence.stashed;
                receipt.notes = done.notes;
                self.generation += 1;
            }
            Err(Failure::Before(error)) => {
                receipt.verdict = Verdict::RolledBack;
                receipt.errors.push(error.to_string());
            }
            Err(Failure::Between(error)) => {
                receipt.verdict = Verdict::RolledBack;
                receipt.errors.push(error.to_string());
                match self.carry_out(&plan.inverse(), &[]).await {
                    // It is the version that ran before, not another one.
                    Ok(done) => receipt.notes = done.notes,
                    Err(error) => {
                        let error = error.into_error();
                        receipt.errors.push(format!("going back failed too: {error}"));
                        self.release(&Actions::default());
                    }
                }
            }
        }
        self.legacies.clear();
        self.show();
        self.announce();
        receipt.dropped = dropped_at_shutdown(&counters).saturating_sub(dropped);
        receipt.generation = self.generation;
        receipt.milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        receipt
    }

    /// The number of the version that runs; it counts every version that was applied.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Carries a plan out that has been rehearsed, so that what cannot be done changes nothing.
    async fn try_and_carry_out(&mut self, plan: &Plan) -> Result<Done, Failure> {
        let actions = self.actions(plan);
        let wanted = self.rehearse(plan, &actions).await.map_err(Failure::Before)?;
        let result = self.carry_out(plan, &wanted).await;
        self.forget(&actions);
        result
    }

    /// Carries a plan out, whose actions were found to bind these endpoints. When it fails between,
    /// the plan back mends that, because every step looks at what is there.
    pub(super) async fn carry_out(
        &mut self,
        plan: &Plan,
        wanted: &[Wanted],
    ) -> Result<Done, Failure> {
        let (old, new) = (plan.from(), plan.to());
        // What either version wants asked is asked, until the new one is all that runs.
        if old.asks_zap() || new.asks_zap() {
            self.context.need_zap(true).map_err(|it| Failure::Before(StartError::Context(it)))?;
        }
        let impact = plan.impact();
        let actions = self.actions(plan);
        let mut done = self.quiet(plan, &actions).await;
        // Quiescence took its time, and somebody else may have bound a port meanwhile.
        if let Err(error) = self.probe(wanted, Duration::ZERO).await {
            self.release(&Actions::default());
            let need = self.context.need_zap(old.asks_zap());
            need.map_err(|errno| Failure::Before(StartError::Context(errno)))?;
            return Err(Failure::Before(error));
        }
        done.wanted = self.wanted_from_outside(impact, old).await;
        let succeeded = actions.succeeded(plan);
        self.end(&actions.leave, Instant::now() + super::stop::SEND, true, &succeeded).await;
        self.hand_down(plan);
        let left: BTreeSet<Arc<str>> = actions.leave.iter().cloned().collect();
        self.baselines.retain(|(instance, _), _| !left.contains(instance));
        let result = self.change_all(&actions, plan, &done).await;
        self.remember_baselines(impact).await;
        // On failure everything stays held until the way back is done.
        done.notes.extend(result.map_err(Failure::Between)?);
        self.topology = new.clone();
        let need = self.context.need_zap(new.asks_zap());
        need.map_err(|errno| Failure::Between(StartError::Context(errno)))?;
        self.account();
        self.release(&actions);
        self.start_all(&actions);
        done.notes.extend(notes(old, impact, &done.quiescence));
        Ok(done)
    }

    /// Holds what the plan disturbs and waits until nothing is on its way there.
    async fn quiet(&mut self, plan: &Plan, actions: &Actions) -> Done {
        let impact = plan.impact();
        if impact.groups.is_empty() {
            return Done::default();
        }
        let expected = expected_peers(plan.from());
        self.hold(impact, |node| !impact.keep_serving.contains(node));
        for handle in self.nodes.values() {
            // What goes on handling begins nothing by itself, or it would never be quiet.
            if impact.keep_serving.contains(&handle.node)
                || actions.leave.contains(&handle.instance)
            {
                self.tell(&handle.instance, Control::Quiesce);
            }
        }
        let first = self.wait_for_quiescence(impact, &expected, PATIENCE).await;
        let mut quiescence = first.clone();
        // Who answers peers outside the file does so until its sockets are replaced.
        let serves =
            |node: &str| impact.only_answers(node, |key| quiescence.outsiders.contains_key(key));
        let serving: BTreeSet<String> =
            impact.keep_serving.iter().filter(|node| serves(node)).cloned().collect();
        if serving.len() < impact.keep_serving.len() {
            self.hold(impact, |node| impact.keep_serving.contains(node) && !serving.contains(node));
            quiescence = self.wait_for_quiescence(impact, &expected, PATIENCE).await;
        }
        quiescence.reached &= first.reached;
        let disturbed =
            || self.nodes.values().filter(|handle| impact.sockets.contains_key(&handle.node));
        let names = disturbed()
            .filter(|handle| !serving.contains(&handle.node))
            .map(|handle| handle.instance.to_string())
            .collect();
        let held: Vec<Arc<str>> = disturbed().map(|handle| Arc::clone(&handle.instance)).collect();
        self.held.extend(held);
        Done { held: names, quiescence, ..Done::default() }
    }

    fn hold(&self, impact: &Impact, which: impl Fn(&str) -> bool) {
        for handle in self.nodes.values().filter(|handle| which(&handle.node)) {
            if let Some(stash) = impact.sockets.get(&handle.node) {
                // A node that ended meanwhile is noticed by the step that needs it.
                let _ = handle.control.send(Control::Hold { stash: stash.clone() });
            }
        }
    }

    async fn change_all(
        &mut self,
        actions: &Actions,
        plan: &Plan,
        done: &Done,
    ) -> Result<Vec<String>, StartError> {
        let new = plan.to();
        // All at once: one may be waiting for an endpoint that another lets go of.
        let mut begun = Vec::new();
        for (instance, spec, _) in &actions.change {
            let Some(handle) = self.nodes.get(instance) else { continue };
            let Some(fates) = plan.fates(&spec.name) else { continue };
            self.unsettled.insert(spec.name.clone());
            let (done, changed) = oneshot::channel();
            let _ = handle.control.send(Control::Change { fates, done });
            begun.push((Arc::clone(instance), changed));
        }
        let mut failures = Vec::new();
        for (instance, changed) in begun {
            match (changed.await, self.nodes.get_mut(&instance)) {
                (Ok(Ok(bound)), Some(handle)) => handle.bound = bound,
                (Ok(Err(error)), _) => failures.push((instance, error)),
                (Err(_), _) | (_, None) => failures.push((instance, NodeError::ThreadGone)),
            }
        }
        if !failures.is_empty() {
            return Err(StartError::Nodes(failures));
        }
        let mut eager = (self.generation == 0).then(|| EagerLinks::of(new));
        // Who decides about connections is there first, so that none has to wait.
        let decides = |join: &&(Arc<NodeSpec>, Arc<str>, u32)| join.0.is_zap_handler();
        let (first, then): (Vec<_>, Vec<_>) = actions.join.iter().partition(decides);
        self.make(first.iter().copied().cloned(), &mut eager).await?;
        for (_, instance, _) in first {
            self.tell(instance, Control::Start);
        }
        self.make(then.into_iter().cloned(), &mut eager).await?;
        let concerned = self.concerned(actions, plan);
        let notes = self.connect(new, &concerned, done).await?;
        if !plan.impact().groups.is_empty() {
            // A connection tells its end just before its queue ends.
            tokio::time::sleep(SETTLE).await;
        }
        self.unsettled.clear();
        Ok(notes)
    }

    fn release(&mut self, actions: &Actions) {
        let held = std::mem::take(&mut self.held);
        for handle in self.nodes.values() {
            let changed =
                actions.change.iter().find(|(instance, _, _)| *instance == handle.instance);
            let reloaded = changed.is_some_and(|(_, _, handlers)| *handlers);
            if changed.is_some() || held.contains(&handle.instance) {
                let _ = handle.control.send(Control::Release { reloaded });
            }
        }
    }

    fn start_all(&self, actions: &Actions) {
        for (_, instance, _) in actions.join.iter().filter(|(spec, _, _)| !spec.is_zap_handler()) {
            self.tell(instance, Control::Start);
        }
    }

    pub(super) fn tell(&self, instance: &str, control: Control) {
        if let Some(handle) = self.nodes.get(instance) {
            let _ = handle.control.send(control);
        }
    }

    /// Lets a node that is replicated from now on, or no longer, keep its state by the other name.
    fn hand_down(&mut self, plan: &Plan) {
        for node in &plan.nodes {
            let Some((before, after)) = node.renames() else { continue };
            if let Some(left) = self.legacies.get(before.as_str()).cloned() {
                self.legacies.entry(after.into()).or_insert(left);
            }
        }
    }
}

/// Where carrying out a plan failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Before anything was touched.
    Before(StartError),
    /// With nodes in between.
    Between(StartError),
}

impl Failure {
    pub(super) fn into_error(self) -> StartError {
        match self {
            Self::Before(error) | Self::Between(error) => error,
        }
    }
}

fn dropped_at_shutdown(counters: &[Arc<NodeCounters>]) -> u64 {
    let sockets = counters.iter().flat_map(|counters| counters.sockets());
    sockets.map(|socket| socket.dropped[DropReason::Shutdown as usize].get()).sum()
}

/// What carrying out a plan brought to light.
#[derive(Default, Debug)]
pub(super) struct Done {
    held: Vec<String>,
    pub(super) quiescence: Quiescence,
    /// What peers outside the file want of publishers that are replaced.
    pub(super) wanted: FromOutside,
    notes: Vec<String>,
}

/// How many connections a socket has to peers inside the file.
fn expected_peers(topology: &Topology) -> BTreeMap<(String, String), u64> {
    let mut expected = BTreeMap::new();
    for (place, expectation) in endpoint_resolution::expectations(topology, &|_, _| None) {
        let node = &topology.nodes[place];
        for (socket, (peers, _)) in expectation.peers {
            expected.insert((node.name.clone(), node.sockets[socket].name.clone()), peers);
        }
    }
    expected
}

fn notes(old: &Topology, impact: &Impact, quiescence: &Quiescence) -> Vec<String> {
    let mut notes = Vec::new();
    if !impact.groups.is_empty() && !quiescence.reached && quiescence.outsiders.is_empty() {
        notes.push(
            "messages were still under way, or no peer took them, when the wait was over"
                .to_owned(),
        );
    }
    for ((node, socket), outside) in &quiescence.outsiders {
        let key = (node.clone(), socket.clone());
        let what = match (impact.replaced.contains(&key), impact.detached.contains(&key)) {
            (true, _) => "was replaced",
            (_, true) => "let go of an endpoint",
            _ => continue,
        };
        let role = old.node(node).and_then(|spec| {
            spec.sockets.iter().find(|known| known.name == *socket).map(|known| known.role)
        });
        let Some(role) = role else { continue };
        notes.push(format!(
            "{node}.{socket} {what} while {} outside the file {} connected; {}",
            plural(outside.count, "peer"),
            if outside.count == 1 { "was" } else { "were" },
            risk(role)
        ));
    }
    notes
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// What can become of messages of outside peers when their connection ends.
fn risk(role: Role) -> &'static str {
    match role {
        Role::Push => "what it was given is still sent to them, and they reconnect by themselves",
        Role::Pub | Role::Xpub => {
            "they subscribe again by themselves, and miss what is published before they did"
        }
        Role::Router | Role::Rep => {
            "what they were just asking is still handled, but an answer to it has no way back and is \
             counted as dropped"
        }
        Role::Pair
        | Role::Sub
        | Role::Xsub
        | Role::Req
        | Role::Dealer
        | Role::Pull
        | Role::Stream => "what they were just sending may be lost",
    }
}
