//! Whom a socket is connected with, as far as its monitor has told.
//!
//! Owns which connections stand, and which of those that end are no news. Never asks libzmq, and counts
//! nothing for observers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long libzmq may take to tell of the end of a connection that was let go of.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// Both ends of a connection: ours and the peer's.
pub(super) type Ends = (String, String);

/// The connections of one socket.
#[derive(Default, Debug)]
pub(super) struct KnownPeers {
    /// Those whose handshake is done.
    connections: BTreeMap<Ends, u32>,
    /// Those that this end let go of, and when: the other end may have done so just before.
    forgotten: BTreeMap<Ends, Instant>,
    /// The names of those that have one.
    users: BTreeMap<Ends, Arc<str>>,
    /// The one whose handshake failed last.
    refused: Option<Ends>,
    /// Endpoints that lost their connection.
    lost: BTreeSet<String>,
}

/// What the end of a connection was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parting {
    /// This end had let go of it.
    Wanted,
    /// Its handshake was done.
    OfAPeer,
    /// Its handshake never was; why, has been told already or not.
    BeforeItsHandshake {
        /// Whether it has.
        is_told: bool,
    },
}

impl KnownPeers {
    /// A handshake is done; whether the peer's endpoint had lost its connection before.
    pub(super) fn meet(&mut self, ends: Ends) -> bool {
        let was_lost = self.lost.remove(&ends.1);
        *self.connections.entry(ends).or_default() += 1;
        was_lost
    }

    /// A peer has a name.
    pub(super) fn call(&mut self, ends: Ends, user: Arc<str>) {
        self.users.insert(ends, user);
    }

    /// The name of a peer whose connection has ended.
    pub(super) fn called(&mut self, ends: &Ends) -> Option<Arc<str>> {
        self.users.remove(ends)
    }

    /// A handshake failed.
    pub(super) fn refuse(&mut self, ends: Ends) {
        self.refused = Some(ends);
    }

    /// A connection has ended.
    pub(super) fn part(&mut self, ends: &Ends) -> Parting {
        if self.forgotten.remove(ends).is_some() {
            return Parting::Wanted;
        }
        let Some(count) = self.connections.get_mut(ends) else {
            let is_told = self.refused.take().is_some_and(|refused| refused == *ends);
            return Parting::BeforeItsHandshake { is_told };
        };
        *count -= 1;
        if *count == 0 {
            self.connections.remove(ends);
        }
        Parting::OfAPeer
    }

    /// An endpoint that the socket connects to has lost its connection.
    pub(super) fn lose(&mut self, endpoint: String) {
        self.lost.insert(endpoint);
    }

    /// This end lets go of connections, whose end is no news then; how many they were.
    pub(super) fn forget(&mut self, now: Instant, gone: impl Fn(&str, &str) -> bool) -> u32 {
        self.forgotten.retain(|_, since| now.duration_since(*since) < FORGOTTEN);
        let mut count = 0;
        self.connections.retain(|ends, many| {
            let goes = gone(&ends.0, &ends.1);
            if goes {
                self.users.remove(ends);
                count += *many;
                self.forgotten.insert(ends.clone(), now);
            }
            !goes
        });
        count
    }

    /// Whether a connection to a peer's end stands.
    pub(super) fn has(&self, remote: &str) -> bool {
        self.connections.keys().any(|(_, theirs)| theirs == remote)
    }

    /// Those who came in, to a socket that connects to these endpoints by itself.
    pub(super) fn accepted<'s>(
        &'s self,
        connected: &'s [String],
    ) -> impl Iterator<Item = (&'s Ends, u32)> + Clone {
        let all = self.connections.iter().map(|(ends, count)| (ends, *count));
        all.filter(|((_, remote), _)| !connected.contains(remote))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(remote: &str) -> Ends {
        ("tcp://here:1".to_owned(), remote.to_owned())
    }

    #[test]
    fn the_end_of_a_connection_is_told_apart_by_what_was_known_of_it() {
        let mut peers = KnownPeers::default();
        assert!(!peers.meet(ends("a")) && peers.has("a"));
        assert!(!peers.meet(ends("a")), "the same once more");
        assert_eq!(peers.part(&ends("a")), Parting::OfAPeer);
        assert!(peers.has("a"));
        assert_eq!(peers.part(&ends("a")), Parting::OfAPeer);
        assert!(!peers.has("a"));
        peers.lose("a".to_owned());
        assert!(peers.meet(ends("a")), "it is back");
        assert!(!peers.meet(ends("b")), "and that one never was away");
        peers.refuse(ends("c"));
        let parted = |is_told| Parting::BeforeItsHandshake { is_told };
        assert_eq!(peers.part(&ends("c")), parted(true));
        assert_eq!(peers.part(&ends("c")), parted(false));
        let connected = ["a".to_owned()];
        assert_eq!(peers.accepted(&connected).map(|(ends, _)| &*ends.1).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn who_was_let_go_of_is_no_news_for_a_while() {
        let mut peers = KnownPeers::default();
        let now = Instant::now();
        for remote in ["a", "a", "b", "c"] {
            peers.meet(ends(remote));
        }
        assert_eq!(peers.forget(now, |_, remote| remote != "c"), 3);
        assert_eq!(peers.part(&ends("a")), Parting::Wanted);
        assert_eq!(peers.part(&ends("c")), Parting::OfAPeer);
        // That of `b` never came, and who comes by the same way later is news.
        assert_eq!(peers.forget(now + FORGOTTEN, |_, _| false), 0);
        peers.meet(ends("b"));
        assert_eq!(peers.part(&ends("b")), Parting::OfAPeer);
    }
}
