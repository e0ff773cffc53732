//! The twelve socket types and what each can do.
//!
//! Owns what libzmq's documentation says of them. Never names a libzmq constant: `node/` does.

use std::fmt;

use crate::message::Format;

macro_rules! roles {
    ($($name:ident $word:literal $doc:literal;)*) => {
        /// A socket type, by its pattern role.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Role {
            $(#[doc = $doc] $name,)*
        }

        impl Role {
            /// All socket types.
            pub const ALL: [Role; 12] = [$(Role::$name),*];

            /// The word of the topology file.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Role::$name => $word,)* }
            }
        }
    };
}

roles! {
    Pair "pair" "One peer, both ways.";
    Pub "pub" "Sends to every subscriber that wants the message.";
    Sub "sub" "Receives what it subscribed to.";
    Req "req" "Asks, then waits for the answer.";
    Rep "rep" "Answers whoever asked.";
    Dealer "dealer" "Sends to its peers in turn, receives from all.";
    Router "router" "Sends to the peer it names, receives from all.";
    Push "push" "Hands each message to one of its peers.";
    Pull "pull" "Takes messages from all its peers.";
    Xpub "xpub" "A pub that sees its subscriptions.";
    Xsub "xsub" "A sub that sends its subscriptions as messages.";
    Stream "stream" "Raw TCP.";
}

impl Role {
    /// The role of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether messages can arrive.
    #[must_use]
    pub fn receives(self) -> bool {
        !matches!(self, Self::Pub | Self::Push)
    }

    /// Whether messages can be sent.
    #[must_use]
    pub fn sends(self) -> bool {
        !matches!(self, Self::Sub | Self::Pull)
    }

    /// Whether a message names the peer it goes to.
    #[must_use]
    pub fn routes(self) -> bool {
        matches!(self, Self::Rep | Self::Router | Self::Stream)
    }

    /// Whether it takes `msgids` and `topics`.
    #[must_use]
    pub fn filters(self) -> bool {
        matches!(self, Self::Sub | Self::Xsub)
    }

    /// Whether it sends to every subscriber that wants the message.
    #[must_use]
    pub fn publishes(self) -> bool {
        matches!(self, Self::Pub | Self::Xpub)
    }

    /// The wire format unless the file says otherwise.
    #[must_use]
    pub fn default_format(self) -> Format {
        match self {
            Self::Pub | Self::Sub | Self::Xpub | Self::Xsub => Format::Msgid,
            Self::Pair
            | Self::Req
            | Self::Rep
            | Self::Dealer
            | Self::Router
            | Self::Push
            | Self::Pull
            | Self::Stream => Format::Plain,
        }
    }

    /// The socket types that may be at the other end of a link.
    #[must_use]
    pub fn peers(self) -> &'static [Role] {
        match self {
            Self::Pair => &[Self::Pair],
            Self::Pub | Self::Xpub => &[Self::Sub, Self::Xsub],
            Self::Sub | Self::Xsub => &[Self::Pub, Self::Xpub],
            Self::Req => &[Self::Rep, Self::Router],
            Self::Rep => &[Self::Req, Self::Dealer],
            Self::Dealer => &[Self::Router, Self::Rep, Self::Dealer],
            Self::Router => &[Self::Dealer, Self::Req, Self::Router],
            Self::Push => &[Self::Pull],
            Self::Pull => &[Self::Push],
            Self::Stream => &[],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_talk_to_whom_is_symmetric() {
        for a in Role::ALL {
            for b in Role::ALL {
                assert_eq!(a.peers().contains(&b), b.peers().contains(&a), "{a} {b}");
            }
        }
    }

    #[test]
    fn every_word_is_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
        }
    }
}
