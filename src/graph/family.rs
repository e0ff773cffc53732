//! The pattern families that ZeroMQ's reference sorts its socket types into.
//!
//! Owns which role belongs to which pattern, and which way messages go between two roles. Never
//! names a colour: `svg/` does.

use crate::zeromq::Role;

/// A messaging pattern, as zmq_socket(3) groups the socket types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// `pub`, `sub`, `xpub` and `xsub`.
    PublishSubscribe,
    /// `req`, `rep`, `dealer` and `router`.
    RequestReply,
    /// `push` and `pull`.
    Pipeline,
    /// `pair`.
    ExclusivePair,
    /// `stream`.
    Native,
}

impl Family {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 5] = [
        Self::PublishSubscribe,
        Self::RequestReply,
        Self::Pipeline,
        Self::ExclusivePair,
        Self::Native,
    ];

    /// The family of a role.
    #[must_use]
    pub fn of(role: Role) -> Self {
        match role {
            Role::Pub | Role::Sub | Role::Xpub | Role::Xsub => Self::PublishSubscribe,
            Role::Req | Role::Rep | Role::Dealer | Role::Router => Self::RequestReply,
            Role::Push | Role::Pull => Self::Pipeline,
            Role::Pair => Self::ExclusivePair,
            Role::Stream => Self::Native,
        }
    }

    /// What ZeroMQ's reference calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PublishSubscribe => "publish–subscribe",
            Self::RequestReply => "request–reply",
            Self::Pipeline => "pipeline",
            Self::ExclusivePair => "exclusive pair",
            Self::Native => "raw TCP",
        }
    }

    /// A word for class names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PublishSubscribe => "pubsub",
            Self::RequestReply => "reqrep",
            Self::Pipeline => "pipeline",
            Self::ExclusivePair => "pair",
            Self::Native => "stream",
        }
    }
}

/// Which way messages go on a wire, seen from the socket at its first end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
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

impl Way {
    /// The same seen from the other end.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Asks => Self::Answers,
            Self::Answers => Self::Asks,
            Self::Level => Self::Level,
        }
    }
}

/// Which way messages go between two sockets, seen from the first.
pub(super) fn way_between(first: Role, second: Role) -> Way {
    match one_way(first) {
        Some(way) => way,
        None if asking(first) < asking(second) => Way::Asks,
        None if asking(first) > asking(second) => Way::Answers,
        None => Way::Level,
    }
}

/// Which way messages go between a socket and peers that are not in the file.
pub(super) fn way_outside(role: Role) -> Way {
    match (one_way(role), role) {
        (Some(way), _) => way,
        (None, Role::Req | Role::Dealer) => Way::Asks,
        (None, Role::Pair) => Way::Level,
        (None, _) => Way::Answers,
    }
}

/// The one direction of a role that has only one; the subscriptions of XPUB and XSUB go along
/// with a link and are no messages of their own here.
fn one_way(role: Role) -> Option<Way> {
    match role {
        Role::Pub | Role::Xpub | Role::Push => Some(Way::Out),
        Role::Sub | Role::Xsub | Role::Pull => Some(Way::In),
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
    fn roles_that_may_talk_are_of_one_family_and_agree_on_the_way() {
        for first in Role::ALL {
            for &second in first.peers() {
                assert_eq!(Family::of(first), Family::of(second), "{first} {second}");
                let mirrored = way_between(second, first).turned();
                assert_eq!(way_between(first, second), mirrored, "{first} {second}");
            }
        }
    }

    #[test]
    fn one_way_roles_never_ask() {
        for role in Role::ALL {
            let two_way = role.sends() && role.receives() && !role.publishes() && !role.filters();
            let has_way = matches!(way_outside(role), Way::Out | Way::In);
            assert_eq!(has_way, !two_way, "{role}");
        }
    }
}
