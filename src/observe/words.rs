//! The words for events: how much each matters, and one sentence for it.
//!
//! Owns the sentences that a user reads in the log. Never prints them.

use std::sync::Arc;
use std::time::Duration;

use crate::duration::format_duration;
use crate::event::{EventKind, LetGo};
use crate::listing::counted;
use crate::receipt::Verdict;
use crate::script::{HandlerError, Level};
use crate::units::size_text;

/// How much an event matters.
pub(crate) fn level(kind: &EventKind) -> Level {
    match kind {
        EventKind::Log { level, .. } | EventKind::Note { level, .. } => *level,
        EventKind::Reloaded { receipt } => match receipt.verdict {
            Verdict::Applied => Level::Info,
            Verdict::Rejected | Verdict::RolledBack => Level::Warn,
        },
        EventKind::HandlerFailed { .. }
        | EventKind::FileFailed { .. }
        | EventKind::Unwritten { .. }
        | EventKind::Panicked { .. }
        | EventKind::Failed { .. } => Level::Error,
        EventKind::Malformed { .. }
        | EventKind::Dropped { .. }
        | EventKind::Unsent { .. }
        | EventKind::Lost { dropped: true, .. }
        | EventKind::HandshakeFailed { .. }
        | EventKind::Refused { .. }
        | EventKind::LinkMissing { .. }
        | EventKind::StateLarge { .. }
        | EventKind::Unreached { .. }
        | EventKind::PlaceAway { .. }
        | EventKind::NeverSent { .. }
        | EventKind::ControlSocketElsewhere { .. }
        | EventKind::NoControlSocket { .. }
        | EventKind::More { .. }
        | EventKind::LongCall { held_ms: Some(_), .. }
        | EventKind::ProgramExited { is_wanted: false, .. }
        | EventKind::ProgramRestarting { .. }
        | EventKind::ProgramKilled { .. }
        | EventKind::OutputLeftOut { .. }
        | EventKind::Restarting { .. } => Level::Warn,
        EventKind::Bound { .. }
        | EventKind::PeerConnected { .. }
        | EventKind::PeerDisconnected { .. } => Level::Debug,
        EventKind::Lost { dropped: false, .. }
        | EventKind::LimitedPeerGone { .. }
        | EventKind::PlaceThere { .. }
        | EventKind::LongCall { held_ms: None, .. }
        | EventKind::Serving { .. }
        | EventKind::PageServed { .. }
        | EventKind::FileWaits { .. }
        | EventKind::Held { .. }
        | EventKind::Released { .. }
        | EventKind::ProgramStarted { .. }
        | EventKind::ProgramReady { .. }
        | EventKind::ProgramExited { is_wanted: true, .. }
        | EventKind::StopRequested { .. } => Level::Info,
    }
}

/// `place hall at 10.1.0.7:5555`
fn at_place(place: &str, endpoint: &str) -> String {
    let address = endpoint.split_once("://").map_or(endpoint, |(_, address)| address);
    format!("place {place} at {address}")
}

fn let_go(why: LetGo) -> &'static str {
    match why {
        LetGo::Asked => "who held it lets it go on",
        LetGo::Gone => "who held it has gone",
        LetGo::Reload => "a reload goes before",
        LetGo::Stop => "the run stops",
    }
}

/// Whether it is told each time, also when it reads like the time before.
pub(super) fn is_told_each_time(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Log { .. }
            | EventKind::Note { .. }
            | EventKind::Reloaded { .. }
            | EventKind::Held { .. }
            | EventKind::Released { .. }
            | EventKind::ProgramStarted { .. }
            | EventKind::ProgramReady { .. }
            | EventKind::ProgramExited { .. }
            | EventKind::ProgramRestarting { .. }
            | EventKind::ProgramKilled { .. }
            | EventKind::OutputLeftOut { .. }
    )
}

/// The fault in a handler that it tells of, for machines.
pub(super) fn fault(kind: &EventKind) -> Option<Arc<HandlerError>> {
    if let EventKind::HandlerFailed { fault, .. } = kind { fault.clone() } else { None }
}

