//! What a ZAP handler is asked, as others may see it.
//!
//! Owns which frame of such a request is a password. Never changes what the handler gets.

use crate::message::{Frame, Multipart, share_all};
use crate::security::Secret;

/// The frames of a message of a ZAP handler's socket, without a password.
pub(super) fn without_password(frames: &[Frame]) -> Multipart {
    let mut shown = share_all(frames);
    for (at, frame) in frames.iter().enumerate() {
        // A mechanism, a name, a password: RFC 27.
        if &**frame == b"PLAIN"
            && let Some(password) = shown.get_mut(at + 2)
        {
            *password = Frame::from(Secret::MARK);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(frames: &[&str]) -> Vec<String> {
        let frames: Vec<Frame> = frames.iter().map(|&text| Frame::from(text)).collect();
        let shown = without_password(&frames);
        shown.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    #[test]
    fn a_password_is_shown_as_the_mark_and_all_else_as_it_is() {
        let head = ["\u{1}id", "", "1.0", "7", "lab", "10.0.0.1", "me"];
        let asked = [&head[..], &["PLAIN", "ann", "geheim"]].concat();
        assert_eq!(shown(&asked), [&head[..], &["PLAIN", "ann", "***"]].concat());
        let curve = [&head[..], &["CURVE", "key"]].concat();
        assert_eq!(shown(&curve), curve);
        // Whose routing id or name is the mechanism's name does not shift the password.
        let asked = [&head[..6], &["PLAIN", "PLAIN", "PLAIN", "geheim"]].concat();
        assert_eq!(shown(&asked).last().unwrap(), "***");
        assert_eq!(shown(&["PLAIN", "ann"]), ["PLAIN", "ann"]);
    }
}
