//! What a test has seen: messages, lines of the log, failures, in the order in which they happened.
//!
//! Owns which of them a step has matched already. Never waits for anything.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::symptom::Symptom;
use crate::control::{Message, Opened};
use crate::message::share_all;
use crate::node::{Direction, Passed, Target};
use crate::script::{Filter, Inbound, SocketView};
use crate::test_file::{Expected, Watched};
use crate::zeromq::Role;

/// How many sightings a failure shows of its place.
const SHOWN: usize = 8;
/// How many messages it shows of all places.
const SEQUENCE: usize = 16;

/// Something that was seen.
#[derive(Debug)]
pub(super) struct Sighting {
    /// When, since the test began.
    pub(super) at: Duration,
    /// The node's instance, or the peer.
    pub(super) whose: Arc<str>,
    pub(super) socket: Option<Arc<str>>,
    pub(super) what: Sight,
    /// Whether a step has matched it.
    is_taken: bool,
}

/// What was seen.
#[derive(Debug)]
pub(super) enum Sight {
    /// A message that came, or one that went out.
    Message(Box<SeenMessage>),
    /// A line of the log.
    Log(String),
    /// A handler that failed.
    Failed(String),
    /// A line of the file that it writes.
    Written(String),
    /// What a step did.
    Done(String),
}

/// A message as it passed a socket; it is read once somebody wants to know what it says.
#[derive(Debug)]
pub(super) struct SeenMessage {
    passed: Passed,
    opened: OnceCell<Box<Read>>,
}

/// What a message says.
#[derive(Debug)]
struct Read {
    message: Message,
    inbound: Inbound,
    view: SocketView,
}

impl SeenMessage {
    pub(super) fn of(passed: Passed) -> Self {
        Self { passed, opened: OnceCell::new() }
    }

    pub(super) fn is_sent(&self) -> bool {
        self.passed.direction == Direction::Out
    }

    fn read(&self) -> &Read {
        self.opened.get_or_init(|| {
            let Passed { at, direction, place, number, frames } = &self.passed;
            let frames = share_all(frames);
            let place = Arc::clone(place);
            let opened = Opened::of(Passed {
                at: *at,
                direction: *direction,
                place,
                number: *number,
                frames,
            });
            let place = &opened.place;
            let view = SocketView {
                name: (&*place.socket).into(),
                role: place.role,
                format: place.format,
                msgid: 0,
            };
            let message = opened.read();
            Box::new(Read { message, inbound: opened.inbound, view })
        })
    }

    fn fits(&self, wanted: &Expected, condition: Option<&mut Filter>) -> Result<bool, String> {
        let Expected::Message { sent, text, json, msgid, topic, .. } = wanted else {
            return Ok(false);
        };
        if *sent != self.is_sent() {
            return Ok(false);
        }
        let Read { message: read, inbound, view } = self.read();
        let body = || read.body.clone().unwrap_or_default();
        let as_text = || {
            let body = body();
            body.as_str().map_or_else(|| body.to_string(), str::to_owned)
        };
        let fits = read.malformed.is_none()
            && text.as_ref().is_none_or(|text| *text == as_text())
            && json.as_ref().is_none_or(|json| *json == body())
            && msgid.is_none_or(|msgid| read.msgid == Some(msgid))
            && topic.as_ref().is_none_or(|topic| {
                read.topic.as_ref().and_then(serde_json::Value::as_str) == Some(topic)
            });
        match condition.filter(|_| fits) {
            Some(condition) => {
                let payload = share_all(&inbound.payload);
                let (socket, route) = (inbound.socket, None);
                condition.wants(Inbound { socket, payload, route }, view)
            }
            None => Ok(fits),
        }
    }

    /// The frames after the envelope.
    pub(super) fn frames(&self) -> Vec<&[u8]> {
        self.read().inbound.payload.iter().map(|frame| &**frame).collect()
    }

    /// Whether more than one may get it.
    pub(super) fn goes_to_all(&self) -> bool {
        matches!(self.passed.place.role, Role::Pub | Role::Xpub | Role::Xsub | Role::Sub)
    }

