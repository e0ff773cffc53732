use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::*;
use crate::topology::Credentials;

const WATCHED: Watched =
    Watched { accepting: Mechanism::PlainServer, connecting: Mechanism::PlainServer, asks: true };

fn tell(feed: &Feed, event: u32, descriptor: RawFd, remote: &CStr) -> Known {
    let values = [u64::try_from(descriptor).unwrap()];
    feed.note(event.into(), &values, (c"tcp://127.0.0.1:1", remote), WATCHED)
}

fn admit(feed: &Feed, at: Knocking, name: &str) {
    feed.admit(at, Knock { credentials: Credentials::Null, address: None }, Some(name.into()));
}

#[test]
fn a_verdict_is_that_of_the_connection_that_was_asked_about_and_of_no_later_one() {
    let (end, _other) = UnixStream::pair().unwrap();
    let (feed, descriptor) = (Feed::default(), end.as_raw_fd());
    tell(&feed, zmq_sys::ZMQ_EVENT_ACCEPTED, descriptor, c"alice");
    let alice = feed.knocking(descriptor).unwrap();
    tell(&feed, zmq_sys::ZMQ_EVENT_DISCONNECTED, descriptor, c"alice");
    assert_eq!(feed.knocking(descriptor), None);
    tell(&feed, zmq_sys::ZMQ_EVENT_ACCEPTED, descriptor, c"mallory");
    let mallory = feed.knocking(descriptor).unwrap();
    assert_ne!(alice, mallory);
    admit(&feed, alice, "alice");
    let known = tell(&feed, zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED, descriptor, c"mallory");
    assert_eq!(known.user, None);
}

#[test]
fn of_a_connection_with_two_verdicts_neither_holds_and_it_ends() {
    use std::io::Read;

    let (end, mut other) = UnixStream::pair().unwrap();
    let (feed, descriptor) = (Feed::default(), end.as_raw_fd());
    tell(&feed, zmq_sys::ZMQ_EVENT_ACCEPTED, descriptor, c"mallory");
    // A question about the one before, which had the same descriptor, is read only now.
    let mallory = feed.knocking(descriptor).unwrap();
    admit(&feed, mallory, "alice");
    feed.refuse(mallory, "unknown".to_owned());
    assert_eq!(other.read(&mut [0]).unwrap(), 0, "it has ended");
    let known = tell(&feed, zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED, descriptor, c"mallory");
    assert_eq!(known.user, None);
}

#[test]
fn why_one_was_refused_is_told_of_no_other_who_comes_by_the_same_way() {
    let (bob_end, _bob) = UnixStream::pair().unwrap();
    let (front_end, _front) = UnixStream::pair().unwrap();
    let feed = Feed::default();
    for end in [&front_end, &bob_end] {
        tell(&feed, zmq_sys::ZMQ_EVENT_ACCEPTED, end.as_raw_fd(), c"ipc://");
    }
    feed.refuse(feed.knocking(bob_end.as_raw_fd()).unwrap(), "unknown".to_owned());
    let failed = |event| tell(&feed, event, 0, c"ipc://").refusal;
    assert_eq!(failed(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL), None);
    assert_eq!(failed(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), None);
    assert_eq!(failed(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH).as_deref(), Some("unknown"));
    assert_eq!(failed(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_AUTH), None);
}
