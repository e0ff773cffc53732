//! How much the queues of a link hold.
//!
//! Owns the sum of what libzmq's queues, its batches and the kernel's buffers can have. Counts
//! nothing: how much they do have is `kernel_queues`' and the counters'.

use std::sync::OnceLock;

use crate::node::NodeHandle;
use crate::topology::{Link, SocketSpec};
use crate::zeromq::{Endpoint, Role, Side, SocketOption, Transport};

/// How much the queues between a subscriber and its publishers hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Capacity {
    /// Messages, by the high-water marks.
    pub(super) messages: u64,
    /// Bytes between two queues: what libzmq has in hand at both ends, and what the kernel can
    /// have where it does not tell how much it has.
    pub(super) bytes: u64,
    /// The TCP ports over which more is on its way.
    pub(super) ports: Vec<u16>,
}

/// The TCP port that an instance bound for a link.
pub(super) fn port(handle: &NodeHandle, link: &Link) -> Option<u16> {
    let is_of_link = |(place, given, _): &&(usize, String, String)| {
        *place == link.binder.socket && *given == link.endpoint.as_str()
    };
    let (_, _, actual) = handle.bound.iter().find(is_of_link)?;
    Endpoint::parse(actual, Side::Bind).ok()?.port()
}

/// How much the queues of a link hold in the direction that begins at a role.
pub(super) fn capacity(
    link: &Link,
    connecter: &SocketSpec,
    binder: &SocketSpec,
    from: Role,
    port: Option<u16>,
) -> Option<Capacity> {
    let (sender, receiver) =
        if connecter.role == from { (connecter, binder) } else { (binder, connecter) };
    if sender.hwm.send == 0 || receiver.hwm.receive == 0 {
        return None;
    }
    let messages = u64::from(sender.hwm.send) + u64::from(receiver.hwm.receive);
    let capacity = Capacity { messages, ..Capacity::default() };
    let bytes = batches(sender, receiver);
    match link.endpoint.transport() {
        Transport::Inproc => Some(capacity),
        Transport::Ipc => Some(Capacity { bytes: bytes + ipc_capacity(), ..capacity }),
        Transport::Tcp | Transport::Ws => {
            port.map(|port| Capacity { bytes, ports: vec![port], ..capacity })
        }
    }
}

/// The most bytes that libzmq has in hand at both ends of a connection: a batch, and as much again
/// where the end of one is kept for the next.
fn batches(sender: &SocketSpec, receiver: &SocketSpec) -> u64 {
    let received = receiver.number(SocketOption::IN_BATCH_SIZE);
    let sent = sender.number(SocketOption::OUT_BATCH_SIZE);
    2 * (received.unwrap_or(0) + sent.unwrap_or(0)).unsigned_abs()
}

/// The most bytes that the kernel has of an ipc connection: its buffer at its largest.
fn ipc_capacity() -> u64 {
    static ROOM: OnceLock<u64> = OnceLock::new();
    const UNKNOWN: u64 = 16 * 1024 * 1024;
    *ROOM.get_or_init(|| {
        let most = std::fs::read_to_string("/proc/sys/net/core/wmem_max").ok();
        let most: Option<u64> = most.and_then(|text| text.trim().parse().ok());
        // The kernel doubles what it is asked for.
        most.map_or(UNKNOWN, |most| 2 * most)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sound;

    #[test]
    fn both_marks_count_and_what_the_transport_adds_and_no_mark_is_no_limit() {
        for (endpoint, marks, port, expected) in [
            ("inproc://a", "hwm: {send: 5, receive: 7}", None, Some((12, true, 0))),
            ("ipc:///tmp/a", "hwm: {send: 5, receive: 7}", None, Some((12, false, 0))),
            (
                "tcp://127.0.0.1:4711",
                "hwm: {send: 5, receive: 7}",
                Some(4711),
                Some((12, false, 1)),
            ),
            // Where the port is not known, nobody knows what the kernel has.
            ("tcp://127.0.0.1:4711", "hwm: {send: 5, receive: 7}", None, None),
            ("inproc://a", "hwm: {send: 0, receive: 7}", None, None),
            ("inproc://a", "hwm: {send: 5, receive: 0}", None, None),
        ] {
            let topology = sound(&format!(
                "nodes: {{a: {{role: push, bind: '{endpoint}', {marks}}}, b: {{role: pull, connect: a, {marks}}}}}"
            ));
            let [link] = topology.links() else { panic!("one link") };
            let spec = |node: usize| &topology.nodes[node].sockets[0];
            let (connecter, binder) = (spec(link.connecter.node), spec(link.binder.node));
            let found = capacity(link, connecter, binder, Role::Push, port);
            let found = found.map(|it| (it.messages, it.bytes == 0, it.ports.len()));
            assert_eq!(found, expected, "{endpoint} {marks}");
        }
    }
}