    pub(super) fn shown(&self) -> String {
        let read = &self.read().message;
        let tag = read.msgid.map(|id| format!("{id} ")).or_else(|| {
            let topic = read.topic.as_ref()?.as_str()?;
            Some(format!("{topic} "))
        });
        let body = match (&read.body, &read.frames) {
            (Some(serde_json::Value::String(text)), _) => format!("{text:?}"),
            (Some(other), _) => other.to_string(),
            (None, Some(frames)) => serde_json::Value::from(frames.clone()).to_string(),
            (None, None) => String::new(),
        };
        format!("{}{body}", tag.unwrap_or_default())
    }
}

/// All that was seen.
#[derive(Default, Debug)]
pub(super) struct Sightings {
    all: Vec<Sighting>,
    /// What tells this order from another one.
    order: DefaultHasher,
}

/// What a step looks for, as far as it has looked.
pub(super) struct Search<'w> {
    at: &'w str,
    target: Option<Target>,
    wanted: &'w Expected,
    count: usize,
    condition: Option<Filter>,
    /// The first sighting that it has not looked at.
    next: usize,
    found: Vec<usize>,
}

impl<'w> Search<'w> {
    /// From a sighting on.
    pub(super) fn new(watched: &'w Watched, condition: Option<Filter>, from: usize) -> Self {
        let Watched { at, what, count, .. } = watched;
        let target = at.parse().ok();
        let count = *count as usize;
        Self { at, target, wanted: what, count, condition, next: from, found: Vec::new() }
    }
}

impl Sightings {
    pub(super) fn add(
        &mut self,
        at: Duration,
        whose: &Arc<str>,
        socket: Option<&Arc<str>>,
        what: Sight,
    ) {
        let (whose, socket) = (Arc::clone(whose), socket.cloned());
        (&*whose, socket.as_deref()).hash(&mut self.order);
        what.hash(&mut self.order);
        self.all.push(Sighting { at, whose, socket, what, is_taken: false });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether as many that no step has matched fit as are looked for; they are matched then.
    pub(super) fn take(&mut self, search: &mut Search<'_>) -> Result<bool, String> {
        while search.found.len() < search.count
            && let Some(one) = self.all.get(search.next)
        {
            let is_there = !one.is_taken && one.is_at(search.at, search.target.as_ref());
            if is_there && one.fits(search.wanted, search.condition.as_mut())? {
                search.found.push(search.next);
            }
            search.next += 1;
        }
        if search.found.len() < search.count {
            return Ok(false);
        }
        search.found.drain(..).for_each(|place| self.all[place].is_taken = true);
        Ok(true)
    }

    /// What was seen at a place of the kind that was looked for, the last of it.
    pub(super) fn instead(&self, at: &str, wanted: &Expected) -> Vec<String> {
        let target = at.parse().ok();
        let same_kind = |one: &&Sighting| one.is_at(at, target.as_ref()) && one.is_like(wanted);
        let all: Vec<&Sighting> = self.all.iter().filter(same_kind).collect();
        let skipped = all.len().saturating_sub(SHOWN);
        all[skipped..].iter().map(|one| one.shown()).collect()
    }

    /// The last messages and steps, of all places.
    pub(super) fn sequence(&self) -> Vec<String> {
        let skipped = self.all.len().saturating_sub(SEQUENCE);
        self.all[skipped..].iter().map(Sighting::shown).collect()
    }

    /// The handlers that failed, each node once.
    pub(super) fn failures(&self) -> Vec<Symptom> {
        let mut found: Vec<Symptom> = Vec::new();
        for one in &self.all {
            if let Sight::Failed(error) = &one.what {
                let symptom = Symptom::Failed { node: one.whose.to_string(), error: error.clone() };
                if !found.iter().any(|it| it.is_like(&symptom)) {
                    found.push(symptom);
                }
            }
        }
        found
    }

    /// The frames of all messages that a node's socket sent or got, each with the instance.
    pub(super) fn frames(&self, node: &str, socket: &str, sent: bool) -> Vec<(&str, Vec<&[u8]>)> {
        let is_of = |whose: &str| whose.split('.').next() == Some(node);
        let messages = self.all.iter().filter_map(|one| {
            let Sight::Message(message) = &one.what else { return None };
            let fits = message.is_sent() == sent
                && one.socket.as_deref() == Some(socket)
                && is_of(&one.whose);
            fits.then(|| (&*one.whose, message.frames()))
        });
        messages.collect()
    }

    /// How many messages came to a place, or went from there.
    pub(super) fn passed(&self, at: &str, sent: bool) -> u64 {
        let target = at.parse::<Target>().ok();
        let fits = |one: &&Sighting| {
            matches!(&one.what, Sight::Message(message) if message.is_sent() == sent)
                && one.is_at(at, target.as_ref())
        };
        self.all.iter().filter(fits).count() as u64
    }

    /// The times at which messages passed, each once.
    pub(super) fn moments(&self) -> Vec<Duration> {
        let messages = self.all.iter().filter(|one| matches!(one.what, Sight::Message(_)));
        let mut times: Vec<Duration> = messages.map(|one| one.at).collect();
        times.dedup();
        times
    }

    /// All of it, in order.
    pub(super) fn all(&self) -> &[Sighting] {
        &self.all
    }

    /// All of it, a line each without its time.
    #[cfg(test)]
    pub(super) fn seen(&self) -> String {
        let told = self.all.iter().map(|one| {
            let socket = one.socket.as_deref().unwrap_or_default();
            format!("{}.{socket} {}\n", one.whose, one.what.shown())
        });
        told.collect()
    }

    /// What tells the order of all that was seen from another one.
    pub(super) fn order(&self) -> u64 {
        self.order.finish()
    }
}

impl Sighting {
    /// Whether it was seen at a node, a copy, a socket or a peer of that name.
    fn is_at(&self, at: &str, target: Option<&Target>) -> bool {
        if *self.whose == *at {
            return true;
        }
        let Some(target) = target else { return false };
        if !self.whose.starts_with(target.node.as_str()) {
            return false;
        }
        let (node, copy) = match self.whose.rsplit_once('.') {
            Some((node, copy)) => (node, copy.parse::<u32>().ok()),
            None => (&*self.whose, None),
        };
        target.node == node
            && target.replica.is_none_or(|wanted| copy == Some(wanted))
            && target.socket.as_ref().is_none_or(|wanted| self.socket.as_deref() == Some(wanted))
    }

