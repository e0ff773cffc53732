//! What the handlers of a topology would do otherwise than they did in a recording.
//!
//! ```text
//! recording ──calls, with their messages──▶ Actor: the handlers as they are now ──▶ Kind ──▶ Report
//! ```
//!
//! Owns the nodes, and what was found of them. Time, chance and state follow the recording, so that handlers
//! that have not changed differ in nothing. No socket has any part in it.

mod accepted;
mod actor;
mod kept;
mod kind;
mod look_up;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

pub use self::accepted::Accepted;
use self::accepted::group_text;
use self::actor::{Actor, Played};
pub use self::kind::Kind;
pub use self::look_up::look_up;
use crate::message::Format;
use crate::node::{Calls, Direction, Passed, SocketStand, copy_of};
use crate::recording::{Entry, Reader};
use crate::script::Engine;
use crate::topology::{NodeSpec, Topology};

/// A comparison under way.
pub struct Comparison<'t> {
    topology: &'t Topology,
    engine: Rc<Engine>,
    /// Those of the recording that the topology has.
    actors: BTreeMap<Arc<str>, Actor>,
    /// Those that it has not.
    strangers: BTreeSet<Arc<str>>,
    report: Report,
    calls: BTreeMap<(String, String), u64>,
    groups: BTreeMap<(String, String, Kind), Group>,
    /// Sockets that are not what they were, each told once.
    changed: BTreeSet<String>,
}

/// What was found.
#[derive(Default, Debug)]
pub struct Report {
    /// How many calls were compared.
    pub compared: u64,
    /// What differs, by node, handler and kind.
    pub groups: Vec<Group>,
    /// What could not be compared.
    pub missing: Vec<Missing>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// Calls of a handler that differ in the same way.
#[derive(Debug)]
pub struct Group {
    /// In which.
    pub kind: Kind,
    /// The node.
    pub node: String,
    /// The handler.
    pub handler: String,
    /// Where it is written now.
    pub place: Option<String>,
    /// How many calls.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The first of them.
    pub first: Difference,
}

/// A call that differs.
#[derive(Debug)]
pub struct Difference {
    /// The node, with its copy's number where it is replicated.
    pub instance: Arc<str>,
    /// When it was.
    pub at: SystemTime,
    /// The message that it was for.
    pub message: Option<Passed>,
    /// What it sent and wrote then.
    pub then: Vec<Sent>,
    /// What it sends and writes now.
    pub now: Vec<Sent>,
    /// What else it wanted done then, and wants now, where that differs.
    pub deeds: Option<(Vec<String>, Vec<String>)>,
    /// What it fails with now.
    pub error: Option<String>,
}

/// A message of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The socket; none where it was written.
    pub socket: Option<String>,
    /// What tells its frames from others.
    pub fingerprint: u64,
    /// Its frames; none where the recording has not got them.
    pub frames: Option<Vec<Vec<u8>>>,
}

/// A node that could not be compared, or not all the time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The node, with its copy's number where it is replicated.
    pub instance: String,
    /// The node, as the file has it.
    pub node: String,
    /// Since when.
    pub since: Option<SystemTime>,
    /// Why.
    pub why: String,
    /// How many calls were left out.
    pub calls: u64,
}

impl<'t> Comparison<'t> {
    /// Of a topology with a recording, whose entries are to be taken in their order.
    #[must_use]
    pub fn new(topology: &'t Topology) -> Self {
        Self {
            topology,
            engine: Rc::new(Engine::new()),
            actors: BTreeMap::new(),
            strangers: BTreeSet::new(),
            report: Report::default(),
            calls: BTreeMap::new(),
            groups: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Takes the next of what the recording has.
    pub fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Message { passed, .. } if passed.direction == Direction::In => {
                let instance = Arc::clone(&passed.place.instance);
                let Some(actor) = self.actor(&instance) else { return };
                if let Some(played) = actor.came(passed) {
                    self.judge(&instance, played);
                }
            }
            Entry::Calls { calls, missing } => self.take_calls(calls, missing),
            Entry::Message { .. } | Entry::Event { .. } | Entry::Gap { .. } => {}
        }
    }

    /// What was found, of a recording that was taken as a whole.
    #[must_use]
    pub fn finish(mut self, reader: &Reader) -> Report {
        let recorded: BTreeMap<&str, u64> =
            reader.calls().map(|it| (&*it.instance, it.calls.unwrap_or_default())).collect();
        for stranger in &self.strangers {
            let calls = recorded.get(&**stranger).copied().unwrap_or_default();
            let why = "the topology has no such node any more".to_owned();
            self.report.missing.push(missing(stranger, None, why, calls));
        }
        for (instance, actor) in &self.actors {
            if let Some(lost) = &actor.lost {
                let since = Some(lost.since);
                self.report.missing.push(Missing {
                    node: actor.spec.name.clone(),
                    ..missing(instance, since, lost.why.clone(), actor.left_out)
                });
            }
        }
        for node in self.topology.nodes.iter().filter(|node| node.script.is_some()) {
            if !node.instances().any(|(name, _)| recorded.contains_key(&*name)) {
                let why = "no call of its handlers is in the recording".to_owned();
                self.report.missing.push(missing(&node.name, None, why, 0));
            }
        }
        let mut report = self.report;
        report.notes.extend(self.changed);
        report.groups = self.groups.into_values().collect();
        for group in &mut report.groups {
            let key = (group.node.clone(), group.handler.clone());
            group.of = self.calls.get(&key).copied().unwrap_or_default();
        }
        report
    }

