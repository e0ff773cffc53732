//! HTTP as bytes on a TCP connection: a client that knows nothing of the server.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::PATIENCE;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The lines of the head, in lower case.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

/// Asks for a path on a connection of its own.
#[track_caller]
pub(crate) fn get(port: u16, path: &str) -> Answer {
    request(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

/// Sends a request as it stands and reads until the server closes.
#[track_caller]
pub(crate) fn request(port: u16, text: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Sends bytes and reads whatever comes until the server closes; it may cut us off.
pub(crate) fn throw_at(port: u16, bytes: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.read_to_end(&mut Vec::new());
}
