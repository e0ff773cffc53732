//! What the kernel holds of TCP connections, as it tells everybody.
//!
//! Owns the reading of `/proc/net/tcp`. Never touches a socket.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes in the kernel's buffers of connections, by the port at either end.
#[derive(Default, Debug)]
pub(super) struct KernelQueues(HashMap<u16, u64>);

/// A column of the kernel's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Queue {
    Send,
    Receive,
}

impl KernelQueues {
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

/// Where somebody listens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Listener(SocketAddr);

impl Listener {
    /// That of a bound endpoint with an address; none for a transport without ports.
    pub(super) fn of(endpoint: &str) -> Option<Self> {
        let (scheme, address) = endpoint.split_once("://")?;
        let address = address.split_once('/').map_or(address, |(address, _)| address);
        let address = address.replacen("*:", "0.0.0.0:", usize::from(address.starts_with("*:")));
        matches!(scheme, "tcp" | "ws").then(|| address.parse().ok().map(Self)).flatten()
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port()
    }

    /// Whether it listens at every address of the other's family: an IPv6 socket takes IPv4 too.
    fn contains(&self, other: &Self) -> bool {
        self.0.ip().is_unspecified() && (self.0.is_ipv6() || other.0.is_ipv4())
    }

    /// Whether two cannot be at the same time.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.port() == other.port()
            && (self.0.ip() == other.0.ip() || self.contains(other) || other.contains(self))
    }
}

/// Everybody who listens at a port, as far as the kernel tells.
pub(super) fn listeners(port: u16) -> Vec<Listener> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    rows.filter_map(read_listener).filter(|listener| listener.port() == port).collect()
}

fn read_listener(row: &str) -> Option<Listener> {
    const LISTENS: &str = "0A";
    let mut columns = row.split_ascii_whitespace().skip(1);
    let (address, port) = columns.next()?.rsplit_once(':')?;
    if columns.nth(1)? != LISTENS {
        return None;
    }
    let words: Vec<u32> = (0..address.len() / 8)
        .map(|at| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    // Each word is printed as the number that it is in memory.
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ip: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
        _ => return None,
    };
    Some(Listener(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
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
    fn who_listens_is_seen_with_the_address() {
        for address in ["127.0.0.1:0", "127.0.0.2:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let at = listener.local_addr().unwrap();
            let found = listeners(at.port());
            assert!(found.contains(&Listener::of(&format!("tcp://{at}")).unwrap()), "{found:?}");
        }
    }

    #[test]
    fn bytes_that_nobody_reads_are_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut sender = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _receiver = listener.accept().unwrap();
        sender.write_all(&[0; 5000]).unwrap();
        assert!(KernelQueues::look().unwrap().bytes(port) >= 5000);
    }
}
