//! Owns a peer on a bare TCP connection: what ZMTP 1.0 to 3.1 and ZWS look like on the wire, and a
//! connection that says it. Never uses libzmq, which would not say anything wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use super::library::PATIENCE;

pub(crate) const MORE: u8 = 1;
const LARGE: u8 = 2;
pub(crate) const COMMAND: u8 = 4;

/// One frame of ZMTP 2.0 and later.
pub(crate) fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = match u8::try_from(body.len()) {
        Ok(length) => vec![flags, length],
        Err(_) => {
            let mut head = vec![flags | LARGE];
            head.extend((body.len() as u64).to_be_bytes());
            head
        }
    };
    frame.extend(body);
    frame
}

/// The greeting of ZMTP 3, with its minor version.
pub(crate) fn greeting(minor: u8, mechanism: &str, is_server: bool) -> Vec<u8> {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, minor];
    greeting.extend(mechanism.bytes());
    greeting.resize(32, 0);
    greeting.push(is_server.into());
    greeting.resize(64, 0);
    greeting
}

/// The greeting of ZMTP 2.0 (revision 1) or of its forerunner (revision 0), and an identity.
pub(crate) fn old_greeting(revision: u8, identity: &[u8]) -> Vec<u8> {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, revision, 5];
    greeting.extend(if revision == 0 { oldest_frame(0, identity) } else { frame(0, identity) });
    greeting
}

/// A frame of ZMTP 1.0, which greets with its identity in one.
pub(crate) fn oldest_frame(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = match u8::try_from(body.len() + 1) {
        Ok(length) if length < 255 => vec![length],
        _ => {
            let mut head = vec![0xff];
            head.extend((body.len() as u64 + 1).to_be_bytes());
            head
        }
    };
    frame.push(flags);
    frame.extend(body);
    frame
}

pub(crate) fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let mut property = vec![u8::try_from(name.len()).unwrap()];
    property.extend(name.bytes());
    property.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
    property.extend(value);
    property
}

pub(crate) fn metadata(kind: &str, identity: &[u8]) -> Vec<u8> {
    [property("Socket-Type", kind.as_bytes()), property("Identity", identity)].concat()
}

pub(crate) fn command(name: &str, body: &[u8]) -> Vec<u8> {
    let mut command = vec![u8::try_from(name.len()).unwrap()];
    command.extend(name.bytes());
    command.extend(body);
    command
}

pub(crate) fn ready(kind: &str, identity: &[u8]) -> Vec<u8> {
    frame(COMMAND, &command("READY", &metadata(kind, identity)))
}

/// A PING with its time to live, in tenths of a second.
pub(crate) fn ping(time_to_live: u16) -> Vec<u8> {
    frame(COMMAND, &command("PING", &time_to_live.to_be_bytes()))
}

/// A frame of a WebSocket; a client's is masked, with zeros.
pub(crate) fn ws_frame(opcode: u8, is_masked: bool, body: &[u8]) -> Vec<u8> {
    let mask = if is_masked { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode];
    if let Ok(length @ ..=125) = u8::try_from(body.len()) {
        frame.push(mask | length);
    } else if let Ok(length) = u16::try_from(body.len()) {
        frame.push(mask | 126);
        frame.extend(length.to_be_bytes());
    } else {
        frame.push(mask | 127);
        frame.extend((body.len() as u64).to_be_bytes());
    }
    if is_masked {
        frame.extend([0; 4]);
    }
    frame.extend(body);
    frame
}

pub(crate) fn ws_request(protocol: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn ws_response(protocols: &[&str]) -> Vec<u8> {
    let mut response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                        Connection: Upgrade\r\nSec-WebSocket-Accept: eA==\r\n"
        .to_owned();
    for protocol in protocols {
        response += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    }
    (response + "\r\n").into_bytes()
}

/// A connection that nobody of ZeroMQ's looks after.
pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) fn connect(port: u16) -> Self {
        Self::over(TcpStream::connect(("127.0.0.1", port)).unwrap())
    }

    pub(crate) fn accept(listener: &TcpListener) -> Self {
        Self::over(listener.accept().unwrap().0)
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// A peer that has shaken hands, with no mechanism.
    pub(crate) fn shaken(self, kind: &str, identity: &[u8]) -> Self {
        let mut peer = self;
        peer.say(&greeting(1, "NULL", false));
        peer.say(&ready(kind, identity));
        peer.hear(64);
        assert_eq!(peer.hear_frame().1[..6], *b"\x05READY");
        peer
    }

    /// Says it, if there is still somebody to hear it.
    pub(crate) fn try_say(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub(crate) fn hear(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// The flags and the body of the next frame.
    pub(crate) fn hear_frame(&mut self) -> (u8, Vec<u8>) {
        let flags = self.hear(1)[0];
        let length = if flags & LARGE == 0 {
            u64::from(self.hear(1)[0])
        } else {
            u64::from_be_bytes(self.hear(8).try_into().unwrap())
        };
        (flags, self.hear(usize::try_from(length).unwrap()))
    }

    /// All that comes until the other side ends the connection.
    pub(crate) fn hear_to_the_end(&mut self) -> Vec<u8> {
        let (mut all, mut some) = (Vec::new(), [0; 4096]);
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "the connection is not ended");
            match self.0.read(&mut some) {
                Ok(0) => return all,
                Ok(count) => all.extend(&some[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
                Err(error) => panic!("the connection is not ended: {error}"),
            }
        }
    }

    /// What is there, without waiting longer than that.
    pub(crate) fn overhear(&mut self, patience: Duration) -> Vec<u8> {
        let mut some = vec![0; 1 << 16];
        self.0.set_read_timeout(Some(patience)).unwrap();
        let count = self.0.read(&mut some).unwrap_or(0);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        some.truncate(count);
        some
    }

    /// So many bytes, if they come soon.
    pub(crate) fn try_hear(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let result = self.0.read_exact(&mut bytes);
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        result.ok().map(|()| bytes)
    }

    /// The body of the next frame, if it comes soon.
    pub(crate) fn try_hear_frame(&mut self) -> Option<Vec<u8>> {
        let head = self.try_hear(2)?;
        let length = if head[0] & LARGE == 0 {
            usize::from(head[1])
        } else {
            usize::from(u16::from_be_bytes(self.try_hear(7)?[5..].try_into().unwrap()))
        };
        self.try_hear(length)
    }

    /// Takes what is there and throws it away.
    pub(crate) fn drain(&mut self) {
        self.0.set_nonblocking(true).unwrap();
        let mut some = [0; 1 << 14];
        while matches!(self.0.read(&mut some), Ok(1..)) {}
        self.0.set_nonblocking(false).unwrap();
    }

    /// Goes away without saying so.
    pub(crate) fn reset(self) {
        let hard = libc::linger { l_onoff: 1, l_linger: 0 };
        let size = libc::socklen_t::try_from(size_of_val(&hard)).unwrap();
        // SAFETY: the value is there for the call.
        unsafe {
            libc::setsockopt(
                self.0.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const hard).cast(),
                size,
            );
        }
    }

    pub(crate) fn hang_up(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

/// Waits for connections, for no longer than `PATIENCE` each.
pub(crate) fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let patience = libc::timeval { tv_sec: PATIENCE.as_secs().cast_signed(), tv_usec: 0 };
    let size = libc::socklen_t::try_from(size_of_val(&patience)).unwrap();
    // SAFETY: the value is there for the call.
    unsafe {
        libc::setsockopt(
            listener.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVTIMEO,
            (&raw const patience).cast(),
            size,
        );
    }
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}
