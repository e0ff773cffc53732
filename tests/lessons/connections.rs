//! Connections that deceive.

use zmq::{Context, SocketEvent, SocketType};

use super::{bound, is_silent, receive, socket};

#[test]
fn zr0320_a_slow_reader_with_a_short_queue_loses_its_connection_to_heartbeats() {
    let context = Context::new();
    let reader = socket(&context, SocketType::PULL);
    reader.set_rcvhwm(1).unwrap();
    reader.set_rcvbuf(4096).unwrap();
    reader.set_heartbeat_ivl(50).unwrap();
    reader.set_heartbeat_timeout(50).unwrap();
    let gone = i32::from(SocketEvent::DISCONNECTED.to_raw());
    reader.monitor("inproc://monitor", gone).unwrap();
    let monitor = socket(&context, SocketType::PAIR);
    monitor.connect("inproc://monitor").unwrap();
    let endpoint = bound(&reader);
    let writer = socket(&context, SocketType::PUSH);
    writer.connect(&endpoint).unwrap();
    // More than the kernel's buffers hold, so that the answer to a PING waits behind it.
    for _ in 0..900 {
        writer.send(vec![0; 10_000], 0).unwrap();
    }
    receive(&monitor);
}

#[test]
fn zr0322_a_socket_whose_own_port_is_the_one_it_connects_to_talks_to_itself() {
    let context = Context::new();
    // A port of the range that the system gives away is one that it may give to the connecter.
    let probe = socket(&context, SocketType::PULL);
    let there = bound(&probe);
    probe.unbind(&there).unwrap();
    drop(probe);
    let address = there.strip_prefix("tcp://").unwrap();
    let lonely = socket(&context, SocketType::DEALER);
    lonely.connect(&format!("tcp://{address};{address}")).unwrap();
    lonely.send("anybody there?", 0).unwrap();
    assert_eq!(receive(&lonely), [b"anybody there?"]);
    // The server that comes later is never asked.
    let server = socket(&context, SocketType::ROUTER);
    if server.bind(&there).is_ok() {
        lonely.send("and now?", 0).unwrap();
        assert_eq!(receive(&lonely), [b"and now?"]);
        assert!(is_silent(&server));
    }
}
