//! What is done to a topology in a run of a search, and when.
//!
//! Owns the faults there are, and how one schedule is made from others. Carries nothing out.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::test_file::{Action, Saved};
use crate::topology::Topology;

/// How many faults a run has at most.
const FAULTS: usize = 4;
/// How long a run goes on when all faults are over: whoever still waits then waits for ever.
pub(super) const AFTERWARDS: Duration = Duration::from_secs(15);
/// How long a call of a slow handler takes, and a message on a slow line, at most.
const SLOWEST: Duration = Duration::from_millis(3000);

/// What is done in a run.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Schedule {
    pub(super) faults: Vec<Planned>,
    /// By when all of them are over.
    pub(super) time: Duration,
}

/// A fault with its time.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Planned {
    pub(super) from: Duration,
    pub(super) until: Duration,
    pub(super) fault: Fault,
}

/// Something that is done to a topology.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Fault {
    Kill(String),
    Slow {
        node: String,
        by: Duration,
    },
    Cut(String, String),
    Delay {
        between: (String, String),
        by: Duration,
    },
    /// Another version is saved, which has its sockets made anew.
    Reload {
        key: Vec<String>,
        value: String,
    },
}

/// What can be done to a topology.
#[derive(Debug)]
pub(super) struct Possible {
    instances: Vec<String>,
    lines: Vec<(String, String)>,
    reloads: Vec<(Vec<String>, String)>,
}

impl Possible {
    pub(super) fn of(topology: &Topology) -> Self {
        let names = topology.nodes.iter().flat_map(|node| node.instances().map(|(name, _)| name));
        let name = |place: usize| topology.nodes[place].name.clone();
        let lines: BTreeSet<(String, String)> = topology
            .links()
            .iter()
            .filter(|link| link.binder.node != link.connecter.node)
            // Inside one process there is no line.
            .filter(|link| !link.endpoint.as_str().starts_with("inproc:"))
            .map(|link| (name(link.binder.node), name(link.connecter.node)))
            .collect();
        let mut reloads = Vec::new();
        for node in &topology.nodes {
            for socket in &node.sockets {
                let mut key = vec!["nodes".to_owned(), node.name.clone()];
                if node.sockets_are_named {
                    key.extend(["sockets".to_owned(), socket.name.clone()]);
                }
                key.push("hwm".to_owned());
                // No limit stays none.
                let most = socket.hwm.send.max(socket.hwm.receive);
                if socket.hwm.send > 0 && socket.hwm.receive > 0 {
                    reloads.push((key, (most + 1).to_string()));
                }
            }
        }
        Self { instances: names.collect(), lines: lines.into_iter().collect(), reloads }
    }

    /// One more fault, or two that belong together; `moments` is when messages passed in other runs.
    fn faults(&self, time: Duration, moments: &[Duration], chance: &mut StdRng) -> Vec<Planned> {
        let most = millis(time) * 3 / 4;
        let passed: Vec<&Duration> = moments.iter().filter(|at| millis(**at) < most).collect();
        let from = match passed.len() {
            count if count > 0 && chance.random_bool(0.5) => {
                *passed[chance.random_range(0..count)] + ms(chance.random_range(0..=2))
            }
            _ => ms(chance.random_range(0..=most)),
        };
        let until = from + some(millis(time) / 4, chance);
        let planned = |fault| Planned { from, until, fault };
        let instance = self.instances[chance.random_range(0..self.instances.len())].clone();
        let slow = |node: &str, chance: &mut StdRng| {
            let by = some(millis(SLOWEST), chance);
            Planned { from, until, fault: Fault::Slow { node: node.to_owned(), by } }
        };
        let line = match self.lines.len() {
            0 => None,
            count => Some(self.lines[chance.random_range(0..count)].clone()),
        };
        match (chance.random_range(0..10), line) {
            // Whoever dies at work takes it away: so it has to take time.
            (0..=2, _) => {
                let by = some(millis(SLOWEST), chance);
                let begin = from.saturating_sub(ms(2));
                let slow = Fault::Slow { node: instance.clone(), by };
                let slow = Planned { from: begin, until, fault: slow };
                let dies = from + within(by.min(until - from), chance);
                let back = until.max(dies + ms(1));
                let kill = Planned { from: dies, until: back, fault: Fault::Kill(instance) };
                vec![slow, kill]
            }
            (3 | 4, _) => vec![planned(Fault::Kill(instance))],
            (5, _) | (_, None) => vec![slow(&instance, chance)],
            (6, Some((one, other))) => vec![planned(Fault::Cut(one, other))],
            (7 | 8, Some(between)) => self.late(between, (from, until), chance),
            (_, Some(_)) if self.reloads.is_empty() => vec![planned(Fault::Kill(instance))],
            (_, Some(_)) => {
                let (key, value) = &self.reloads[chance.random_range(0..self.reloads.len())];
                let fault = Fault::Reload { key: key.clone(), value: value.clone() };
                vec![Planned { from, until: from, fault }]
            }
        }
    }