    fn take_calls(&mut self, calls: Calls, gone: u64) {
        let Calls { instance, at, stand, calls } = calls;
        let Some(actor) = self.actor(&instance) else {
            self.strangers.insert(instance);
            return;
        };
        if gone > 0 {
            actor.left_out += gone;
            actor.lose(at, format!("{gone} calls are missing in the recording"));
        }
        let mut notes = Vec::new();
        if let Some(stand) = stand {
            notes = changed(&actor.spec, &stand.sockets);
            actor.stands(stand, at);
        }
        let played: Vec<Played> =
            calls.iter().filter_map(|called| actor.call(called, at)).collect();
        self.changed.extend(notes);
        played.into_iter().for_each(|played| self.judge(&instance, played));
    }

    /// The handlers of a node of the recording.
    fn actor(&mut self, instance: &Arc<str>) -> Option<&mut Actor> {
        if !self.actors.contains_key(instance) {
            let (spec, replica) = found(self.topology, instance)?;
            if spec.script.is_none() && spec.process.is_some() {
                return None;
            }
            let actor = Actor::new(spec, instance, replica, &self.engine);
            self.actors.insert(Arc::clone(instance), actor);
        }
        self.actors.get_mut(instance)
    }

    fn judge(&mut self, instance: &Arc<str>, played: Played) {
        self.report.compared += 1;
        let node = copy_of(instance).0.to_owned();
        let kind = Kind::of(&played.then, &played.now);
        *self.calls.entry((node.clone(), played.handler.clone())).or_default() += 1;
        let Some(kind) = kind else { return };
        let key = (node.clone(), played.handler.clone(), kind);
        if let Some(group) = self.groups.get_mut(&key) {
            group.count += 1;
            return;
        }
        let Played { at, handler, place, message, then, now, written, frames, error } = played;
        let deeds = (then.deeds != now.deeds).then_some((then.deeds, now.deeds));
        let sent = |(socket, fingerprint)| Sent { socket, fingerprint, frames: None };
        let mut new: Vec<Sent> = now.sent.into_iter().map(sent).collect();
        for (sent, frames) in new.iter_mut().zip(frames) {
            sent.frames = Some(frames);
        }
        let mut old: Vec<Sent> = then.sent.into_iter().map(sent).collect();
        for (sent, frames) in old.iter_mut().filter(|sent| sent.socket.is_none()).zip(written) {
            sent.frames = Some(frames);
        }
        let first = Difference {
            instance: Arc::clone(instance),
            at,
            message,
            then: old,
            now: new,
            deeds,
            error,
        };
        self.groups.insert(key, Group { kind, node, handler, place, count: 1, of: 0, first });
    }
}

impl Report {
    /// Whether nothing differs but what is meant.
    #[must_use]
    pub fn is_same(&self, accepted: &[Accepted]) -> bool {
        self.groups.iter().all(|group| group.is_accepted(accepted))
    }

    /// Whether all could be compared but what is meant.
    #[must_use]
    pub fn is_whole(&self, accepted: &[Accepted]) -> bool {
        self.missing.iter().all(|it| accepted.iter().any(|one| one.means_missing(&it.node)))
    }
}

impl Group {
    /// Whether it is meant.
    #[must_use]
    pub fn is_accepted(&self, accepted: &[Accepted]) -> bool {
        accepted.iter().any(|one| one.means(self.kind, &self.node, &self.handler))
    }

    /// As `--accept` takes it.
    #[must_use]
    pub fn text(&self) -> String {
        group_text(self.kind, &self.node, &self.handler)
    }
}

fn missing(instance: &str, since: Option<SystemTime>, why: String, calls: u64) -> Missing {
    let node = copy_of(instance).0.to_owned();
    Missing { instance: instance.to_owned(), node, since, why, calls }
}

/// The node of an instance, with the number of the copy.
fn found<'t>(topology: &'t Topology, instance: &str) -> Option<(&'t Arc<NodeSpec>, u32)> {
    let (name, copy) = copy_of(instance);
    Some((topology.nodes.iter().find(|node| node.name == name)?, copy))
}

/// What has become of sockets in whose frames that shows.
fn changed(spec: &NodeSpec, then: &[SocketStand]) -> Vec<String> {
    let mut told = Vec::new();
    for before in then {
        let name = format!("{}.{}", spec.name, before.name);
        let Some(now) = spec.socket(&before.name).and_then(|place| spec.sockets.get(place)) else {
            told.push(format!("{name} was a {}, and there is no such socket now", before.role));
            continue;
        };
        if now.role != before.role {
            told.push(format!("{name} was a {}, and is a {} now", before.role, now.role));
        }
        if now.format != before.format {
            let of = |format: Format| format.word();
            told.push(format!(
                "{name} had the format {}, and has {} now",
                of(before.format),
                of(now.format)
            ));
        }
    }
    told
}
