//! What a tap writes for its client.
//!
//! Owns the lines that were not sent yet, and how the client's end is noticed. Waits for a client no
//! longer than a tick at a time.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::protocol::Reply;

/// How often a tap looks for messages; nodes wake nobody.
pub(super) const TICK: Duration = Duration::from_millis(10);
/// Bytes that may wait for a client before no more messages are read for it.
const UNSENT_MOST: usize = 256 << 10;

/// Lines on their way to a client.
pub(super) struct Paper {
    stream: UnixStream,
    lines: Vec<u8>,
    /// How many bytes of them are sent.
    sent: usize,
}

impl Paper {
    /// Nothing yet.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self { stream, lines: Vec::new(), sent: 0 })
    }

    /// Adds a line.
    pub(super) fn say(&mut self, reply: &Reply) {
        self.lines.extend(reply.line());
    }

    /// How many bytes the client did not take yet.
    pub(super) fn unsent(&self) -> usize {
        self.lines.len() - self.sent
    }

    /// Whether the client keeps up, so that more may be read for it.
    pub(super) fn has_room(&self) -> bool {
        self.unsent() < UNSENT_MOST
    }

    /// Writes what the client takes now.
    pub(super) fn send(&mut self) -> io::Result<()> {
        while self.unsent() > 0 {
            match self.stream.write(&self.lines[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if is_timeout(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.lines.clear();
        self.sent = 0;
        Ok(())
    }

    /// Waits for a tick; whether the client is still there. What it says meanwhile means nothing.
    pub(super) fn wait(&mut self) -> io::Result<bool> {
        match self.stream.read(&mut [0; 256]) {
            Ok(0) => Ok(false),
            Ok(_) => {
                std::thread::sleep(TICK);
                Ok(true)
            }
            Err(error) if is_timeout(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
        || error.kind() == io::ErrorKind::Interrupted
}
