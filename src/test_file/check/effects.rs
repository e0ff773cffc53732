//! What the steps of a sound test come to: some change nothing, and a test may be one that cannot fail.
//!
//! Owns these warnings. Never says that a test is wrong.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::one_of;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::reading::Report;

use super::super::place::Place;
use super::super::spec::{Action, TestSpec};
use super::linked::Linked;
use super::meeting::Party;

/// Warns of what can have no effect.
pub(super) fn check(test: &TestSpec, topology: Option<&Topology>, report: &mut Report<'_>) {
    check_checks(test, report);
    let Some(topology) = topology else { return };
    let linked = Linked::new(topology, &test.peers);
    let peers = test.peers.iter().enumerate().map(|(at, peer)| (peer.name.as_str(), at)).collect();
    let (killed, cut) = (BTreeSet::new(), BTreeSet::new());
    let mut look = Look { test, peers, topology, linked, killed, cut, report };
    for step in &test.steps {
        look.step(&step.action, step.span);
    }
}

/// A test that looks at nothing passes whatever happens.
fn check_checks(test: &TestSpec, report: &mut Report<'_>) {
    let looks = |action: &Action| match action {
        Action::Expect(_) | Action::Never(_) | Action::Call(_) => true,
        Action::Send { .. }
        | Action::Receive { .. }
        | Action::Wait(_)
        | Action::Tick { .. }
        | Action::Kill(_)
        | Action::Start(_)
        | Action::Cut(..)
        | Action::Heal(..)
        | Action::Delay { .. }
        | Action::Slow { .. }
        | Action::Save(_) => false,
    };
    let looks = test.steps.iter().any(|step| looks(&step.action)) || !test.always.is_empty();
    if let (false, Some(last)) = (looks, test.steps.last()) {
        report.add(
            Diagnostic::new(Code::CannotFail, "a test that cannot fail")
                .at(last.span, "nothing is looked for after it")
                .because("it has no `expect`, no `never`, no `call` and no `always`")
                .help("write what has to come of it: `expect: {at: NODE, …}`"),
        );
    }
}

struct Look<'c, 'r, 'd> {
    test: &'c TestSpec,
    /// The places of its peers, by name.
    peers: HashMap<&'c str, usize>,
    topology: &'c Topology,
    linked: Linked,
    /// The copies that do not run.
    killed: BTreeSet<String>,
    /// The pairs that are cut or delayed.
    cut: BTreeSet<(String, String)>,
    report: &'r mut Report<'d>,
}

impl Look<'_, '_, '_> {
    fn step(&mut self, action: &Action, span: Span) {
        match action {
            Action::Kill(name) => self.kill(name, span),
            Action::Start(name) => self.start(name, span),
            Action::Cut(one, other) => {
                self.link("cut", one, other, span);
                self.cut.insert(ordered(one, other));
            }
            Action::Delay { between: (one, other), .. } => self.link("delay", one, other, span),
            Action::Heal(one, other) => self.heal(one, other, span),
            Action::Send { .. }
            | Action::Receive { .. }
            | Action::Expect(_)
            | Action::Never(_)
            | Action::Wait(_)
            | Action::Tick { .. }
            | Action::Slow { .. }
            | Action::Save(_)
            | Action::Call(_) => {}
        }
    }

    fn instances(&self, name: &str) -> Vec<String> {
        let place = Place::find(self.topology, name);
        place.map(|place| place.instances(self.topology)).unwrap_or_default()
    }

    fn kill(&mut self, name: &str, span: Span) {
        let meant = self.instances(name);
        if !meant.is_empty() && meant.iter().all(|instance| self.killed.contains(instance)) {
            self.report.add(
                Diagnostic::new(Code::StepInVain, format!("`{name}` is gone already"))
                    .at(span, "killed before")
                    .help("`start` it before, or remove this step"),
            );
        }
        self.killed.extend(meant);
    }

    fn start(&mut self, name: &str, span: Span) {
        let meant = self.instances(name);
        if !meant.is_empty() && !meant.iter().any(|instance| self.killed.contains(instance)) {
            self.report.add(
                Diagnostic::new(Code::StepInVain, format!("`{name}` runs already"))
                    .at(span, "nobody killed it")
                    .because("every node runs when a test begins")
                    .help("`kill` it before, or remove this step"),
            );
        }
        for instance in meant {
            self.killed.remove(&instance);
        }
    }

    fn party(&self, name: &str) -> Option<Party> {
        let peer = self.peers.get(name).copied();
        peer.map(Party::Peer)
            .or_else(|| Some(Party::Node(Place::find(self.topology, name).ok()?.node)))
    }

    fn name_of(&self, party: Party) -> &str {
        match party {
            Party::Node(at) => &self.topology.nodes[at].name,
            Party::Peer(at) => &self.test.peers[at].name,
        }
    }

    /// Warns of a link that is not there; links that handlers make may come later.
    fn link(&mut self, verb: &str, one: &str, other: &str, span: Span) {
        let (Some(first), Some(second)) = (self.party(one), self.party(other)) else { return };
        if self.linked.has(first, second) || self.may_link(first) || self.may_link(second) {
            return;
        }
        let neighbours: Vec<&str> = self.linked.of(first).map(|it| self.name_of(it)).collect();
        let fault = Diagnostic::new(
            Code::StepInVain,
            format!("there is no link between `{one}` and `{other}`"),
        )
        .at(span, format!("nothing to {verb}"))
        .because("neither connects to what the other binds");
        let help = match neighbours.as_slice() {
            [] => format!("`{one}` has no links in this file"),
            names => format!("`{one}` is linked with {}", one_of(names.iter().copied())),
        };
        self.report.add(fault.help(help));
    }

    fn may_link(&self, party: Party) -> bool {
        let Party::Node(at) = party else { return false };
        self.topology.nodes[at].sockets.iter().any(|socket| socket.attachments.is_empty())
    }

    fn heal(&mut self, one: &str, other: &str, span: Span) {
        if self.cut.remove(&ordered(one, other)) {
            return;
        }
        self.report.add(
            Diagnostic::new(
                Code::StepInVain,
                format!("nothing is cut between `{one}` and `{other}`"),
            )
            .at(span, "nothing to heal")
            .because("no step before has cut it")
            .help("`cut` it before, or remove this step"),
        );
    }
}

fn ordered(one: &str, other: &str) -> (String, String) {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned())
}
