//! Those who come to a PAIR that has a peer, or had one.
//!
//! Owns the proof that each has its place in its turn, and that nothing of what any of them said is lost.

use std::thread;
use std::time::{Duration, Instant};

use super::library::{Context, PATIENCE, Socket};

/// A PAIR that is bound, and what tells when a peer's connection has ended.
struct Home {
    socket: Socket,
    endpoint: String,
    watch: Option<Socket>,
}

/// What it has said is heard, also when it is gone.
fn pair(context: &Context) -> Socket {
    let socket = context.socket(zmq_sys::ZMQ_PAIR);
    socket.number(zmq_sys::ZMQ_LINGER, -1);
    socket
}

impl Home {
    fn of(context: &Context, at: &str) -> Self {
        let socket = pair(context);
        let endpoint = socket.bind(at);
        let watch = (!at.starts_with("inproc:")).then(|| socket.watched(context));
        Self { socket, endpoint, watch }
    }

    /// A peer comes, says this, and is gone for all who can know it, though nobody has read it.
    fn visited(&self, context: &Context, said: &[&[u8]]) {
        let peer = self.peer(context);
        assert!(said.iter().all(|text| sends(&peer, &[text])));
        match &self.watch {
            Some(watch) => {
                drop(peer);
                watch.receive();
            }
            None => peer.disconnect(&self.endpoint),
        }
    }

    fn peer(&self, context: &Context) -> Socket {
        let peer = pair(context);
        peer.connect(&self.endpoint);
        peer
    }
}

/// For a moment it may not have heard yet of whom it has met.
fn sends(socket: &Socket, message: &[&[u8]]) -> bool {
    let end = Instant::now() + PATIENCE;
    while !socket.send(message) {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

#[test]
fn who_comes_after_a_peer_that_has_gone_is_the_next_one_whatever_waits_to_be_read() {
    let ipc = format!("ipc://@next-of-a-pair-{}", std::process::id());
    for at in ["tcp://127.0.0.1:*", &ipc, "inproc://next-of-a-pair"] {
        let context = Context::new();
        let home = Home::of(&context, at);
        home.visited(&context, &[b"1", b"2"]);
        home.visited(&context, &[b"3"]);
        let next = home.peer(&context);
        assert!(sends(&next, &[b"4"]), "{at}");
        // Who reads nothing before it has said something is no reason to wait for one another. What is
        // said before it has heard that the others are gone is said to them.
        let end = Instant::now() + PATIENCE;
        while !next.waits_for_input(Duration::from_millis(10)) {
            assert!(sends(&home.socket, &[b"to", b"you"]), "{at}: there is nobody to speak to");
            assert!(Instant::now() < end, "{at}: it is not spoken to");
        }
        while let Some(message) = next.take() {
            assert_eq!(message, [b"to".to_vec(), b"you".to_vec()], "{at}");
        }
        for text in [b"1", b"2", b"3", b"4"] {
            assert_eq!(home.socket.receive(), [text.to_vec()], "{at}");
        }
        assert!(sends(&next, &[b"5"]) && sends(&home.socket, &[b"6"]), "{at}");
        assert_eq!((home.socket.receive(), next.receive()), (vec![vec![b'5']], vec![vec![b'6']]));
    }
}

#[test]
fn who_comes_while_there_is_a_peer_disturbs_nobody_and_has_its_place_when_that_one_has_gone() {
    let context = Context::new();
    for at in ["tcp://127.0.0.1:*", "inproc://beside-a-pair"] {
        let home = Home::of(&context, at);
        let peer = home.peer(&context);
        assert!(sends(&peer, &[b"1"]));
        assert_eq!(home.socket.receive(), [b"1".to_vec()]);
        let beside = home.peer(&context);
        assert!(sends(&beside, &[b"4"]));
        assert!(
            !home.socket.waits_for_input(Duration::from_millis(100)),
            "{at}: it is not its turn"
        );
        assert!(sends(&peer, &[b"2"]) && sends(&home.socket, &[b"3"]));
        assert_eq!((home.socket.receive(), peer.receive()), (vec![vec![b'2']], vec![vec![b'3']]));
        drop(peer);
        assert_eq!(home.socket.receive(), [b"4".to_vec()], "{at}");
        assert!(sends(&home.socket, &[b"5"]));
        assert_eq!(beside.receive(), [b"5".to_vec()], "{at}");
    }
}
