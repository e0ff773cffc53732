//! One end of a ZMTP 3.0 connection, as little of it as a load needs: the NULL handshake, frames
//! laid out beforehand, and messages counted where they were read.
//!
//! Never queues, never reconnects and never answers a command.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// A stream, of whichever transport.
trait Stream: Read + Write + AsRawFd {
    fn set_blocking(&self, blocking: bool);
}

impl Stream for TcpStream {
    fn set_blocking(&self, blocking: bool) {
        self.set_nonblocking(!blocking).unwrap();
    }
}

impl Stream for UnixStream {
    fn set_blocking(&self, blocking: bool) {
        self.set_nonblocking(!blocking).unwrap();
    }
}

/// A connection after its handshake, and what was read of it.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    bytes: Vec<u8>,
    /// Of `bytes`, what no whole message was found in yet.
    unread: std::ops::Range<usize>,
}

impl Connection {
    /// Connects to a `tcp://` or `ipc://` endpoint, once there is somebody, as a socket of that type.
    pub(crate) fn open(endpoint: &str, socket_type: &str) -> Self {
        let stream: Box<dyn Stream> = match endpoint.split_once("://").unwrap() {
            ("tcp", address) => {
                let stream = patiently(|| TcpStream::connect(address));
                stream.set_nodelay(true).unwrap();
                Box::new(stream)
            }
            (_, path) => Box::new(patiently(|| UnixStream::connect(path))),
        };
        let mut connection = Self { stream, bytes: vec![0; 256 * 1024], unread: 0..0 };
        connection.shake_hands(socket_type);
        connection
    }

    fn shake_hands(&mut self, socket_type: &str) {
        let mut greeting = [0; 64];
        (greeting[0], greeting[8], greeting[9], greeting[10]) = (0xff, 1, 0x7f, 3);
        greeting[12..16].copy_from_slice(b"NULL");
        self.write(&greeting);
        let mut ready = b"\x05READY\x0bSocket-Type".to_vec();
        ready.extend(u32::try_from(socket_type.len()).unwrap().to_be_bytes());
        ready.extend(socket_type.bytes());
        self.write(&[&[COMMAND, u8::try_from(ready.len()).unwrap()], &ready[..]].concat());

        let mut theirs = [0; 64 + 2];
        self.stream.read_exact(&mut theirs).unwrap();
        assert_eq!(theirs[64], COMMAND, "the peer refuses");
        self.stream.read_exact(&mut vec![0; usize::from(theirs[65])]).unwrap();
    }

    /// Waits until all of it is written.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Reads once: how many messages are whole now, and the bytes of all their frames.
    ///
    /// No message where nothing is there and the connection does not wait.
    pub(crate) fn read(&mut self) -> (u64, &[u8]) {
        self.bytes.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.unread.end == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        match self.stream.read(&mut self.bytes[self.unread.end..]) {
            Ok(0) => panic!("the peer has gone"),
            Ok(count) => self.unread.end += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        let (messages, length) = whole(&self.bytes[..self.unread.end]);
        self.unread.start = length;
        (messages, &self.bytes[..length])
    }

    /// Whether reading waits.
    pub(crate) fn set_blocking(&self, blocking: bool) {
        self.stream.set_blocking(blocking);
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

fn patiently<T>(attempt: impl Fn() -> std::io::Result<T>) -> T {
    loop {
        match attempt() {
            Ok(stream) => return stream,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// How many whole messages the bytes begin with, and how many bytes they are.
fn whole(bytes: &[u8]) -> (u64, usize) {
    let (mut messages, mut length, mut at) = (0, 0, 0);
    loop {
        let body = match bytes[at..] {
            [flags, a, b, c, d, e, f, g, h, ..] if flags & LONG != 0 => {
                9 + usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).unwrap()
            }
            [flags, size, ..] if flags & LONG == 0 => 2 + usize::from(size),
            _ => break,
        };
        if bytes.len() - at < body {
            break;
        }
        let is_last = bytes[at] & MORE == 0;
        at += body;
        if is_last {
            messages += 1;
            length = at;
        }
    }
    (messages, length)
}

/// A message's frames as they are on the wire.
pub(crate) fn message(frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, frame) in frames.iter().enumerate() {
        let more = if place + 1 < frames.len() { MORE } else { 0 };
        match u8::try_from(frame.len()) {
            Ok(size) => bytes.extend([more, size]),
            Err(_) => {
                bytes.push(more | LONG);
                bytes.extend(u64::try_from(frame.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend(*frame);
    }
    bytes
}
