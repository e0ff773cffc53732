//! Carrying out a plan: hold, wait for quiescence, change, link, let go; and back again if a step fails.
//! A start is a reload from nothing.
//!
//! Owns the order of the actions. What they disturb is the plan's, when it is quiet `quiescence`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::actions::{Actions, Join};
use super::baselines::SocketName;
use super::eager_links::EagerLinks;
use super::endpoint_resolution::{self, Directory};
use super::error::StartError;
use super::notes::{ended_programs, notes, renamed};
use super::quiescence::{Disturbance, Quiescence, figures_in};
use super::rehearsal::{self, Wanted};
use super::running::Supervisor;
use super::start::{self, Connecting};
use super::stop::{Haste, SEND};
use super::wanted::{FromOutside, wanted_from_outside};
use crate::clock;
use crate::counters::{DropReason, NodeCounters};
use crate::event::LetGo;
use crate::node::{Control, NodeError, SocketFigures};
use crate::plan::{Impact, Plan};
use crate::receipt::{Receipt, Verdict};
use crate::topology::Topology;

/// How long nodes that owe answers may take to give them.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the ends of connections may take to reach their sockets.
const SETTLE: Duration = Duration::from_millis(2);

impl Supervisor {
    /// Starts every node of a topology: a reload from nothing.
    ///
    /// # Errors
    ///
    /// When a node cannot be made or linked; then nothing of it runs.
    pub async fn start(&mut self, topology: &Topology) -> Result<(), StartError> {
        let plan = Plan::between(&self.topology, topology);
        match self.carry_out(&plan, &[]).await {
            Ok(_) => {
                self.generation += 1;
                self.show();
                self.announce();
                Ok(())
            }
            Err(error) => {
                self.stop(Haste::Now).await;
                Err(error.into_error())
            }
        }
    }

    /// Changes the running topology into another one, or leaves it as it was.
    pub async fn reload(&mut self, new: &Topology) -> Receipt {
        let begun = clock::now();
        let plan = Plan::between(&self.topology, new);
        // What is held could never become quiet. It is let go first, and nobody holds it meanwhile.
        let changes = !plan.is_empty() || !self.unsettled.is_empty();
        let _barred = changes.then(|| self.holding.bar(LetGo::Reload));
        let mut receipt = Receipt::of(&plan);
        let counters: Vec<_> =
            self.instances.iter().map(|handle| Arc::clone(&handle.counters)).collect();
        let dropped = dropped_at_shutdown(&counters);
        let told = renamed(&self.topology, new, &plan);
        match self.try_and_carry_out(&plan).await {
            Ok(done) => {
                receipt.held = done.held;
                receipt.stashed = done.quiescence.stashed;
                receipt.notes = done.notes;
                receipt.notes.extend(ended_programs(&plan));
                receipt.notes.extend(told);
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
        self.spawner.forget_legacies();
        self.show();
        self.announce();
        receipt.dropped = dropped_at_shutdown(&counters).saturating_sub(dropped);
        receipt.generation = self.generation;
        receipt.milliseconds = clock::since(begun).as_secs_f64() * 1000.0;
        receipt
    }

    /// Carries a plan out that has been rehearsed, so that what cannot be done changes nothing.
    async fn try_and_carry_out(&mut self, plan: &Plan) -> Result<Done, Failure> {
        let actions = self.actions(plan);
        let (instances, spawner) = (&self.instances, &mut self.spawner);
        let wanted = rehearsal::rehearse(plan, &actions, &self.topology, instances, spawner).await;
        let result = self.carry_out(plan, &wanted.map_err(Failure::Before)?).await;
        rehearsal::forget(&actions, &self.instances, &mut self.spawner);
        result
    }

    fn actions(&self, plan: &Plan) -> Actions {
        Actions::of(plan, &self.topology, &self.instances, &self.unsettled)
    }

    /// Carries a plan out, whose actions were found to bind these endpoints. When it fails between,
    /// the plan back mends that, because every step looks at what is there.
    async fn carry_out(&mut self, plan: &Plan, wanted: &[Wanted]) -> Result<Done, Failure> {
        let (old, new) = (plan.from(), plan.to());
        // What either version wants asked is asked, until the new one is all that runs.
        let need = self.spawner.need_zap(&[old, new]);
        need.map_err(|errno| Failure::Before(StartError::Context(errno)))?;
        let impact = plan.impact();
        let actions = self.actions(plan);
        let mut done = self.quiet(plan, &actions).await;
        // Quiescence took its time, and somebody else may have bound a port meanwhile.
        if let Err(error) = rehearsal::probe(wanted, &self.instances, Duration::ZERO).await {
            self.release(&Actions::default());
            let need = self.spawner.need_zap(&[old]);
            need.map_err(|errno| Failure::Before(StartError::Context(errno)))?;
            return Err(Failure::Before(error));
        }
        done.wanted = wanted_from_outside(&self.instances, impact, old).await;
        let succeeded = actions.succeeded(plan);
        self.end(&actions.leave, clock::now() + SEND, true, &succeeded).await;
        self.spawner.hand_down(plan);
        let left: BTreeSet<Arc<str>> = actions.leave.iter().cloned().collect();
        self.baselines.forget(&left);
        if new.says_who_may_come() || new.asks_zap() {
            self.spawner.decide_by(new).await.map_err(Failure::Between)?;
        }
        let result = self.change_all(&actions, plan, &done).await;
        self.baselines.remember(&figures_in(impact, &self.instances).await);
        // On failure everything stays held until the way back is done.
        done.notes.extend(result.map_err(Failure::Between)?);
        self.spawner.decide_by(new).await.map_err(Failure::Between)?;
        self.topology = new.clone();
        let need = self.spawner.need_zap(&[new]);
        need.map_err(|errno| Failure::Between(StartError::Context(errno)))?;
        self.view.account(&self.topology, &self.instances);
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
        for handle in self.instances.iter() {
            // What goes on handling begins nothing by itself, or it would never be quiet.
            if impact.keep_serving.contains(&handle.node)
                || actions.leave.contains(&handle.instance)
            {
                self.instances.tell(&handle.instance, Control::Quiesce);
            }
        }
        let first = self.disturbance(impact, &expected).wait(PATIENCE).await;
        let mut quiescence = first.clone();
        // Who answers peers outside the file does so until its sockets are replaced.
        let serves =
            |node: &str| impact.only_answers(node, |key| quiescence.outsiders.contains_key(key));
        let serving: BTreeSet<String> =
            impact.keep_serving.iter().filter(|node| serves(node)).cloned().collect();
        if serving.len() < impact.keep_serving.len() {
            self.hold(impact, |node| impact.keep_serving.contains(node) && !serving.contains(node));
            quiescence = self.disturbance(impact, &expected).wait(PATIENCE).await;
        }
        quiescence.reached &= first.reached;
        let disturbed =
            || self.instances.iter().filter(|handle| impact.sockets.contains_key(&handle.node));
        let names = disturbed()
            .filter(|handle| !serving.contains(&handle.node))
            .map(|handle| handle.instance.to_string())
            .collect();
        let held: Vec<Arc<str>> = disturbed().map(|handle| Arc::clone(&handle.instance)).collect();
        self.held.extend(held);
        Done { held: names, quiescence, ..Done::default() }
    }

    fn disturbance<'s>(
        &'s self,
        impact: &'s Impact,
        expected: &'s BTreeMap<SocketName, u64>,
    ) -> Disturbance<'s> {
        let (instances, baselines) = (&self.instances, &self.baselines);
        Disturbance { impact, instances, baselines, expected }
    }

