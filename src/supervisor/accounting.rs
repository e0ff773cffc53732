//! The balance of every link inside the file: sent is received, dropped and on its way.
//!
//! Owns which sockets' counts belong together and what is known to be lost. Asks nobody: it is
//! given what observers learn. How the flows are found stands in `flow_graph`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::capacity::Capacity;
use super::kernel_queues::KernelQueues;
use crate::counters::{DropReason, ExpectedDeliveries, SocketCounters};
use crate::event::EventKind;
use crate::node::SocketObservation;
use crate::snapshot::{FlowSnapshot, PortSnapshot};
use crate::zeromq::Role;

/// How long nothing must have moved before what is missing counts as lost.
const QUIET: Duration = Duration::from_millis(200);

/// A socket of an instance that takes part in a flow.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) port: PortSnapshot,
    pub(super) role: Role,
    pub(super) counters: Arc<SocketCounters>,
    /// How many connections with a handshake it has to peers in the file.
    pub(super) inside: u64,
    /// Whether it connects: then its queues outlive their connections.
    pub(super) connects: bool,
    /// Whether it also goes to peers that are not in the file.
    pub(super) goes_outside: bool,
    /// Whether a program has it, so that nothing of it is counted here.
    pub(super) is_program: bool,
}

/// Sockets whose messages go from all of the one side to the other, and nowhere else.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) from: Vec<Arc<Member>>,
    pub(super) to: Vec<Arc<Member>>,
    /// From publishers to one subscriber: what it should get, a link each.
    pub(super) expected: Vec<Arc<ExpectedDeliveries>>,
    pub(super) publishes: bool,
    /// Whether the roles and options leave anything to be counted.
    pub(super) countable: bool,
    /// The most messages that its queues can hold, as far as there is a limit.
    pub(super) capacity: Option<Capacity>,
    /// What instances that are gone had sent and received, less what these had before.
    pub(super) sent_before: i128,
    pub(super) received_before: i128,
    /// Messages that were sent and will not arrive any more.
    pub(super) lost: u64,
    /// What was sent before the last look at the wire.
    pub(super) sent_by_then: u64,
}

/// The balance of a flow at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Balance {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) dropped: u64,
}

impl Member {
    /// What it sent, or would have if its pattern did not drop.
    pub(super) fn sent(&self) -> u64 {
        self.counters.messages_out.get() + self.refused()
    }

    /// What it received, with what it threw away because it had just unsubscribed.
    pub(super) fn received(&self) -> u64 {
        self.counters.arrived()
    }

    /// Whether nothing has gone through it since it was looked at.
    fn is_unmoved_since(&self, observed: &SocketObservation) -> bool {
        self.counters.moved() == observed.moved
    }

    fn refused(&self) -> u64 {
        let dropped = |reason: DropReason| self.counters.dropped[reason as usize].get();
        dropped(DropReason::Unroutable) + dropped(DropReason::Full)
    }

    /// Whether a peer outside the file takes part, as far as can be seen.
    fn has_outsiders(&self) -> bool {
        self.goes_outside || self.counters.peers_most.get() > self.inside
    }
}

impl Flow {
    /// A flow of which nothing is known yet.
    pub(super) fn new(from: Vec<Arc<Member>>, to: Vec<Arc<Member>>, publishes: bool) -> Self {
        Self {
            from,
            to,
            expected: Vec::new(),
            publishes,
            countable: true,
            capacity: None,
            sent_before: 0,
            received_before: 0,
            lost: 0,
            sent_by_then: 0,
        }
    }

    /// The roles, such as `push → pull`.
    pub(super) fn pattern(&self) -> String {
        let words = |members: &[Arc<Member>]| {
            let roles: BTreeSet<&str> = members.iter().map(|member| member.role.word()).collect();
            roles.into_iter().collect::<Vec<_>>().join("+")
        };
        format!("{} → {}", words(&self.from), words(&self.to))
    }

