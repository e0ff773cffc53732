//! From frames as libzmq gives them to what a handler is called with.
//!
//! Owns where each role's envelope ends. Never calls a handler.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::message::{Frame, Malformed, Multipart};
use crate::script::{Inbound, Route};
use crate::zeromq::Role;

/// Takes the envelope off a message.
///
/// # Errors
///
/// When a request has no empty delimiter frame: a REP discards it.
#[inline]
pub fn open_envelope(
    socket: usize,
    role: Role,
    frames: Multipart,
) -> Result<Inbound, (Malformed, Multipart)> {
    let length = match role {
        Role::Rep => match frames.iter().position(|frame| frame.is_empty()) {
            Some(delimiter) if delimiter > 0 => delimiter + 1,
            _ => return Err((Malformed::Delimiter, frames)),
        },
        // A REQ puts an empty delimiter between itself and the body; a DEALER need not.
        Role::Router if frames.len() > 2 && frames[1].is_empty() => 2,
        Role::Router | Role::Stream => 1,
        Role::Pair
        | Role::Pub
        | Role::Sub
        | Role::Req
        | Role::Dealer
        | Role::Push
        | Role::Pull
        | Role::Xpub
        | Role::Xsub => 0,
    };
    if length == 0 {
        return Ok(Inbound { socket, payload: frames, route: None });
    }
    let mut envelope = frames;
    let payload: Multipart = envelope.drain(length..).collect();
    Ok(Inbound { socket, payload, route: Some(Rc::new(Route { envelope })) })
}

/// A subscription as an XPUB tells it: the wish, and the topic.
pub(super) fn subscription(frames: &[Frame]) -> Option<(bool, &[u8])> {
    match frames {
        [frame] => match **frame {
            [1, ref topic @ ..] => Some((true, topic)),
            [0, ref topic @ ..] => Some((false, topic)),
            _ => None,
        },
        _ => None,
    }
}

/// How a message begins, for the log: printable, and not long.
pub(super) fn beginning(frames: &[Frame]) -> String {
    const SHOWN: usize = 40;
    let mut text = String::new();
    for (at, frame) in frames.iter().enumerate() {
        if at > 0 {
            text.push_str(" | ");
        }
        let bytes: SmallVec<[u8; SHOWN]> = frame.iter().copied().take(SHOWN).collect();
        for byte in &bytes {
            text.extend(std::ascii::escape_default(*byte).map(char::from));
        }
        if frame.len() > SHOWN || text.len() > 3 * SHOWN {
            text.push('…');
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(frames: &[&str]) -> Multipart {
        frames.iter().map(|text| Frame::from(*text)).collect()
    }

    #[test]
    fn each_role_has_its_own_envelope() {
        for (role, frames, envelope, payload) in [
            (Role::Rep, &["id", "", "ask"][..], 2, 1),
            (Role::Rep, &["id", "hop", "", "ask", "more"], 3, 2),
            (Role::Rep, &["id", ""], 2, 0),
            (Role::Router, &["id", "", "ask"], 2, 1),
            (Role::Router, &["id", "ask"], 1, 1),
            (Role::Router, &["id", ""], 1, 1),
            (Role::Stream, &["id", "data"], 1, 1),
            (Role::Dealer, &["", "ask"], 0, 2),
        ] {
            let inbound = open_envelope(0, role, message(frames)).unwrap();
            let route = inbound.route.map_or(0, |route| route.envelope.len());
            assert_eq!((route, inbound.payload.len()), (envelope, payload), "{role} {frames:?}");
        }
    }

    #[test]
    fn a_request_without_a_delimiter_is_malformed() {
        for frames in [&["id", "ask"][..], &["", "ask"], &["id"]] {
            assert!(open_envelope(0, Role::Rep, message(frames)).is_err(), "{frames:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_message_is_short_and_printable() {
        let long = "x".repeat(100);
        let text = beginning(&message(&["\0a", &long, "never shown"]));
        assert!(text.starts_with("\\x00a | xxx") && text.ends_with('…'), "{text}");
    }
}
