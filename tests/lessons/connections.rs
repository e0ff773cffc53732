//! Connections that deceive.

use zmq::{Context, SocketType};
#[cfg(feature = "patched-libzmq")]
use zmq::{POLLIN, Socket, SocketEvent};

use super::{bound, is_silent, receive, socket};

/// A writer and a reader with heartbeats or not, and the writer's lost connections. The released libzmq
/// fails an assertion there.
#[cfg(feature = "patched-libzmq")]
fn paced(context: &Context, reader_every: i32) -> (Socket, Socket, Socket) {
    let reader = socket(context, SocketType::PULL);
    reader.set_rcvhwm(1).unwrap();
    reader.set_heartbeat_ivl(reader_every).unwrap();
    let writer = socket(context, SocketType::PUSH);
    writer.set_heartbeat_ivl(500).unwrap();
    let gone = i32::from(SocketEvent::DISCONNECTED.to_raw());
    writer.monitor("inproc://monitor", gone).unwrap();
    let monitor = socket(context, SocketType::PAIR);
    monitor.connect("inproc://monitor").unwrap();
    writer.connect(&bound(&reader)).unwrap();
    for number in 0..20_u8 {
        writer.send(vec![number], 0).unwrap();
    }
    (reader, writer, monitor)
}

#[cfg(feature = "patched-libzmq")]
#[test]
fn zr0320_a_reader_at_its_mark_is_given_up_by_who_sends_it_heartbeats() {
    let context = Context::new();
    let (_reader, _writer, monitor) = paced(&context, 0);
    receive(&monitor);
}

#[cfg(feature = "patched-libzmq")]
#[test]
fn zr0320_heartbeats_of_its_own_keep_a_reader_at_its_mark() {
    let context = Context::new();
    let (reader, _writer, monitor) = paced(&context, 50);
    // Four times as long as the writer waits for a sign.
    assert_eq!(monitor.poll(POLLIN, 2000), Ok(0), "given up");
    for number in 0..20 {
        assert_eq!(receive(&reader), [[number]]);
    }
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
