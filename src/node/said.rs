//! What tells one message from another, whatever envelope it has at either end of a link.
//!
//! Owns which frames are envelope for this, and how long the same message is looked for. Opens none for a
//! handler: `inbox` does.

use std::time::Duration;

use super::interception::Passed;
use crate::message::{Frame, fingerprint};
use crate::zeromq::Role;

/// How long after it was sent a message may come, for who looks for it in what passed.
pub const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// The same for a message where it was sent and where it came, and mostly another one for every other.
#[must_use]
pub fn said(passed: &Passed) -> u64 {
    fingerprint(payload(passed.place.role, &passed.frames))
}

/// What comes after routing ids and the delimiter. A body that has an empty frame itself counts from there
/// on, at both ends alike: a DEALER does not show where its envelope ends.
fn payload(role: Role, frames: &[Frame]) -> &[Frame] {
    let frames = frames.get(usize::from(role.routes())..).unwrap_or_default();
    let may_have_envelope = matches!(role, Role::Rep | Role::Router | Role::Dealer);
    let delimiter = frames.iter().position(|frame| frame.is_empty()).filter(|_| may_have_envelope);
    delimiter.map_or(frames, |delimiter| &frames[delimiter + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames of a message, parted by `|`.
    fn frames(text: &str) -> Vec<Frame> {
        text.split('|').map(Frame::from).collect()
    }

    #[test]
    fn a_message_is_the_same_at_both_ends_of_every_link() {
        for (sender, sent, receiver, came) in [
            (Role::Push, "a||b", Role::Pull, "a||b"),
            (Role::Pub, "t|a", Role::Sub, "t|a"),
            (Role::Req, "a", Role::Rep, "id||a"),
            (Role::Req, "a||b", Role::Rep, "id||a||b"),
            (Role::Req, "", Role::Router, "id||"),
            (Role::Req, "a", Role::Router, "id|number||a"),
            (Role::Rep, "id||a", Role::Req, "a"),
            (Role::Router, "id||a", Role::Req, "a"),
            (Role::Router, "id|a", Role::Dealer, "a"),
            (Role::Router, "id|client||a", Role::Dealer, "client||a"),
            (Role::Router, "id||client||a", Role::Req, "client||a"),
            (Role::Dealer, "|a", Role::Rep, "id||a"),
            (Role::Dealer, "client||a", Role::Rep, "id|client||a"),
            (Role::Dealer, "a|b", Role::Router, "id|a|b"),
            (Role::Router, "b|a", Role::Router, "a|a"),
        ] {
            let (sent, came) = (frames(sent), frames(came));
            let ends = (payload(sender, &sent), payload(receiver, &came));
            let ends = (fingerprint(ends.0), fingerprint(ends.1));
            assert_eq!(ends.0, ends.1, "{sender} {receiver}");
        }
    }

    #[test]
    fn what_is_too_short_for_its_role_says_nothing() {
        assert_eq!(payload(Role::Router, &[]).len(), 0);
        assert_eq!(payload(Role::Router, &frames("id")).len(), 0);
    }
}
