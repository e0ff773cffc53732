//! What is shown of links and flows: what was sent, received, dropped, and what waits.
//!
//! Owns what can be known of a link that shares its flow with others. Which flows there are is
//! `flow_graph`'s, what one counts `accounting`'s.

use std::collections::BTreeMap;

use super::accounting::Flow;
use super::flow_graph::{Flows, Pair, same};
use super::kernel_queues::KernelQueues;
use crate::node::SocketObservation;
use crate::snapshot::{FlowSnapshot, LinkSnapshot, PortSnapshot, Snapshot, SocketSnapshot};

impl Flows {
    /// Brings every balance up to date and writes it into a snapshot.
    pub(super) fn balance(
        &mut self,
        observed: &BTreeMap<PortSnapshot, SocketObservation>,
        snapshot: &mut Snapshot,
    ) {
        let goes_by_network =
            self.flows.iter_mut().filter_map(|flow| flow.note_sent().then_some(())).count() > 0;
        let queues = if goes_by_network { KernelQueues::look() } else { None };
        for flow in &mut self.flows {
            let balance = flow.settle(queues.as_ref(), |port| observed.get(port));
            snapshot.flows.push(flow.snapshot(balance));
            if let (true, [from], Some(balance)) = (flow.publishes, &*flow.from, balance)
                && let Some(socket) = socket_of(snapshot, &from.port)
            {
                socket.dropped.full += balance.dropped;
            }
        }
        snapshot.links = self.links.iter().map(|pair| self.link(pair, snapshot)).collect();
    }

    /// The same figures, where a program may have one end: what it sends and receives nobody counts, and
    /// the other end's own count is the link's where that has no other.
    fn beside_programs(
        &self,
        pair: &Pair,
        sent: Option<u64>,
        received: Option<u64>,
    ) -> (Option<u64>, Option<u64>) {
        let (from, to) = (&pair.from, &pair.to);
        if !from.is_program && !to.is_program {
            return (sent, received);
        }
        let sends_here_alone =
            || self.links.iter().filter(|one| same(&one.from, from)).count() == 1;
        let takes_here_alone = || self.links.iter().filter(|one| same(&one.to, to)).count() == 1;
        let is_sent = !from.is_program && !from.role.publishes() && sends_here_alone();
        let is_received = !to.is_program && takes_here_alone();
        (is_sent.then(|| from.sent()), is_received.then(|| to.received()))
    }

    /// What is known of one link: all where it is a flow of its own, a part where it shares one.
    fn link(&self, pair: &Pair, snapshot: &Snapshot) -> LinkSnapshot {
        let is_of = |flow: &Flow| {
            flow.from.iter().any(|from| same(from, &pair.from))
                && flow.to.iter().any(|to| same(to, &pair.to))
        };
        let at = self.flows.iter().position(is_of);
        let flow = at.map(|at| (&self.flows[at], &snapshot.flows[at]));
        let of_flow = |figure: fn(&FlowSnapshot) -> Option<u64>| {
            flow.and_then(|(_, balance)| figure(balance))
        };
        let known = |figure: u64| of_flow(|flow| flow.sent).map(|_| figure);
        let (alone_from, alone_to) =
            flow.map_or((false, false), |(flow, _)| (flow.from.len() == 1, flow.to.len() == 1));
        let is_alone =
            alone_from && alone_to && flow.is_some_and(|(flow, _)| flow.expected.len() < 2);
        let sent = match &pair.expected {
            Some(expected) if !is_alone => known(expected.get()),
            None if !is_alone && alone_to => known(pair.from.sent()),
            _ => of_flow(|flow| flow.sent).filter(|_| is_alone),
        };
        let received = if is_alone {
            of_flow(|flow| flow.received)
        } else {
            known(pair.to.counters.messages_in.get())
                .filter(|_| alone_from && pair.expected.is_none())
        };
        let (sent, received) = self.beside_programs(pair, sent, received);
        LinkSnapshot {
            from: pair.from.port.clone(),
            to: pair.to.port.clone(),
            endpoint: pair.endpoint.clone(),
            pattern: format!("{} → {}", pair.from.role, pair.to.role),
            sent,
            received,
            dropped: of_flow(|flow| flow.dropped).filter(|_| is_alone),
            waiting: of_flow(|flow| flow.waiting).filter(|_| is_alone),
        }
    }
}

fn socket_of<'s>(
    snapshot: &'s mut Snapshot,
    port: &PortSnapshot,
) -> Option<&'s mut SocketSnapshot> {
    let node = snapshot.nodes.iter_mut().find(|node| node.instance == port.instance)?;
    node.sockets.iter_mut().find(|socket| socket.name == port.socket)
}
