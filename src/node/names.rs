//! Which kind of addresses the name of a host has, found out beside.
//!
//! Owns the one thread that asks: a name server may take as long as it likes. Never connects; libzmq
//! looks names up by itself, and does not say what it found.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long an answer holds for others who ask the same: many copies ask at once.
const FRESH: Duration = Duration::from_secs(5);

/// What there is to know of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// No address at all.
    Nothing,
    /// IPv6 addresses, and no other.
    OnlyIpv6,
    /// An IPv4 address, perhaps beside others.
    Ipv4,
}

/// An answer that comes some time, or never.
#[derive(Clone, Default, Debug)]
pub(super) struct Answer(Arc<OnceLock<Found>>);

impl Answer {
    /// The answer, once it is there.
    pub(super) fn get(&self) -> Option<Found> {
        self.0.get().copied()
    }
}

/// Asks for a name, and does not wait.
pub(super) fn ask(host: &str) -> Answer {
    static ASKING: OnceLock<Option<Sender<(String, Answer)>>> = OnceLock::new();
    let answer = Answer::default();
    if let Some(asking) = ASKING.get_or_init(start) {
        // The thread never ends.
        let _ = asking.send((host.to_owned(), answer.clone()));
    }
    answer
}

/// Starts the thread that asks; without one nothing is found out.
fn start() -> Option<Sender<(String, Answer)>> {
    let (asking, asked) = channel();
    let thread = std::thread::Builder::new().name("zrig-names".to_owned());
    thread.spawn(move || answer_all(&asked)).ok()?;
    Some(asking)
}

fn answer_all(asked: &Receiver<(String, Answer)>) {
    let mut known: BTreeMap<String, (Instant, Found)> = BTreeMap::new();
    for (host, answer) in asked {
        known.retain(|_, (since, _)| since.elapsed() < FRESH);
        let found = known.get(&host).map_or_else(|| look_up(&host), |(_, found)| *found);
        known.insert(host, (Instant::now(), found));
        // Nobody else answers it.
        let _ = answer.0.set(found);
    }
}

fn look_up(host: &str) -> Found {
    // Those of an address in digits are no part of it.
    let host = host.trim_matches(['[', ']']);
    let addresses = (host, 0).to_socket_addrs();
    of(addresses.into_iter().flatten().map(|address| address.ip()))
}

fn of(addresses: impl IntoIterator<Item = IpAddr>) -> Found {
    addresses.into_iter().fold(Found::Nothing, |found, address| match (found, address) {
        (Found::Ipv4, _) | (_, IpAddr::V4(_)) => Found::Ipv4,
        (_, IpAddr::V6(_)) => Found::OnlyIpv6,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_texts(addresses: &[&str]) -> Found {
        of(addresses.iter().map(|address| address.parse().unwrap()))
    }

    #[test]
    fn a_name_without_an_ipv4_address_has_ipv6_addresses_only_or_none() {
        assert_eq!(of_texts(&[]), Found::Nothing);
        assert_eq!(of_texts(&["::1"]), Found::OnlyIpv6);
        assert_eq!(of_texts(&["::1", "fe80::1"]), Found::OnlyIpv6);
        assert_eq!(of_texts(&["::1", "127.0.0.1"]), Found::Ipv4);
        assert_eq!(of_texts(&["127.0.0.1", "::1"]), Found::Ipv4);
    }

    #[test]
    fn who_asks_gets_the_answer_later() {
        // Numbers need no name server.
        let answers = [ask("::1"), ask("127.0.0.1"), ask("::1")];
        let deadline = Instant::now() + Duration::from_secs(30);
        while answers.iter().any(|answer| answer.get().is_none()) {
            assert!(Instant::now() < deadline, "{answers:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        let found = answers.map(|answer| answer.get().unwrap());
        assert_eq!(found, [Found::OnlyIpv6, Found::Ipv4, Found::OnlyIpv6]);
    }
}