    /// A line that is slow, on which somebody may die while a message is under way.
    fn late(
        &self,
        between: (String, String),
        (from, until): (Duration, Duration),
        chance: &mut StdRng,
    ) -> Vec<Planned> {
        let by = some(millis(SLOWEST), chance);
        let fault = Fault::Delay { between: between.clone(), by };
        let mut both = vec![Planned { from: from.saturating_sub(ms(2)), until, fault }];
        if chance.random_bool(0.5) {
            let who = if chance.random_bool(0.5) { between.0 } else { between.1 };
            let who = self.instances.iter().find(|it| it.split('.').next() == Some(&who));
            let dies = from + within(by.min(until - from), chance);
            let fault = who.map(|who| Fault::Kill(who.clone()));
            let kill = |fault| Planned { from: dies, until: until.max(dies + ms(1)), fault };
            both.extend(fault.map(kill));
        }
        both
    }
}

impl Schedule {
    /// Nothing is done.
    pub(super) fn quiet(time: Duration) -> Self {
        Self { faults: Vec::new(), time }
    }

    /// Another one: like one that came to something new, or by itself.
    pub(super) fn next(
        possible: &Possible,
        time: Duration,
        promising: &[Self],
        moments: &[Duration],
        chance: &mut StdRng,
    ) -> Self {
        let mut faults = match promising.len() {
            0 => Vec::new(),
            // The newest have been tried the least.
            count if chance.random_bool(0.6) => {
                let back = chance.random_range(0..count).min(chance.random_range(0..count));
                promising[count - 1 - back].faults.clone()
            }
            _ => Vec::new(),
        };
        let is_new = faults.is_empty();
        if !is_new && chance.random_bool(0.3) {
            faults.remove(chance.random_range(0..faults.len()));
        }
        if !faults.is_empty() && chance.random_bool(0.4) {
            let at = chance.random_range(0..faults.len());
            let length = faults[at].until - faults[at].from;
            faults[at].from = ms(chance.random_range(0..=millis(time) * 3 / 4));
            faults[at].until = faults[at].from + length;
        }
        while faults.len() < FAULTS && (faults.is_empty() || chance.random_bool(0.4)) {
            faults.extend(possible.faults(time, moments, chance));
        }
        let mut schedule = Self { faults, time };
        schedule.sort_out();
        schedule
    }

    /// Leaves out what cannot be done while something else is: nobody dies twice, and who is dead is not
    /// made slow.
    fn sort_out(&mut self) {
        self.faults.sort_by_key(|planned| planned.from);
        let mut kept: Vec<Planned> = Vec::new();
        for mut planned in std::mem::take(&mut self.faults) {
            planned.until = planned.until.min(self.time);
            planned.from = planned.from.min(self.time);
            let dead = kept.iter().find(|other| {
                matches!(other.fault, Fault::Kill(_))
                    && (is_of_same(&other.fault, &planned.fault)
                        || matches!(planned.fault, Fault::Reload { .. }))
                    && other.until >= planned.from
            });
            let same = kept.iter().any(|other| {
                std::mem::discriminant(&other.fault) == std::mem::discriminant(&planned.fault)
                    && is_of_same(&other.fault, &planned.fault)
                    && other.until >= planned.from
            });
            if dead.is_some() || same {
                continue;
            }
            // What ends for somebody who is dead ends when he is back.
            if let Fault::Kill(_) = planned.fault {
                planned.until = planned.until.min(self.time.saturating_sub(ms(1)));
                let dead = planned.from..=planned.until;
                for other in kept.iter_mut().filter(|other| dead.contains(&other.until)) {
                    if is_of_same(&other.fault, &planned.fault) {
                        other.until = planned.until + ms(1);
                    }
                }
            }
            kept.push(planned);
        }
        self.faults = kept;
    }