    fn hold(&self, impact: &Impact, which: impl Fn(&str) -> bool) {
        for handle in self.instances.iter().filter(|handle| which(&handle.node)) {
            if let Some(stash) = impact.sockets.get(&handle.node) {
                self.instances.tell(&handle.instance, Control::Hold { stash: stash.clone() });
            }
        }
    }

    async fn change_all(
        &mut self,
        actions: &Actions,
        plan: &Plan,
        done: &Done,
    ) -> Result<Vec<String>, StartError> {
        self.change_staying(actions, plan).await?;
        self.make_joining(actions, plan.to()).await?;
        let notes = self.connect(actions, plan, done).await?;
        if !plan.impact().groups.is_empty() {
            // A connection tells its end just before its queue ends.
            clock::sleep(SETTLE).await;
        }
        self.unsettled.clear();
        Ok(notes)
    }

    /// Lets the instances that stay become what the plan says, connections apart.
    async fn change_staying(&mut self, actions: &Actions, plan: &Plan) -> Result<(), StartError> {
        // All at once: one may be waiting for an endpoint that another lets go of.
        let mut begun = Vec::new();
        for (instance, spec, _) in &actions.change {
            if self.instances.get(instance).is_none() {
                continue;
            }
            let Some(fates) = plan.fates(&spec.name) else { continue };
            self.unsettled.insert(spec.name.clone());
            let changed = self.instances.ask(instance, |done| Control::Change { fates, done });
            begun.push((instance, changed));
        }
        let mut failures = Vec::new();
        for (instance, changed) in begun {
            let changed = changed.await.unwrap_or(Err(NodeError::ThreadGone));
            let bound = changed.map(|bound| self.instances.bind(instance, bound));
            failures.extend(bound.err().map(|error| (Arc::clone(instance), error)));
        }
        if failures.is_empty() { Ok(()) } else { Err(StartError::Nodes(failures)) }
    }

