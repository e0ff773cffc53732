//! What is known of what waits to go out while a socket's peers are parted from.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::clock;
use crate::event::events;
use crate::message::{Frame, Multipart};
use crate::node::context::Context;
use crate::node::running::tests::{block_on, node_of};
use crate::topology::sound;

/// A PULL that has greeted, and reads nothing ever.
fn that_never_reads(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    stream.read_exact(&mut greeting).unwrap();
    stream.write_all(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PULL").unwrap();
    stream
}

/// What is given while libzmq is asked would be taken for sent, and be lost with the connection.
#[test]
fn what_waits_to_go_out_is_told_with_what_was_given_meanwhile() {
    block_on(async {
        let (emitter, _reader) = events();
        let context = Context::new(64, 1, emitter.clone()).unwrap();
        let topology = sound("nodes: {n: {role: push, bind: 'tcp://127.0.0.1:*'}}");
        let mut node = node_of(&topology, &context, &emitter).await;
        node.start();
        let port = node.sockets[0].bound.values().next().unwrap().rsplit(':').next().unwrap();
        let _peer = that_never_reads(port.parse().unwrap());
        let deadline = clock::now() + Duration::from_secs(30);
        let large = Frame::copy(&vec![0; 64 << 20]);
        node.outbox.send_last(0, Multipart::from_buf([large]));
        loop {
            let waits = node.unsent(&[0], deadline).await.unwrap();
            if node.outbox.is_empty() && waits.iter().all(|one| one.count == 0) {
                break;
            }
        }
        node.outbox.send_last(0, Multipart::from_buf([Frame::empty()]));
        let waits = node.unsent(&[0], deadline).await.unwrap();
        assert_eq!(waits.iter().map(|one| one.count).collect::<Vec<_>>(), [1]);
        node.sockets[0].drop_unsent();
    });
}
