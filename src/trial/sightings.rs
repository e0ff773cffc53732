//! What a test has seen: messages, lines of the log, failures, in the order in which they happened.
//!
//! Owns which of them a step has matched already. Never waits for anything.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::Symptom;
use crate::control::{Message, Opened};
use crate::node::{Direction, Passed, Target};
use crate::script::{Filter, Inbound, SocketView};
use crate::test_file::Expected;

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

/// A message as it passed a socket.
#[derive(Debug)]
pub(super) struct SeenMessage {
    sent: bool,
    read: Message,
    inbound: Inbound,
    view: SocketView,
}

impl SeenMessage {
    pub(super) fn of(passed: Passed) -> Self {
        let sent = passed.direction == Direction::Out;
        let opened = Opened::of(passed);
        let place = &opened.place;
        let view = SocketView {
            name: (&*place.socket).into(),
            role: place.role,
            format: place.format,
            msgid: 0,
        };
        let read = opened.read();
        Self { sent, read, inbound: opened.inbound, view }
    }

    fn fits(&self, wanted: &Expected, condition: Option<&mut Filter>) -> Result<bool, String> {
        let Expected::Message { sent, text, json, msgid, topic, .. } = wanted else {
            return Ok(false);
        };
        let body = || self.read.body.clone().unwrap_or_default();
        let as_text = || {
            let body = body();
            body.as_str().map_or_else(|| body.to_string(), str::to_owned)
        };
        let fits = *sent == self.sent
            && self.read.malformed.is_none()
            && text.as_ref().is_none_or(|text| *text == as_text())
            && json.as_ref().is_none_or(|json| *json == body())
            && msgid.is_none_or(|msgid| self.read.msgid == Some(msgid))
            && topic.as_ref().is_none_or(|topic| {
                self.read.topic.as_ref().and_then(serde_json::Value::as_str) == Some(topic)
            });
        match condition.filter(|_| fits) {
            Some(condition) => {
                let payload = crate::message::share_all(&self.inbound.payload);
                let route = None;
                let socket = self.inbound.socket;
                condition.wants(Inbound { socket, payload, route }, &self.view)
            }
            None => Ok(fits),
        }
    }

    fn shown(&self) -> String {
        let tag = self.read.msgid.map(|id| format!("{id} ")).or_else(|| {
            let topic = self.read.topic.as_ref()?.as_str()?;
            Some(format!("{topic} "))
        });
        let body = match (&self.read.body, &self.read.frames) {
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
pub(super) struct Sightings(Vec<Sighting>);

impl Sightings {
    pub(super) fn add(
        &mut self,
        at: Duration,
        whose: &Arc<str>,
        socket: Option<&Arc<str>>,
        what: Sight,
    ) {
        let (whose, socket) = (Arc::clone(whose), socket.cloned());
        self.0.push(Sighting { at, whose, socket, what, is_taken: false });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether so many that no step has matched fit, from that one on; they are matched then.
    pub(super) fn take(
        &mut self,
        from: usize,
        at: &str,
        wanted: &Expected,
        count: u32,
        condition: &mut Option<Filter>,
    ) -> Result<bool, String> {
        let mut found = Vec::new();
        for place in from..self.0.len() {
            if found.len() == count as usize {
                break;
            }
            let one = &self.0[place];
            if !one.is_taken && one.is_at(at) && one.fits(wanted, condition.as_mut())? {
                found.push(place);
            }
        }
        if found.len() < count as usize {
            return Ok(false);
        }
        found.into_iter().for_each(|place| self.0[place].is_taken = true);
        Ok(true)
    }

    /// What was seen at a place of the kind that was looked for, the last of it.
    pub(super) fn instead(&self, at: &str, wanted: &Expected) -> Vec<String> {
        let same_kind = |one: &&Sighting| one.is_at(at) && one.is_like(wanted);
        let all: Vec<&Sighting> = self.0.iter().filter(same_kind).collect();
        let skipped = all.len().saturating_sub(SHOWN);
        all[skipped..].iter().map(|one| one.shown()).collect()
    }

    /// The last messages and steps, of all places.
    pub(super) fn sequence(&self) -> Vec<String> {
        let skipped = self.0.len().saturating_sub(SEQUENCE);
        self.0[skipped..].iter().map(Sighting::shown).collect()
    }

    /// The handlers that failed, each node once.
    pub(super) fn failures(&self) -> Vec<Symptom> {
        let mut found: Vec<Symptom> = Vec::new();
        for one in &self.0 {
            if let Sight::Failed(error) = &one.what {
                let symptom = Symptom::Failed { node: one.whose.to_string(), error: error.clone() };
                if !found.iter().any(|it| it.is_like(&symptom)) {
                    found.push(symptom);
                }
            }
        }
        found
    }

    /// When anything was last seen of an instance.
    pub(super) fn last_at(&self, instance: &str) -> Option<Duration> {
        self.0.iter().rev().find(|one| *one.whose == *instance).map(|one| one.at)
    }

    /// The order of all that was seen, as one text: what tells two runs apart.
    pub(super) fn order(&self) -> String {
        let told = self.0.iter().map(|one| {
            let socket = one.socket.as_deref().unwrap_or_default();
            format!("{}.{socket} {}\n", one.whose, one.what.shown())
        });
        told.collect()
    }
}

impl Sighting {
    /// Whether it was seen at a node, a copy, a socket or a peer of that name.
    fn is_at(&self, at: &str) -> bool {
        if *self.whose == *at {
            return true;
        }
        let Ok(target) = at.parse::<Target>() else { return false };
        let (node, copy) = match self.whose.rsplit_once('.') {
            Some((node, copy)) => (node, copy.parse::<u32>().ok()),
            None => (&*self.whose, None),
        };
        target.node == node
            && target.replica.is_none_or(|wanted| copy == Some(wanted))
            && target.socket.is_none_or(|wanted| self.socket.as_deref() == Some(&*wanted))
    }

    fn is_like(&self, wanted: &Expected) -> bool {
        match (&self.what, wanted) {
            (Sight::Message(message), Expected::Message { sent, .. }) => message.sent == *sent,
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
    fn shown(&self) -> String {
        match self {
            Self::Message(message) if message.sent => format!("sent {}", message.shown()),
            Self::Message(message) => format!("got {}", message.shown()),
            Self::Log(text) => format!("logged {text:?}"),
            Self::Failed(error) => format!("failed: {error}"),
            Self::Written(line) => format!("wrote {line:?}"),
            Self::Done(what) => what.clone(),
        }
    }
}