    /// Takes in instances of the version that runs.
    pub(super) async fn take_in(
        &mut self,
        actions: &Actions,
        plan: &Plan,
    ) -> Result<(), StartError> {
        self.make_joining(actions, plan.to()).await?;
        let mut concerned = actions.concerned(plan, &self.topology, &self.instances);
        let is_back = |endpoint: &str| {
            let bound = self.instances.iter().flat_map(|handle| &handle.bound);
            !endpoint.starts_with("inproc:") && bound.into_iter().any(|(_, _, it)| it == endpoint)
        };
        // libzmq connects again by itself to what is bound where it was, and has kept what waits.
        concerned.values_mut().for_each(|renew| renew.retain(|(_, endpoint)| !is_back(endpoint)));
        self.connect_those(&concerned, plan, &Done::default()).await?;
        self.view.account(&self.topology, &self.instances);
        self.start_all(actions);
        self.show();
        self.announce();
        Ok(())
    }

    /// Makes the instances that join.
    async fn make_joining(&mut self, actions: &Actions, new: &Topology) -> Result<(), StartError> {
        let mut eager = (self.generation == 0).then(|| EagerLinks::of(new));
        let eager = &mut eager;
        // Who decides about connections is there first, so that none has to wait.
        let decides = |join: &&Join| join.0.is_zap_handler();
        let (first, then): (Vec<&Join>, Vec<&Join>) = actions.join.iter().partition(decides);
        let (before, instances, spawner) = (&self.topology, &mut self.instances, &mut self.spawner);
        start::make(&first, before, instances, spawner, eager).await?;
        for (_, instance, _) in first {
            instances.tell(instance, Control::Start);
        }
        start::make(&then, before, instances, spawner, eager).await
    }

    /// Connects whom the plan concerns; the result is what one may want to know of it.
    async fn connect(
        &mut self,
        actions: &Actions,
        plan: &Plan,
        done: &Done,
    ) -> Result<Vec<String>, StartError> {
        let concerned = actions.concerned(plan, &self.topology, &self.instances);
        self.connect_those(&concerned, plan, done).await
    }

    /// Connects instances, some endpoints of theirs anew.
    async fn connect_those(
        &mut self,
        concerned: &BTreeMap<Arc<str>, Vec<(usize, String)>>,
        plan: &Plan,
        done: &Done,
    ) -> Result<Vec<String>, StartError> {
        let reloads = self.generation > 0;
        let connecting = Connecting {
            topology: plan.to(),
            concerned,
            reloads,
            outsiders: &done.quiescence.outsiders,
            wanted: &done.wanted,
        };
        let missing = connecting.connect(&self.instances).await?;
        self.remember_links(plan.to(), concerned);
        if !reloads {
            start::tell_missing(missing, &self.events);
            return Ok(Vec::new());
        }
        // A peer outside the file that comes or goes meanwhile upsets the counts.
        Ok(missing.into_iter().map(|(_, link)| format!("not settled yet: {link}")).collect())
    }

    /// Takes the connections that instances have now as those inside the file.
    fn remember_links<V>(&mut self, topology: &Topology, concerned: &BTreeMap<Arc<str>, V>) {
        let directory = Directory::of(topology);
        let concerned = self.instances.iter().filter(|one| concerned.contains_key(&one.instance));
        for handle in concerned {
            let sockets = directory.node(&handle.node).map_or(&[][..], |spec| &spec.sockets);
            for (socket, counters) in sockets.iter().zip(handle.counters.sockets()) {
                let figures = SocketFigures::of(&counters);
                self.baselines.remember_links(&handle.instance, &socket.name, &figures);
            }
        }
    }

    fn release(&mut self, actions: &Actions) {
        let held = std::mem::take(&mut self.held);
        for handle in self.instances.iter() {
            let changed =
                actions.change.iter().find(|(instance, _, _)| *instance == handle.instance);
            let reloaded = changed.is_some_and(|(_, _, handlers)| *handlers);
            if changed.is_some() || held.contains(&handle.instance) {
                self.instances.tell(&handle.instance, Control::Release { reloaded });
            }
        }
    }

    fn start_all(&self, actions: &Actions) {
        for (_, instance, _) in actions.join.iter().filter(|(spec, _, _)| !spec.is_zap_handler()) {
            self.instances.tell(instance, Control::Start);
        }
    }
}

/// Where carrying out a plan failed.
#[derive(Debug)]
enum Failure {
    /// Before anything was touched.
    Before(StartError),
    /// With nodes in between.
    Between(StartError),
}

impl Failure {
    fn into_error(self) -> StartError {
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
struct Done {
    held: Vec<String>,
    quiescence: Quiescence,
    /// What peers outside the file want of publishers that are replaced.
    wanted: FromOutside,
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
