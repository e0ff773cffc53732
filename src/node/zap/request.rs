//! Questions and answers of ZAP 1.0 (RFC 27), frame by frame.
//!
//! Owns what each frame means. Pure: whatever a question holds, it is read or refused, never trusted.

use smallvec::smallvec;

use crate::message::{Frame, Multipart};
use crate::security::{PublicKey, Secret};
use crate::topology::{Credentials, Login};

const VERSION: &[u8] = b"1.0";

/// A question about a peer.
#[derive(Debug)]
pub(super) struct Request<'f> {
    /// The way back: the routing id, and the empty frame behind it.
    envelope: &'f [Frame],
    pub(super) id: &'f [u8],
    /// Under which domain the socket asks, as [`Request::domain_in`] reads it.
    pub(super) domain: &'f str,
    /// Where the peer comes from.
    pub(super) address: &'f str,
    mechanism: &'f [u8],
    credentials: &'f [Frame],
}

impl<'f> Request<'f> {
    /// So many frames there are before what the peer shows, those of the way back with them.
    pub(super) const FRAMES: usize = 8;
    /// The frame of the domain.
    const DOMAIN: usize = 4;

    /// A frame that is text; nothing where it is not.
    pub(super) fn text(frame: &[u8]) -> &str {
        std::str::from_utf8(frame).unwrap_or_default()
    }

    /// The domain in the frames of a question. What is no text is a domain that nobody has, and never none:
    /// without one every holder of the server's key may come.
    pub(super) fn domain_in(frames: &[Frame]) -> &str {
        let domain = frames.get(Self::DOMAIN).map(|frame| std::str::from_utf8(frame));
        domain.and_then(Result::ok).unwrap_or("\u{fffd}")
    }

    /// A question as a ROUTER receives it; nothing if it is none, so that there is nobody to answer.
    pub(super) fn read(frames: &'f [Frame]) -> Option<Self> {
        let (envelope, question) = frames.split_at_checked(2)?;
        let [version, id, _domain, address, _identity, mechanism, credentials @ ..] = question
        else {
            return None;
        };
        if !envelope[1].is_empty() || **version != *VERSION {
            return None;
        }
        Some(Self {
            envelope,
            id,
            domain: Self::domain_in(frames),
            address: Self::text(address),
            mechanism,
            credentials,
        })
    }

    /// What the peer shows; nothing if that does not fit its mechanism.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        match (self.mechanism, self.credentials) {
            (b"NULL", []) => Some(Credentials::Null),
            (b"PLAIN", [name, _]) => {
                Some(Credentials::Plain(Login { name: (&**name).into(), proof: None }))
            }
            (b"CURVE", [key]) => {
                <[u8; 32]>::try_from(&**key).ok().map(PublicKey::new).map(Credentials::Curve)
            }
            _ => None,
        }
    }

    /// The password that came with a name.
    pub(super) fn password(&self) -> Option<Secret> {
        match (self.mechanism, self.credentials) {
            (b"PLAIN", [_, password]) => Some(Secret::from(&**password)),
            _ => None,
        }
    }
}

/// The status codes of ZAP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Admitted,
    PutOff,
    Refused,
    Failed,
}

impl Status {
    fn code(self) -> &'static str {
        match self {
            Self::Admitted => "200",
            Self::PutOff => "300",
            Self::Refused => "400",
            Self::Failed => "500",
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: Status,
    text: &'static str,
    user: String,
}

impl Answer {
    /// An answer that admits nobody.
    pub(super) fn of(status: Status, text: &'static str) -> Self {
        Self { status, text, user: String::new() }
    }

    /// An answer that admits a peer, under this name.
    pub(super) fn admitting(user: Option<&str>) -> Self {
        Self { status: Status::Admitted, text: "OK", user: user.unwrap_or_default().to_owned() }
    }

    /// All frames, those of the way back first.
    pub(super) fn frames(&self, request: &Request<'_>) -> Multipart {
        let mut frames: Multipart = request.envelope.iter().map(Frame::share).collect();
        let answer: Multipart = smallvec![
            Frame::from(VERSION),
            Frame::from(request.id),
            Frame::from(self.status.code()),
            Frame::from(self.text),
            Frame::from(self.user.as_str()),
            // No metadata.
            Frame::empty(),
        ];
        frames.extend(answer);
        frames
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question(more: &[&[u8]]) -> Multipart {
        let head: [&[u8]; 7] = [b"id", b"", b"1.0", b"17", b"desk.in", b"127.0.0.1", b"me"];
        head.iter().chain(more).map(|frame| Frame::from(*frame)).collect()
    }

    #[test]
    fn a_question_of_each_mechanism_is_read() {
        let key = [7_u8; 32];
        let ann = Credentials::Plain(Login { name: (*b"ann").into(), proof: None });
        for (more, credentials) in [
            (&[b"NULL" as &[u8]][..], Some(Credentials::Null)),
            (&[b"PLAIN", b"ann", b"secret"], Some(ann)),
            (&[b"PLAIN", b"ann"], None),
            (&[b"CURVE", &key], Some(Credentials::Curve(PublicKey::new(key)))),
            (&[b"CURVE", b"short"], None),
            (&[b"CURVE"], None),
            (&[b"NULL", b"more"], None),
            (&[b"GSSAPI", b"me"], None),
            (&[b""], None),
        ] {
            let frames = question(more);
            let request = Request::read(&frames).unwrap();
            assert_eq!((request.id, request.domain), (&b"17"[..], "desk.in"));
            let is_plain = matches!(credentials, Some(Credentials::Plain(_)));
            assert_eq!(request.password(), is_plain.then(|| Secret::from(&b"secret"[..])));
            assert_eq!(request.credentials(), credentials, "{more:?}");
        }
    }

    #[test]
    fn what_is_no_question_of_version_1_0_is_none() {
        for frames in [
            &[b"id" as &[u8]][..],
            &[b"id", b""],
            &[b"id", b"", b"1.0", b"1", b"", b"", b""],
            &[b"id", b"", b"2.0", b"1", b"", b"", b"", b"NULL"],
            &[b"id", b"x", b"1.0", b"1", b"", b"", b"", b"NULL"],
        ] {
            let frames: Multipart = frames.iter().map(|frame| Frame::from(*frame)).collect();
            assert!(Request::read(&frames).is_none(), "{frames:?}");
        }
    }

    #[test]
    fn an_answer_has_the_frames_of_the_specification() {
        let frames = question(&[b"NULL"]);
        let request = Request::read(&frames).unwrap();
        let texts = |answer: &Answer| {
            let frames = answer.frames(&request);
            frames
                .iter()
                .map(|frame| String::from_utf8_lossy(frame).into_owned())
                .collect::<Vec<_>>()
        };
        let admitted = texts(&Answer::admitting(Some("alice")));
        assert_eq!(admitted, ["id", "", "1.0", "17", "200", "OK", "alice", ""]);
        let refused = texts(&Answer::of(Status::Refused, "no"));
        assert_eq!(refused, ["id", "", "1.0", "17", "400", "no", "", ""]);
    }

    proptest! {
        #[test]
        fn no_question_makes_it_panic(frames: Vec<Vec<u8>>) {
            let frames: Multipart = frames.iter().map(|frame| Frame::from(&**frame)).collect();
            if let Some(request) = Request::read(&frames) {
                let _ = request.credentials();
                prop_assert_eq!(Answer::admitting(None).frames(&request).len(), 8);
            }
        }
    }
}
