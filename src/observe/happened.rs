//! An event as those read it who read by machine.
//!
//! Owns which of its parts stands where. Never writes it anywhere.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::{level, sentence};
use crate::clock::since_epoch;
use crate::event::Stamped;

/// Something that happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Happened {
    /// Seconds since the epoch.
    pub time: f64,
    /// How much it matters: the word of a level.
    pub level: String,
    /// The node, with its copy's number where it is replicated; none for the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The socket, if one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    /// What it is.
    pub kind: String,
    /// All that is known of it, by its kind.
    pub details: Value,
    /// The sentence of the log.
    pub message: String,
    /// How many times more the same happened since it was last told.
    pub repeated: u64,
}

impl Happened {
    /// An event, with all it knows.
    #[must_use]
    pub fn of(told: &Stamped) -> Self {
        let Stamped { at, event } = told;
        // Kinds always are JSON.
        let mut kind = serde_json::to_value(&event.kind).unwrap_or_default();
        let mut part = |name: &str| kind.get_mut(name).map(Value::take);
        Self {
            time: since_epoch(*at).as_secs_f64(),
            level: level(&event.kind).word().to_owned(),
            node: Some(event.node.to_string()).filter(|node| !node.is_empty()),
            socket: event.socket.as_deref().map(str::to_owned),
            kind: part("kind").and_then(|kind| Some(kind.as_str()?.to_owned())).unwrap_or_default(),
            details: part("details").unwrap_or_default(),
            message: sentence(&event.kind),
            repeated: event.repeated,
        }
    }
}