    /// Brings the balance up to date; `None` where peers outside the file take part, or nobody can
    /// know. `observed` says what a member's node told of it just now, `queues` what is on its way.
    pub(super) fn settle<'o>(
        &mut self,
        queues: Option<&KernelQueues>,
        observed: impl Fn(&PortSnapshot) -> Option<&'o SocketObservation>,
    ) -> Option<Balance> {
        let mut judged = self.to.iter().chain(self.from.iter().filter(|_| !self.publishes));
        if !self.countable || judged.any(|member| member.has_outsiders()) {
            return None;
        }
        let refused = if self.publishes { 0 } else { self.refused() };
        // Received first, so that a message that arrives meanwhile is on its way.
        let received = self.received();
        let sent = self.sent();
        // On a busy machine a pause is no end: what was taken for lost may come after all.
        self.lost = self.lost.min(sent.saturating_sub(received + refused));
        let under_way = sent.saturating_sub(received + refused + self.lost);
        if self.is_at_rest(observed) {
            self.lost += under_way;
        } else if let Some(most_waiting) = self.most_waiting(queues) {
            let known = received + refused + self.lost + most_waiting;
            self.lost += self.sent_by_then.saturating_sub(known);
        }
        let dropped = refused + self.lost;
        // Who joins while others publish may get a message that was not counted for it.
        Some(Balance { sent: sent.max(received + dropped), received, dropped })
    }

    /// Tells what never arrived, now that all its sockets are closed.
    pub(super) fn close(&mut self) -> Option<EventKind> {
        let balance = self.settle(None, |_| None)?;
        let lost = self.lost + balance.waiting();
        let flow = format!("{} → {}", names(&self.from), names(&self.to));
        (lost > 0).then_some(EventKind::Lost {
            flow,
            lost,
            sent: balance.sent,
            dropped: self.publishes,
        })
    }

    pub(super) fn sent(&self) -> u64 {
        let now: u64 = if self.publishes {
            self.expected.iter().map(|expected| expected.get()).sum()
        } else {
            self.from.iter().map(|member| member.sent()).sum()
        };
        whole(i128::from(now) + self.sent_before)
    }

    pub(super) fn received(&self) -> u64 {
        let now: u64 = self.to.iter().map(|member| member.received()).sum();
        whole(i128::from(now) + self.received_before)
    }

    fn refused(&self) -> u64 {
        self.from.iter().map(|member| member.refused()).sum()
    }

    /// Whether nothing is on its way any more: no queue waits for a connection, nobody waits for room,
    /// nothing waits to be received, and who receives was looked at long after the last was sent. Each
    /// is looked at in its own time, which on a busy machine may be long ago: so that counts only if
    /// nothing has gone through it since.
    fn is_at_rest<'o>(
        &self,
        observed: impl Fn(&PortSnapshot) -> Option<&'o SocketObservation>,
    ) -> bool {
        let since = |member: &Arc<Member>| {
            let socket = observed(&member.port).filter(|socket| member.is_unmoved_since(socket))?;
            let waits = member.connects && member.counters.peers.get() < member.inside;
            let unsent = socket.unsent.iter().any(|&messages| messages > 0);
            let has_sent = socket.is_told && !socket.is_blocked && !waits && !unsent;
            has_sent.then_some(socket.still?.since)
        };
        let until = |member: &Arc<Member>| {
            let socket = observed(&member.port).filter(|socket| member.is_unmoved_since(socket))?;
            let still = socket.still.filter(|still| still.until >= still.since + QUIET)?;
            // libzmq's thread, which may be starved too, had a turn since and has brought nothing.
            (socket.is_told && socket.drained).then_some(still.until)
        };
        let sent: Option<Vec<_>> = self.from.iter().map(since).collect();
        let received: Option<Vec<_>> = self.to.iter().map(until).collect();
        let (Some(sent), Some(received)) = (sent, received) else { return false };
        match (sent.into_iter().max(), received.into_iter().min()) {
            (Some(sent), Some(received)) => received >= sent + QUIET,
            _ => true,
        }
    }

    /// Notes what was sent so far; whether those of the kernel have to be looked at then.
    pub(super) fn note_sent(&mut self) -> bool {
        self.sent_by_then = self.sent();
        self.capacity.as_ref().is_some_and(|capacity| !capacity.ports.is_empty())
    }

    /// The most messages that can be on their way, if there is a limit.
    fn most_waiting(&self, queues: Option<&KernelQueues>) -> Option<u64> {
        let capacity = self.capacity.as_ref()?;
        let mut bytes = capacity.bytes;
        for &port in &capacity.ports {
            bytes += queues?.bytes(port);
        }
        // The smallest message there was, with the header that ZMTP gives each.
        let smallest = self.from.iter().map(|member| member.counters.smallest_out.get()).min();
        Some(capacity.messages + bytes / (smallest.unwrap_or(0) + 2))
    }

    /// What one side of it counted, where the other is a program's and so nothing can be balanced.
    fn of_one_side(&self, side: &[Arc<Member>], counted: impl Fn(&Self) -> u64) -> Option<u64> {
        let mut all = self.from.iter().chain(&self.to);
        let has_outsiders = side.iter().any(|member| member.has_outsiders());
        let is_known = side.iter().all(|member| !member.is_program) && !has_outsiders;
        (all.any(|member| member.is_program) && is_known).then(|| counted(self))
    }

    /// The figures of this moment.
    pub(super) fn snapshot(&self, balance: Option<Balance>) -> FlowSnapshot {
        // Of a publisher nobody counted to whom of its subscribers it sent.
        let sent = if self.publishes { None } else { self.of_one_side(&self.from, Self::sent) };
        let received = self.of_one_side(&self.to, Self::received);
        let ports = |members: &[Arc<Member>]| members.iter().map(|m| m.port.clone()).collect();
        FlowSnapshot {
            pattern: self.pattern(),
            from: ports(&self.from),
            to: ports(&self.to),
            sent: balance.map(|balance| balance.sent).or(sent),
            received: balance.map(|balance| balance.received).or(received),
            dropped: balance.map(|balance| balance.dropped),
            waiting: balance.map(Balance::waiting),
        }
    }
}

