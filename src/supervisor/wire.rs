//! What the kernel holds of TCP connections, as it tells everybody.
//!
//! Owns the reading of `/proc/net/tcp`. Never touches a socket.

use std::collections::HashMap;

/// Bytes in the kernel's buffers of connections, by the port at either end.
#[derive(Default, Debug)]
pub(super) struct Wire(HashMap<u16, u64>);

/// A column of the kernel's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Queue {
    Send,
    Receive,
}

impl Wire {
    /// What is on its way now; `None` where the kernel does not tell.
    pub(super) fn look() -> Option<Self> {
        let mut wire = Self::default();
        // What moves on meanwhile is seen twice rather than never.
        for queue in [Queue::Send, Queue::Receive] {
            wire.add(&std::fs::read_to_string("/proc/net/tcp").ok()?, queue);
            // A machine without IPv6 has no such table.
            wire.add(&std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default(), queue);
        }
        Some(wire)
    }

    /// Bytes on their way over a port.
    pub(super) fn bytes(&self, port: u16) -> u64 {
        self.0.get(&port).copied().unwrap_or(0)
    }

    fn add(&mut self, table: &str, queue: Queue) {
        for row in table.lines().skip(1) {
            let Some((ports, bytes)) = read(row, queue) else { continue };
            for port in ports {
                *self.0.entry(port).or_default() += bytes;
            }
        }
    }
}

/// The two ports of a connection, and the bytes in one of its queues.
fn read(row: &str, queue: Queue) -> Option<([u16; 2], u64)> {
    const LISTENS: &str = "0A";
    let mut columns = row.split_ascii_whitespace().skip(1);
    let mut port = || u16::from_str_radix(columns.next()?.rsplit_once(':')?.1, 16).ok();
    let ports = [port()?, port()?];
    let state = columns.next()?;
    let (send, receive) = columns.next()?.split_once(':')?;
    let bytes = if queue == Queue::Send { send } else { receive };
    let bytes = u64::from_str_radix(bytes, 16).ok()?;
    // The queue of who listens is of connections.
    (state != LISTENS && bytes > 0).then_some((ports, bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_row_has_ports_and_queues() {
        let row = "   5: 0100007F:15B3 0100007F:D3F0 01 00000010:000000FF 00:00000000 00000000  0";
        assert_eq!(read(row, Queue::Send), Some(([0x15B3, 0xD3F0], 16)));
        assert_eq!(read(row, Queue::Receive), Some(([0x15B3, 0xD3F0], 255)));
        assert_eq!(read(&row.replace(" 01 ", " 0A "), Queue::Receive), None);
        for nonsense in ["", "a b c", "5: x:y z:w 01 0:0", "5: 0:1 0:2 01 0"] {
            assert_eq!(read(nonsense, Queue::Send), None, "{nonsense}");
        }
    }

    #[test]
    fn bytes_that_nobody_reads_are_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut sender = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _receiver = listener.accept().unwrap();
        sender.write_all(&[0; 5000]).unwrap();
        assert!(Wire::look().unwrap().bytes(port) >= 5000);
    }
}
