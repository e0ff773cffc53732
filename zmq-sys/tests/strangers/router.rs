//! Peers of a ROUTER that are gone.
//!
//! Owns the proof that it never waits for room at one that will read nothing any more.

use std::io::Error;
use std::thread;
use std::time::{Duration, Instant};

use super::library::{Context, PATIENCE};

#[test]
fn a_peer_whose_queue_was_full_when_it_went_is_gone_though_it_has_said_what_nobody_reads() {
    let ipc = format!("ipc://@full-and-gone-{}", std::process::id());
    for at in ["tcp://127.0.0.1:*", &ipc, "inproc://full-and-gone"] {
        let context = Context::new();
        let router = context.socket(zmq_sys::ZMQ_ROUTER);
        router.number(zmq_sys::ZMQ_ROUTER_MANDATORY, 1);
        router.number(zmq_sys::ZMQ_SNDHWM, 2);
        let endpoint = router.bind(at);
        let peer = context.socket(zmq_sys::ZMQ_DEALER);
        peer.bytes(zmq_sys::ZMQ_ROUTING_ID, b"peer");
        peer.number(zmq_sys::ZMQ_RCVHWM, 2);
        peer.connect(&endpoint);
        assert!(peer.send(&[b"read"]) && peer.send(&[b"not read"]));
        assert_eq!(router.receive(), [b"peer".to_vec(), b"read".to_vec()]);

        let much = vec![0; 1 << 20];
        let mut taken = Instant::now();
        // What the system takes of it is not much either.
        while taken.elapsed() < Duration::from_millis(200) {
            if router.send(&[b"peer", &much]) {
                taken = Instant::now();
            }
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(Error::last_os_error().raw_os_error(), Some(zmq_sys::errno::EAGAIN), "{at}");
        drop(peer);
        let end = Instant::now() + PATIENCE;
        while !router.send(&[b"peer", b"more"]) {
            let why = Error::last_os_error().raw_os_error();
            if why == Some(zmq_sys::errno::EHOSTUNREACH) {
                break;
            }
            assert_eq!(why, Some(zmq_sys::errno::EAGAIN), "{at}");
            assert!(Instant::now() < end, "{at}: it is waited for");
            thread::sleep(Duration::from_millis(1));
        }
        // What it had said can be read yet.
        assert_eq!(router.receive(), [b"peer".to_vec(), b"not read".to_vec()], "{at}");
    }
}