impl Balance {
    /// Messages on their way.
    pub(super) fn waiting(self) -> u64 {
        self.sent - self.received - self.dropped
    }
}

fn names(members: &[Arc<Member>]) -> String {
    let names = members
        .iter()
        .map(|member| &member.port)
        .map(|port| format!("{}.{}", port.instance, port.socket));
    names.collect::<Vec<_>>().join(", ")
}

fn whole(count: i128) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::counters::Counter;
    use crate::node::Still;

    /// Two sockets and what goes from the one to the other.
    struct Ends {
        flow: Flow,
        from: Arc<Member>,
        to: Arc<Member>,
        expected: Arc<Counter>,
        begun: Instant,
    }

    impl Ends {
        fn of(from: Role, to: Role) -> Self {
            let [from, to] = [("from", from), ("to", to)].map(|(socket, role)| {
                let port = PortSnapshot { socket: socket.to_owned(), ..PortSnapshot::default() };
                let counters = Arc::default();
                let (inside, connects, goes_outside, is_program) = (1, false, false, false);
                Arc::new(Member {
                    port,
                    role,
                    counters,
                    inside,
                    connects,
                    goes_outside,
                    is_program,
                })
            });
            let publishes = from.role == Role::Pub;
            let mut flow = Flow::new(vec![Arc::clone(&from)], vec![Arc::clone(&to)], publishes);
            let expected = Arc::<Counter>::default();
            let delivery = Arc::<ExpectedDeliveries>::default();
            delivery.follow(vec![Arc::clone(&expected)]);
            flow.expected.push(delivery);
            Self { flow, from, to, expected, begun: Instant::now() }
        }

        fn go(&self, sent: u64, received: u64) {
            self.from.counters.messages_out.add(sent);
            self.expected.add(sent);
            self.to.counters.messages_in.add(received);
        }

        /// What a node tells of one end, still from the one to the other of these milliseconds.
        fn seen(&self, end: &Member, since: u64, until: u64) -> SocketObservation {
            let at = |millis: u64| self.begun + Duration::from_millis(millis);
            SocketObservation {
                is_told: true,
                moved: end.counters.moved(),
                still: Some(Still { since: at(since), until: at(until) }),
                drained: true,
                ..SocketObservation::default()
            }
        }

        /// How many it takes for lost and for on their way, if its ends were seen so.
        fn judge(&mut self, from: &SocketObservation, to: &SocketObservation) -> (u64, u64) {
            let seen = |port: &PortSnapshot| Some(if port.socket == "from" { from } else { to });
            let balance = self.flow.settle(None, seen).unwrap();
            (balance.dropped, balance.waiting())
        }
    }

    #[test]
    fn what_was_taken_for_lost_and_comes_after_all_is_no_longer_lost() {
        for roles in [[Role::Push, Role::Pull], [Role::Pub, Role::Sub]] {
            let mut ends = Ends::of(roles[0], roles[1]);
            for (sent, received, lost) in [(10, 7, 3), (0, 2, 1), (5, 6, 0)] {
                ends.go(sent, received);
                let [from, to] = [&ends.from, &ends.to].map(|end| ends.seen(end, 0, 200));
                assert_eq!(ends.judge(&from, &to), (lost, 0), "{roles:?}");
            }
        }
    }

    #[test]
    fn what_is_sent_or_comes_after_the_look_is_on_its_way() {
        for (sent, received) in [(144, 0), (0, 1), (144, 1)] {
            let mut ends = Ends::of(Role::Dealer, Role::Dealer);
            ends.go(10, 7);
            let [from, to] = [&ends.from, &ends.to].map(|end| ends.seen(end, 0, 1000));
            ends.go(sent, received);
            assert_eq!(ends.judge(&from, &to), (0, 3 + sent - received));
        }
    }

    #[test]
    fn who_was_looked_at_before_the_last_was_sent_proves_nothing() {
        let mut ends = Ends::of(Role::Dealer, Role::Dealer);
        ends.go(144, 0);
        // Its node had no turn since: the sender was asked much later.
        let (from, to) = (ends.seen(&ends.from, 900, 1200), ends.seen(&ends.to, 0, 1000));
        assert_eq!(ends.judge(&from, &to), (0, 144));
        let to = ends.seen(&ends.to, 0, 1100);
        assert_eq!(ends.judge(&from, &to), (144, 0));
    }

    /// What it throws away comes out of queues that more may wait in.
    #[test]
    fn who_throws_away_what_it_unsubscribed_from_is_not_still() {
        let mut ends = Ends::of(Role::Pub, Role::Sub);
        ends.go(144, 0);
        let [from, to] = [&ends.from, &ends.to].map(|end| ends.seen(end, 0, 1000));
        ends.to.counters.unwanted.add(20);
        assert_eq!(ends.judge(&from, &to), (0, 124));
        let to = ends.seen(&ends.to, 1000, 2000);
        assert_eq!(ends.judge(&from, &to), (124, 0));
    }

    #[test]
    fn what_waits_in_the_sender_or_was_not_told_of_is_not_lost() {
        let mut ends = Ends::of(Role::Push, Role::Pull);
        ends.go(3, 0);
        let [from, to] = [&ends.from, &ends.to].map(|end| ends.seen(end, 0, 1000));
        let waits = SocketObservation { unsent: vec![0, 1], ..from.clone() };
        let is_untold = SocketObservation { is_told: false, ..from.clone() };
        let is_blocked = SocketObservation { is_blocked: true, ..from.clone() };
        for of_sender in [waits, is_untold, is_blocked] {
            assert_eq!(ends.judge(&of_sender, &to), (0, 3), "{of_sender:?}");
        }
        let is_full = SocketObservation { drained: false, ..to.clone() };
        let is_untold = SocketObservation { is_told: false, ..to.clone() };
        for of_receiver in [is_full, is_untold] {
            assert_eq!(ends.judge(&from, &of_receiver), (0, 3), "{of_receiver:?}");
        }
        assert_eq!(ends.judge(&from, &to), (3, 0));
    }
}
