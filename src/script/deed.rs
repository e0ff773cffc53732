//! What a call wants done beside sending, in words.
//!
//! Owns the words, by which what a call wanted is compared with what an earlier one did. What it logs and
//! counts is no part of that.

use super::effect::Effect;
use crate::duration::format_duration;

/// What an effect is, where it is no message, nothing logged and nothing counted; `socket` has the names of
/// sockets.
#[must_use]
pub fn deed<'a>(effect: &Effect, socket: impl Fn(usize) -> &'a str) -> Option<String> {
    let topic = |prefix: &[u8]| prefix.escape_ascii().to_string();
    Some(match effect {
        Effect::Send { .. } | Effect::Write(_) | Effect::Log { .. } | Effect::Count { .. } => {
            return None;
        }
        Effect::Subscribe { socket: at, prefix } => {
            format!("subscribe {} {:?}", socket(*at), topic(prefix))
        }
        Effect::Unsubscribe { socket: at, prefix } => {
            format!("unsubscribe {} {:?}", socket(*at), topic(prefix))
        }
        Effect::Connect { socket: at, endpoint } => format!("connect {} {endpoint}", socket(*at)),
        Effect::Disconnect { socket: at, endpoint } => {
            format!("disconnect {} {endpoint}", socket(*at))
        }
        Effect::Bind { socket: at, wanted } => format!("bind {} {}", socket(*at), wanted.endpoint),
        Effect::Unbind { socket: at, wanted } => {
            format!("unbind {} {}", socket(*at), wanted.endpoint)
        }
        // Their numbers no two runs share.
        Effect::After { delay, name, .. } => format!("after {} {name:?}", format_duration(*delay)),
        Effect::Cancel { .. } => "cancel a timer".to_owned(),
        Effect::Busy { time } => format!("busy {}", format_duration(*time)),
        Effect::Owe { socket: at, within, .. } => {
            format!("later {} within {}", socket(*at), format_duration(*within))
        }
        Effect::Pause { socket: at } => format!("pause {}", socket(*at)),
        Effect::Resume { socket: at } => format!("resume {}", socket(*at)),
        Effect::Stop { status } => format!("stop {status}"),
    })
}
