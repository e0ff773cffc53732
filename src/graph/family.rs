//! The pattern families that ZeroMQ's reference sorts its socket types into.
//!
//! Owns which role belongs to which pattern. Never names a colour: `svg/` does.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_may_talk_are_of_one_family() {
        for first in Role::ALL {
            for &second in first.peers() {
                assert_eq!(Family::of(first), Family::of(second), "{first} {second}");
            }
        }
    }
}
