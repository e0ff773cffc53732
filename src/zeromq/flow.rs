//! Which way messages go between two sockets.
//!
//! Owns the one rule of it: pictures, the order of a stop and the accounting all ask here.

use super::Role;

/// Which way messages go between a socket and a peer, seen from the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageFlow {
    /// Away from it.
    Out,
    /// Towards it.
    In,
    /// Both ways; it is the one that asks.
    Asks,
    /// Both ways; it is the one that answers.
    Answers,
    /// Both ways among equals.
    Level,
}

impl MessageFlow {
    /// The same seen from the peer.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Asks => Self::Answers,
            Self::Answers => Self::Asks,
            Self::Level => Self::Level,
        }
    }

    /// Whether messages go to the peer.
    #[must_use]
    pub fn goes_out(self) -> bool {
        self != Self::In
    }

    /// Whether messages go both ways.
    #[must_use]
    pub fn is_two_way(self) -> bool {
        !matches!(self, Self::Out | Self::In)
    }

    /// Whether what the two exchange begins here; equals leave that open.
    #[must_use]
    pub fn begins_here(self) -> Option<bool> {
        match self {
            Self::Out | Self::Asks => Some(true),
            Self::In | Self::Answers => Some(false),
            Self::Level => None,
        }
    }
}

impl Role {
    /// Which way messages go between it and a peer of that role.
    #[must_use]
    pub fn flow_with(self, peer: Self) -> MessageFlow {
        match one_way(self) {
            Some(flow) => flow,
            None if asking(self) < asking(peer) => MessageFlow::Asks,
            None if asking(self) > asking(peer) => MessageFlow::Answers,
            None => MessageFlow::Level,
        }
    }

    /// Which way messages go between it and a peer of whatever role it may have.
    #[must_use]
    pub fn flow_with_anybody(self) -> MessageFlow {
        match (one_way(self), self) {
            (Some(flow), _) => flow,
            (None, Self::Req | Self::Dealer) => MessageFlow::Asks,
            (None, Self::Pair) => MessageFlow::Level,
            (None, _) => MessageFlow::Answers,
        }
    }
}

/// The one direction of a role that has only one; the subscriptions of XPUB and XSUB go along
/// with a link and are no messages of their own here.
fn one_way(role: Role) -> Option<MessageFlow> {
    match role {
        Role::Pub | Role::Xpub | Role::Push => Some(MessageFlow::Out),
        Role::Sub | Role::Xsub | Role::Pull => Some(MessageFlow::In),
        Role::Pair | Role::Req | Role::Rep | Role::Dealer | Role::Router | Role::Stream => None,
    }
}

/// Where a two-way role stands between those that ask and those that answer.
fn asking(role: Role) -> u8 {
    match role {
        Role::Req => 0,
        Role::Dealer => 1,
        Role::Router => 2,
        Role::Rep => 3,
        Role::Pair
        | Role::Pub
        | Role::Sub
        | Role::Push
        | Role::Pull
        | Role::Xpub
        | Role::Xsub
        | Role::Stream => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_may_talk_agree_on_the_way() {
        for first in Role::ALL {
            for &second in first.peers() {
                let mirrored = second.flow_with(first).turned();
                assert_eq!(first.flow_with(second), mirrored, "{first} {second}");
                let carries = first.sends() && second.receives();
                let wishes = second.publishes() || first.filters();
                assert_eq!(mirrored.goes_out(), carries && !wishes, "{first} {second}");
            }
        }
    }

    #[test]
    fn one_way_roles_never_ask() {
        for role in Role::ALL {
            let two_way = role.sends() && role.receives() && !role.publishes() && !role.filters();
            assert_eq!(role.flow_with_anybody().is_two_way(), two_way, "{role}");
        }
    }
}