    fn is_like(&self, wanted: &Expected) -> bool {
        match (&self.what, wanted) {
            (Sight::Message(message), Expected::Message { sent, .. }) => message.is_sent() == *sent,
            (Sight::Log(_), Expected::Log(_))
            | (Sight::Failed(_), Expected::Fails(_))
            | (Sight::Written(_), Expected::File(_)) => true,
            _ => false,
        }
    }

    fn fits(&self, wanted: &Expected, condition: Option<&mut Filter>) -> Result<bool, String> {
        Ok(match (&self.what, wanted) {
            (Sight::Message(message), wanted) => message.fits(wanted, condition)?,
            (Sight::Log(text), Expected::Log(line)) => text.contains(&line.0),
            (Sight::Failed(error), Expected::Fails(line)) => error.contains(&line.0),
            (Sight::Written(text), Expected::File(line)) => text.contains(&line.0),
            _ => false,
        })
    }

    /// One line of it.
    fn shown(&self) -> String {
        let socket = self.socket.as_ref().map(|socket| format!(".{socket}")).unwrap_or_default();
        let seconds = self.at.as_secs_f64();
        format!("{seconds:>9.3} s  {}{socket} {}", self.whose, self.what.shown())
    }
}

impl Sight {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Message(message) if message.is_sent() => format!("sent {}", message.shown()),
            Self::Message(message) => format!("got {}", message.shown()),
            Self::Log(text) => format!("logged {text:?}"),
            Self::Failed(error) => format!("failed: {error}"),
            Self::Written(line) => format!("wrote {line:?}"),
            Self::Done(what) => what.clone(),
        }
    }
}

impl Hash for Sight {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Message(message) => {
                message.is_sent().hash(state);
                message.passed.frames.iter().for_each(|frame| (**frame).hash(state));
            }
            Self::Log(text) | Self::Failed(text) | Self::Written(text) | Self::Done(text) => {
                text.hash(state);
            }
        }
    }
}
