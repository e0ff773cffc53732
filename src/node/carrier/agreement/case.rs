//! What is done to the sockets of a case, and how cases are drawn.
//!
//! Plain data. What comes of it is `world`'s.

use std::fmt;
use std::ops::Range;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop};
use proptest::prop_oneof;

use crate::zeromq::Role;

/// How many sockets a case has at most: one that binds, and those that connect.
pub(super) const SOCKETS: usize = 4;

/// What is done to the sockets of a case. Where a number is none of its sockets', the next one round is
/// meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Call {
    /// The socket of that number sends a message of so many frames.
    Send(usize, usize),
    /// It sends to the peer of that number, as a ROUTER does.
    SendTo(usize, usize),
    /// It receives so many at most.
    Receive(usize, usize),
    /// It subscribes to a topic, or no longer does.
    Subscribe(usize, bool, usize),
    /// A socket that connects is closed, and one like it opened.
    Renew(usize),
    /// Slow: it sends so many, and nobody reads.
    Flood(usize, usize),
    /// It vanishes without a word.
    Kill(usize),
    /// It is back, with nothing of what it had, with these marks.
    Start(usize, [i32; 2]),
    /// Nothing passes any more on the line of one that connects.
    Cut(usize),
    /// It passes again.
    Heal(usize),
    /// The connection of that line ends.
    Break(usize),
    /// Who binds does so no longer, and does so again.
    Unbind,
    Bind,
    /// One that connects does so no longer, and does so again.
    Disconnect(usize),
    Connect(usize),
}

impl Call {
    /// What goes wrong by it, or is changed.
    pub(super) fn fault(&self) -> Option<&'static str> {
        Some(match self {
            Self::Kill(_) => "kill",
            Self::Start(..) => "start with other marks",
            Self::Cut(_) => "cut",
            Self::Heal(_) => "heal",
            Self::Break(_) => "break",
            Self::Flood(..) => "slow",
            Self::Unbind | Self::Bind => "reload: endpoint",
            Self::Disconnect(_) | Self::Connect(_) => "reload: connection",
            Self::Subscribe(..) => "reload: filters",
            Self::Renew(_) => "reload: socket",
            Self::Send(..) | Self::SendTo(..) | Self::Receive(..) => return None,
        })
    }
}

/// How the sockets of a case are linked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Transport {
    Inproc,
    Tcp,
    Ipc,
    /// TCP by a relay, which can be cut.
    Relay,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inproc => "inproc",
            Self::Tcp => "tcp",
            Self::Ipc => "ipc",
            Self::Relay => "tcp by a relay",
        })
    }
}

/// Options that only some roles have; each socket has those of its role.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Options {
    /// A ROUTER drops what it cannot deliver, and says nothing.
    pub(super) drops: bool,
    /// A publisher waits for those that are full.
    pub(super) waits: bool,
    /// A REQ asks again before it is answered, and numbers its questions.
    pub(super) relaxed: bool,
}

#[derive(Clone)]
pub(super) struct Case {
    pub(super) binds: Role,
    pub(super) connects: Role,
    pub(super) transport: Transport,
    /// How many connect.
    pub(super) count: usize,
    /// To send and to receive, of who binds and of those that connect.
    pub(super) marks: [i32; 4],
    pub(super) options: Options,
    pub(super) calls: Vec<Call>,
}

impl fmt::Debug for Case {
    /// On one line, to be written into a test.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binds, connects, transport, count, marks, options, calls } = self;
        write!(f, "{binds:?} binds, {count} {connects:?} connect, {transport:?}, ")?;
        write!(f, "marks {marks:?}, {options:?}, calls {calls:?}")
    }
}

/// All pairs of roles that may be linked, and the other way round.
fn pairs() -> impl Strategy<Value = (Role, Role)> {
    let all = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Stream)
        .flat_map(|role| role.peers().iter().map(move |peer| (role, *peer)));
    prop::sample::select(all.collect::<Vec<_>>())
}

fn at() -> Range<usize> {
    0..SOCKETS
}

/// What is done to sockets that all stay.
fn usual() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (at(), 1..3_usize).prop_map(|(at, frames)| Call::Send(at, frames)),
        3 => (at(), 0..=SOCKETS).prop_map(|(at, to)| Call::SendTo(at, to)),
        4 => (at(), 1..6_usize).prop_map(|(at, most)| Call::Receive(at, most)),
        3 => (at(), any::<bool>(), 0..3_usize)
            .prop_map(|(at, on, topic)| Call::Subscribe(at, on, topic)),
        1 => at().prop_map(Call::Renew),
    ]
}

/// What goes wrong, and what a reload does.
fn faulty(transport: Transport, marks: Range<i32>) -> BoxedStrategy<Call> {
    let marks = move || [marks.clone(), marks.clone()];
    let any_transport = prop_oneof![
        2 => (at(), 2..24_usize).prop_map(|(at, many)| Call::Flood(at, many)),
        3 => at().prop_map(Call::Kill),
        4 => (at(), marks()).prop_map(|(at, marks)| Call::Start(at, marks)),
        1 => Just(Call::Unbind),
        2 => Just(Call::Bind),
        1 => at().prop_map(Call::Disconnect),
        2 => at().prop_map(Call::Connect),
    ];
    if transport != Transport::Relay {
        return any_transport.boxed();
    }
    prop_oneof![
        12 => any_transport,
        4 => at().prop_map(Call::Cut),
        5 => at().prop_map(Call::Heal),
        3 => at().prop_map(Call::Break),
    ]
    .boxed()
}

/// How cases are drawn.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    pub(super) transport: Transport,
    pub(super) marks: Range<i32>,
    pub(super) calls: usize,
    pub(super) faults: bool,
}

pub(super) fn cases(draw: Draw) -> impl Strategy<Value = Case> {
    let Draw { transport, marks, calls, faults } = draw;
    let call = if faults {
        prop_oneof![3 => usual(), 2 => faulty(transport, marks.clone())].boxed()
    } else {
        usual().boxed()
    };
    let marks = [marks.clone(), marks.clone(), marks.clone(), marks];
    let options = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(drops, waits, relaxed)| Options { drops, waits, relaxed });
    let calls = prop::collection::vec(call, 1..calls);
    (pairs(), 1..SOCKETS, marks, options, calls).prop_map(
        move |((binds, connects), count, marks, options, calls)| {
            // A PAIR has one peer.
            let count = if binds == Role::Pair { 1 } else { count };
            Case { binds, connects, transport, count, marks, options, calls }
        },
    )
}
