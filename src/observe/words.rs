//! The words for facts: how much each matters, and one sentence for it.
//!
//! Owns the sentences that a user reads in the log. Never prints them.

use std::sync::Arc;
use std::time::Duration;

use crate::duration::format_duration;
use crate::event::What;
use crate::script::{HandlerError, Level};
use crate::units::size_text;

/// How much a fact matters.
pub(super) fn level(what: &What) -> Level {
    match what {
        What::Log { level, .. } => *level,
        What::HandlerFailed { .. }
        | What::FileFailed { .. }
        | What::Unwritten { .. }
        | What::Panicked { .. }
        | What::Failed { .. } => Level::Error,
        What::Malformed { .. }
        | What::Dropped { .. }
        | What::Unsent { .. }
        | What::Lost { dropped: true, .. }
        | What::HandshakeFailed { .. }
        | What::LinkMissing { .. }
        | What::StateLarge { .. }
        | What::Unreached { .. }
        | What::NeverSent { .. }
        | What::ControlSocketElsewhere { .. }
        | What::NoControlSocket { .. }
        | What::More { .. }
        | What::LongCall { held_ms: Some(_), .. }
        | What::Restarting { .. } => Level::Warn,
        What::Bound { .. } | What::PeerConnected { .. } | What::PeerDisconnected { .. } => {
            Level::Debug
        }
        What::Lost { dropped: false, .. }
        | What::LimitedPeerGone { .. }
        | What::LongCall { held_ms: None, .. }
        | What::Serving { .. }
        | What::FileWaits { .. }
        | What::StopRequested { .. } => Level::Info,
    }
}

/// The fault in a handler that it tells of, for machines.
pub(super) fn fault(what: &What) -> Option<Arc<HandlerError>> {
    if let What::HandlerFailed { fault, .. } = what { fault.clone() } else { None }
}

/// One sentence for a fact.
pub(super) fn sentence(what: &What) -> String {
    match what {
        What::Log { text, .. } => text.clone(),
        What::Bound { endpoint } => format!("bound to {endpoint}"),
        What::Serving { address } => format!("figures at http://{address}/metrics"),
        What::HandlerFailed { error, .. } => error.clone(),
        What::LongCall { handler, took_ms, held_ms, others } => {
            let what = match held_ms {
                Some(held) => format!("{others} waited {held} ms"),
                None => format!("{others} had their turns meanwhile"),
            };
            format!(
                "a call of {handler} took {took_ms} ms; {what}; isolate: true gives the node a \
                 thread of its own"
            )
        }
        What::Malformed { message } => format!("dropped a malformed message: {message}"),
        What::Dropped { reason, count } => {
            let plural = if *count == 1 { "" } else { "s" };
            format!("dropped {count} message{plural}: {}", reason.sentence())
        }
        What::Unsent { endpoint, count } => {
            let plural = if *count == 1 { "" } else { "s" };
            format!("dropped {count} message{plural} for {endpoint}: not sent within the linger")
        }
        What::Lost { flow, lost, sent, dropped } => {
            let why = if *dropped {
                "a queue was full, or they were still on their way at the end"
            } else {
                "they were still on their way at the end"
            };
            format!("{flow}: {lost} of {sent} messages did not arrive: {why}")
        }
        What::HandshakeFailed { why, endpoint } => format!("no connection with {endpoint}: {why}"),
        What::PeerConnected { endpoint } => format!("connected with {endpoint}"),
        What::PeerDisconnected { endpoint } => format!("disconnected from {endpoint}"),
        What::LimitedPeerGone { endpoint, maxmsgsize } => format!(
            "disconnected from {endpoint}, as a message over maxmsgsize ({maxmsgsize} bytes) does"
        ),
        What::LinkMissing { link } => {
            format!("started although a link inside the file is not up: {link}")
        }
        What::Unreached { endpoint, waited, why } => {
            let time = format_duration(Duration::from_secs(waited.as_secs()));
            let why = why.as_deref().unwrap_or("there is no answer");
            format!("no connection with {endpoint} for {time}: {why}; it is tried again and again")
        }
        What::NeverSent { endpoint, count } => {
            let (s, were) = if *count == 1 { ("", "was") } else { ("s", "were") };
            format!("{count} message{s} for {endpoint} {were} never sent: there was no connection")
        }
        What::ControlSocketElsewhere { text } => format!("the control socket is {text}"),
        What::NoControlSocket { error } => {
            format!("no control socket, so tap, send, call and top cannot find this run: {error}")
        }
        What::FileFailed { error } | What::Unwritten { error } | What::Failed { error } => {
            error.clone()
        }
        What::FileWaits { text } => text.clone(),
        What::Panicked { message } => {
            format!("a fault in zrig itself, please report it; the node goes on: {message}")
        }
        What::More { count } => {
            let (s, are) = if *count == 1 { ("", "is") } else { ("s", "are") };
            format!("{count} more line{s} like these, each different, {are} not shown")
        }
        What::StateLarge { bytes, limit } => format!(
            "the state of its handlers takes {} of {}; beyond that it starts anew with an empty \
             one: forget what is done, or write a larger `state_limit`",
            size_text(*bytes),
            size_text(*limit)
        ),
        What::Restarting { after_ms } => {
            format!("starts anew in {after_ms} ms, with an empty state")
        }
        What::StopRequested { why, .. } => format!("stopping: {why}"),
    }
}
