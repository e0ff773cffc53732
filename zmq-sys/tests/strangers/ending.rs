//! Peers that close in good order while who reads them has no room.
//!
//! Owns the proof that all of what they had sent is read, and after that their end is known.

use super::library::{Context, Socket};

/// Closed when everything it has sent is with the system.
fn sender(endpoint: &str, count: u8) {
    let context = Context::new();
    let socket = context.socket(zmq_sys::ZMQ_PUSH);
    socket.number(zmq_sys::ZMQ_LINGER, -1);
    socket.number(zmq_sys::ZMQ_SNDHWM, 0);
    socket.connect(endpoint);
    assert!((0..count).all(|n| socket.send(&[&[n; 4000]])));
}

/// Another one comes and goes meanwhile: libzmq has looked at all connections since.
fn looked_at(watch: &Socket, reader: &Context, endpoint: &str) {
    let passing = reader.socket(zmq_sys::ZMQ_PUSH);
    passing.connect(endpoint);
    drop(passing);
    watch.receive();
}

#[test]
fn what_was_sent_before_the_end_is_read_to_the_last_message_however_slowly() {
    let ipc = format!("ipc://@sent-before-the-end-{}", std::process::id());
    for at in ["tcp://127.0.0.1:*", &ipc] {
        let context = Context::new();
        let reader = context.socket(zmq_sys::ZMQ_PULL);
        reader.number(zmq_sys::ZMQ_RCVHWM, 2);
        let endpoint = reader.bind(at);
        let watch = reader.watched(&context);
        // As much as the system keeps of it.
        let count = 16;
        sender(&endpoint, count);
        looked_at(&watch, &context, &endpoint);
        for n in 0..count {
            assert_eq!(reader.receive(), [vec![n; 4000]], "{at}: of {count}");
        }
        // Its own end.
        watch.receive();
        assert_eq!(reader.take(), None, "{at}");
    }
}