/// One sentence for an event. As long as there are kinds: one match, so that a new kind has no log
/// line until the compiler has been told its sentence.
pub(crate) fn sentence(kind: &EventKind) -> String {
    match kind {
        EventKind::Log { text, .. } | EventKind::Note { text, .. } => text.clone(),
        EventKind::Reloaded { receipt } => receipt.to_string(),
        EventKind::Bound { endpoint } => format!("bound to {endpoint}"),
        EventKind::Serving { address } => format!("figures at http://{address}/metrics"),
        EventKind::PageServed { address } => format!("page at http://{address}/"),
        EventKind::HandlerFailed { error, .. } => error.clone(),
        EventKind::LongCall { handler, took_ms, held_ms, others } => {
            let what = match held_ms {
                Some(held) => format!("{others} waited {held} ms"),
                None => format!("{others} had their turns meanwhile"),
            };
            format!(
                "a call of {handler} took {took_ms} ms; {what}; isolate: true gives the node a \
                 thread of its own"
            )
        }
        EventKind::Malformed { message } => format!("dropped a malformed message: {message}"),
        EventKind::Dropped { reason, count } => {
            format!("dropped {}: {}", counted(*count, "message"), reason.sentence())
        }
        EventKind::Unsent { endpoint, count } => {
            format!(
                "dropped {} for {endpoint}: not sent within the linger",
                counted(*count, "message")
            )
        }
        EventKind::Lost { flow, lost, sent, dropped } => {
            let why = if *dropped {
                "a queue was full, or they were still on their way at the end"
            } else {
                "they were still on their way at the end"
            };
            format!("{flow}: {lost} of {sent} messages did not arrive: {why}")
        }
        EventKind::HandshakeFailed { why, endpoint } => {
            format!("no connection with {endpoint}: {why}")
        }
        EventKind::Refused { why, endpoint } => format!("refused {endpoint}: {why}"),
        EventKind::PeerConnected { endpoint } => format!("connected with {endpoint}"),
        EventKind::PeerDisconnected { endpoint } => format!("disconnected from {endpoint}"),
        EventKind::LimitedPeerGone { endpoint, maxmsgsize } => format!(
            "disconnected from {endpoint}, as a message over maxmsgsize ({maxmsgsize} bytes) does"
        ),
        EventKind::LinkMissing { link } => {
            format!("started although a link inside the file is not up: {link}")
        }
        EventKind::Unreached { endpoint, place, waited, why } => {
            let time = format_duration(Duration::from_secs(waited.as_secs()));
            let why = why.as_deref().unwrap_or("there is no answer");
            let with = match place {
                Some(place) => at_place(place, endpoint),
                None => endpoint.clone(),
            };
            format!("no connection with {with} for {time}: {why}; it is tried again and again")
        }
        EventKind::PlaceThere { place, endpoint, waited } => {
            let after = match waited.as_secs() {
                0 => String::new(),
                seconds => format!(" after {}", format_duration(Duration::from_secs(seconds))),
            };
            format!("connected with {}{after}", at_place(place, endpoint))
        }
        EventKind::PlaceAway { place, endpoint } => format!(
            "lost {}: what is for it waits as far as the queue goes; it is tried again and again",
            at_place(place, endpoint)
        ),
        EventKind::NeverSent { endpoint, count } => {
            let (s, were) = if *count == 1 { ("", "was") } else { ("s", "were") };
            format!("{count} message{s} for {endpoint} {were} never sent: there was no connection")
        }
        EventKind::ControlSocketElsewhere { text } => format!("the control socket is {text}"),
        EventKind::NoControlSocket { error } => {
            format!("no control socket, so tap, send, call and top cannot find this run: {error}")
        }
        EventKind::FileFailed { error }
        | EventKind::Unwritten { error }
        | EventKind::Failed { error } => error.clone(),
        EventKind::FileWaits { text } => text.clone(),
        EventKind::Panicked { message } => {
            format!("a fault in zrig itself, please report it; the node goes on: {message}")
        }
        EventKind::More { count } => {
            let (s, are) = if *count == 1 { ("", "is") } else { ("s", "are") };
            format!("{count} more line{s} like these, each different, {are} not shown")
        }
        EventKind::StateLarge { bytes, limit } => format!(
            "the state of its handlers takes {} of {}; beyond that it starts anew with an empty \
             one: forget what is done, or write a larger `state_limit`",
            size_text(*bytes),
            size_text(*limit)
        ),
        EventKind::Restarting { after_ms } => {
            format!("starts anew in {after_ms} ms, with an empty state")
        }
        EventKind::ProgramStarted { pid } => format!("its program runs as process {pid}"),
        EventKind::ProgramReady { endpoint, after_ms } => {
            format!("its program is ready after {after_ms} ms: {endpoint} accepts")
        }
        EventKind::ProgramExited { pid, how, ran, .. } => {
            let process = pid.map(|pid| format!(", process {pid},")).unwrap_or_default();
            let time = format_duration(Duration::from_millis(ran.as_millis() as u64));
            format!("its program{process} ended with {how} after {time}")
        }
        EventKind::ProgramRestarting { after_ms } => {
            format!("its program is started again in {after_ms} ms")
        }
        EventKind::ProgramKilled { pid } => {
            format!("its program, process {pid}, did not end in time and is killed")
        }
        EventKind::OutputLeftOut { lines } => {
            let (s, are) = if *lines == 1 { ("", "is") } else { ("s", "are") };
            format!("{lines} line{s} of its output {are} not shown: more than 200 a second")
        }
        EventKind::Held { nodes } => {
            let (s, each) = if *nodes == 1 { ("", "it") } else { ("s", "each") };
            format!(
                "held: {nodes} node{s}; {each} takes one thing when it is stepped, and nothing else"
            )
        }
        EventKind::Released { why } => format!("released: {}", let_go(*why)),
        EventKind::StopRequested { why, .. } => format!("stopping: {why}"),
    }
}