    /// The steps by which it is done.
    pub(super) fn steps(&self) -> Vec<Action> {
        let mut done: Vec<(Duration, Action)> = Vec::new();
        for planned in &self.faults {
            let (begin, end) = planned.fault.actions();
            done.push((planned.from, begin));
            done.extend(end.map(|end| (planned.until.max(planned.from), end)));
        }
        done.sort_by_key(|(at, _)| *at);
        let (mut now, mut steps) = (Duration::ZERO, Vec::new());
        for (at, action) in done {
            if at > now {
                steps.push(Action::Wait(at - now));
                now = at;
            }
            steps.push(action);
        }
        steps.push(Action::Wait(self.time.saturating_sub(now) + AFTERWARDS));
        steps
    }
}

impl Fault {
    /// What is done, and what ends it.
    fn actions(&self) -> (Action, Option<Action>) {
        match self {
            Self::Kill(node) => (Action::Kill(node.clone()), Some(Action::Start(node.clone()))),
            Self::Slow { node, by } => {
                let slow = |by| Action::Slow { node: node.clone(), by };
                (slow(*by), Some(slow(Duration::ZERO)))
            }
            Self::Cut(one, other) => {
                let heal = Action::Heal(one.clone(), other.clone());
                (Action::Cut(one.clone(), other.clone()), Some(heal))
            }
            Self::Delay { between, by } => {
                let delay = |by| Action::Delay { between: between.clone(), by };
                (delay(*by), Some(delay(Duration::ZERO)))
            }
            Self::Reload { key, value } => {
                (Action::Save(Saved::Set(vec![(key.clone(), Some(value.clone()))])), None)
            }
        }
    }
}

/// Whether two faults are of one node, or one line.
fn is_of_same(one: &Fault, other: &Fault) -> bool {
    fn node(fault: &Fault) -> Option<&str> {
        match fault {
            Fault::Kill(node) | Fault::Slow { node, .. } => Some(node),
            Fault::Cut(..) | Fault::Delay { .. } | Fault::Reload { .. } => None,
        }
    }
    fn line(fault: &Fault) -> Option<(&str, &str)> {
        match fault {
            Fault::Cut(one, other) | Fault::Delay { between: (one, other), .. } => {
                Some((one, other))
            }
            Fault::Kill(_) | Fault::Slow { .. } | Fault::Reload { .. } => None,
        }
    }
    let same_key = matches!(
        (one, other),
        (Fault::Reload { key, .. }, Fault::Reload { key: of, .. }) if key == of
    );
    same_key
        || node(one).is_some() && node(one) == node(other)
        || line(one).is_some() && line(one) == line(other)
}

/// A time of at least a millisecond and at most so many, short ones as often as long ones.
fn some(most: u64, chance: &mut StdRng) -> Duration {
    let bits = chance.random_range(0..=most.max(1).ilog2());
    ms(chance.random_range(1_u64 << bits..1_u64 << (bits + 1)).min(most.max(1)))
}

/// Any time up to that one.
fn within(most: Duration, chance: &mut StdRng) -> Duration {
    ms(chance.random_range(0..=millis(most)))
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::topology::sound;

    #[test]
    fn whatever_is_planned_can_be_done_and_is_over_in_time() {
        let topology = sound(
            "nodes: {
                a: {role: push, bind: 'tcp://127.0.0.1:20001'},
                b: {role: pull, replicas: 2, connect: a, on_message: 'print(1)'}}",
        );
        let possible = Possible::of(&topology);
        let time = Duration::from_secs(2);
        let mut chance = StdRng::seed_from_u64(1);
        let mut promising = vec![Schedule::quiet(time)];
        for _ in 0..2000 {
            let schedule = Schedule::next(&possible, time, &promising, &[ms(500)], &mut chance);
            let (mut dead, mut now) = (BTreeSet::new(), Duration::ZERO);
            for step in schedule.steps() {
                match step {
                    Action::Kill(node) => assert!(dead.insert(node), "{schedule:?}"),
                    Action::Start(node) => assert!(dead.remove(&node), "{schedule:?}"),
                    Action::Slow { node, .. } => assert!(!dead.contains(&node), "{schedule:?}"),
                    Action::Save(_) => assert!(dead.is_empty(), "{schedule:?}"),
                    Action::Wait(time) => now += time,
                    Action::Send { .. }
                    | Action::Receive { .. }
                    | Action::Expect(_)
                    | Action::Never(_)
                    | Action::Tick { .. }
                    | Action::Cut(..)
                    | Action::Heal(..)
                    | Action::Delay { .. }
                    | Action::Call(_) => {}
                }
            }
            assert!(dead.is_empty() && now == time + AFTERWARDS, "{schedule:?}");
            promising.push(schedule);
        }
    }
}
