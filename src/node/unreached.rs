//! Endpoints that a socket connects to and that do not come up.
//!
//! Owns since when, why, and how often it is said: after two seconds, then seldom. Never connects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::names::{self, Found};
use super::raw::Errno;
use crate::zeromq::{Endpoint, Side};

/// How long a connection may take to come up before that is said.
const FIRST: Duration = Duration::from_secs(2);
/// When it is said again, after the first time.
const AGAIN: Duration = Duration::from_secs(60);
/// How often after that.
const SELDOM: Duration = Duration::from_secs(600);

/// The endpoints of a socket without a connection.
#[derive(Clone, Default, Debug)]
pub(super) struct Unreached(BTreeMap<String, Attempt>);

/// An endpoint without a connection.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    since: Instant,
    /// When it is to be said.
    next: Instant,
    told: u32,
    why: Option<String>,
    /// What is asked about its host, where libzmq found no address for that.
    host: Option<names::Answer>,
    /// The reason of a failed handshake that was said last.
    refusal: Option<String>,
}

/// What is to be said of an endpoint.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Overdue {
    pub(super) endpoint: String,
    /// How long there has been no connection.
    pub(super) waited: Duration,
    /// Why, as far as it is known.
    pub(super) why: Option<String>,
}

impl Attempt {
    /// Since when there is no connection.
    pub(super) fn since(&self) -> Instant {
        self.since
    }
}

impl Unreached {
    /// Notes that an endpoint has no connection from now on.
    pub(super) fn begin(&mut self, endpoint: &str, now: Instant) {
        let next = now + FIRST;
        let attempt = Attempt { since: now, next, told: 0, why: None, host: None, refusal: None };
        self.0.entry(endpoint.to_owned()).or_insert(attempt);
    }

    /// Forgets an endpoint: it is connected, or not wanted any more.
    pub(super) fn end(&mut self, endpoint: &str) -> Option<Attempt> {
        let known = self.known_as(endpoint)?;
        self.0.remove(&known)
    }

    /// Goes on with an attempt as if it had never been given up.
    pub(super) fn resume(&mut self, endpoint: &str, attempt: Attempt) {
        self.0.insert(endpoint.to_owned(), attempt);
    }

    /// Notes why an attempt failed; `ipv4_only` where libzmq looked for an IPv4 address of the host
    /// and no other.
    pub(super) fn failed(&mut self, endpoint: &str, errno: i32, ipv4_only: bool) {
        let why = reason(endpoint, errno);
        let Some(known) = self.known_as(endpoint) else { return };
        let Some(attempt) = self.0.get_mut(&known) else { return };
        if ipv4_only && has_no_address(endpoint, errno) {
            let host = || Some(names::ask(Endpoint::parse(&known, Side::Connect).ok()?.host()));
            attempt.host = attempt.host.take().or_else(host);
        } else if why.is_some() {
            attempt.host = None;
        }
        if attempt.told > 0 && attempt.why.is_none() && why.is_some() {
            // It was said without one: a name server may take longer than that.
            (attempt.told, attempt.next) = (0, attempt.since);
        }
        // A try that ended without a word leaves the reason of the one before.
        attempt.why = why.or_else(|| attempt.why.take());
    }

    /// Notes that a handshake failed; whether that is to be said now: the same is said seldom.
    pub(super) fn refused(&mut self, endpoint: &str, why: &str) -> bool {
        let Some(attempt) = self.known_as(endpoint).and_then(|known| self.0.get_mut(&known)) else {
            return true;
        };
        attempt.why = Some(why.to_owned());
        attempt.host = None;
        let is_new = attempt.refusal.as_deref() != Some(why);
        attempt.refusal = Some(why.to_owned());
        is_new
    }

    /// The endpoints without a connection.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// When there is something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().map(|attempt| attempt.next).min()
    }

    /// What is to be said now.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Overdue> {
        let due = self.0.iter_mut().filter(|(_, attempt)| attempt.next <= now);
        due.map(|(endpoint, attempt)| {
            attempt.told += 1;
            attempt.next = now + if attempt.told == 1 { AGAIN } else { SELDOM };
            let waited = now.duration_since(attempt.since);
            // It is asked for again with the next try: names move.
            let why = attempt.host.take().map(|host| about_the_host(host.get()));
            let why = why.map(str::to_owned).or_else(|| attempt.why.clone());
            Overdue { endpoint: endpoint.clone(), waited, why }
        })
        .collect()
    }

    /// The name under which an endpoint is known: once a host's name is resolved, libzmq calls it by
    /// its address.
    pub(super) fn known_as(&self, endpoint: &str) -> Option<String> {
        the_one_like(endpoint, self.0.keys().map(String::as_str)).map(str::to_owned)
    }
}

/// Which of some endpoints libzmq calls by this text: the one itself, or the only one of the same
/// transport and port, whose host's name it has resolved.
pub(super) fn the_one_like<'e>(
    text: &str,
    known: impl Iterator<Item = &'e str> + Clone,
) -> Option<&'e str> {
    fn ends(text: &str) -> Option<(&str, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        Some((scheme, rest.split('/').next()?.rsplit_once(':')?.1))
    }
    if let Some(itself) = known.clone().find(|known| *known == text) {
        return Some(itself);
    }
    let wanted = ends(text)?;
    let mut alike = known.filter(|known| ends(known) == Some(wanted));
    let found = alike.next()?;
    alike.next().is_none().then_some(found)
}

/// Why an attempt to connect failed, in plain words; none where libzmq gave no reason.
fn reason(endpoint: &str, errno: i32) -> Option<String> {
    let why = match errno {
        0 | libc::EINPROGRESS | libc::EAGAIN => return None,
        libc::ECONNREFUSED => "it was refused: nothing listens there",
        _ if has_no_address(endpoint, errno) => about_the_host(Some(Found::Nothing)),
        libc::ENOENT => "there is no such file: nothing is bound there",
        libc::EHOSTUNREACH | libc::ENETUNREACH => "there is no route to it",
        libc::ETIMEDOUT => "it does not answer",
        libc::EALREADY => "the look-up of its host's name has not ended yet",
        libc::ECONNRESET => "the connection was reset",
        libc::EACCES | libc::EPERM => "it is not permitted",
        other => return Some(Errno(other).to_string()),
    };
    Some(why.to_owned())
}

/// Whether libzmq found no address for a host's name; it has no other word for that.
fn has_no_address(endpoint: &str, errno: i32) -> bool {
    matches!(errno, libc::EINVAL | libc::ENODEV) && !endpoint.starts_with("ipc:")
}

/// What is wrong with a host that libzmq found no IPv4 address for, as far as it is known.
fn about_the_host(found: Option<Found>) -> &'static str {
    match found {
        Some(Found::Nothing) => "its host is unknown: the name has no address",
        Some(Found::OnlyIpv6) => {
            "its host has IPv6 addresses only, which a socket uses with `options: {ipv6: true}`"
        }
        // It was only just given one, or nobody has answered yet.
        Some(Found::Ipv4) | None => "its host is unknown: no IPv4 address of the name was found",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_after_two_seconds_then_after_a_minute_then_every_ten() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut unreached = Unreached::default();
        unreached.begin("tcp://a:1", at(0));
        unreached.begin("tcp://b:2", at(1));
        unreached.failed("tcp://a:1", libc::ECONNREFUSED, true);
        unreached.failed("tcp://a:1", 0, true);
        assert_eq!((unreached.due(), unreached.take_due(at(1))), (Some(at(2)), Vec::new()));
        let said = unreached.take_due(at(2));
        let why = Some("it was refused: nothing listens there".to_owned());
        let waited = Duration::from_secs(2);
        assert_eq!(said, [Overdue { endpoint: "tcp://a:1".to_owned(), waited, why }]);
        assert_eq!(unreached.take_due(at(3))[0].why, None);
        // A name that was resolved is known by its address.
        assert!(unreached.end("tcp://127.0.0.1:2").is_some());
        assert_eq!(unreached.endpoints().collect::<Vec<_>>(), ["tcp://a:1"]);
        assert_eq!((unreached.due(), unreached.take_due(at(61))), (Some(at(62)), Vec::new()));
        assert_eq!(unreached.take_due(at(62)).len(), 1);
        assert_eq!(unreached.due(), Some(at(662)));
        assert!(unreached.refused("tcp://a:1", "no") && !unreached.refused("tcp://a:1", "no"));
        let attempt = unreached.end("tcp://a:1").unwrap();
        unreached.begin("tcp://a:1", at(70));
        unreached.resume("tcp://a:1", attempt);
        assert_eq!(unreached.due(), Some(at(662)));
    }

    #[test]
    fn a_host_that_only_ipv6_reaches_is_told_as_that_as_soon_as_it_is_known() {
        let start = Instant::now();
        let mut unreached = Unreached::default();
        // The address in digits stands for a name that has this one only: both have no IPv4 address.
        for endpoint in ["tcp://[::1]:1", "ws://[::1]:2/a:b", "ipc:///a"] {
            unreached.begin(endpoint, start);
            unreached.failed(endpoint, libc::EINVAL, true);
        }
        unreached.begin("tcp://[::1]:3", start);
        unreached.failed("tcp://[::1]:3", libc::EINVAL, false);
        let answered =
            |attempt: &Attempt| attempt.host.as_ref().is_none_or(|it| it.get().is_some());
        let mut said: Vec<Overdue> = Vec::new();
        while said.is_empty() {
            assert!(start.elapsed() < Duration::from_secs(30), "{unreached:?}");
            std::thread::sleep(Duration::from_millis(1));
            if unreached.0.values().all(answered) {
                said = unreached.take_due(start + FIRST);
            }
        }
        let ways = ["Invalid argument", "ipv6: true", "the name has no address", "ipv6: true"];
        for (said, way) in said.iter().zip(ways) {
            assert!(said.why.as_ref().unwrap().contains(way), "{said:?}");
        }
        // While nobody has answered, nothing is said that may not be so.
        assert!(about_the_host(None).contains("no IPv4 address"));
        // A reason that comes after it was said without one does not wait for its turn.
        unreached.begin("tcp://slow:4", start);
        assert_eq!(unreached.take_due(start + FIRST)[0].why, None);
        unreached.failed("tcp://slow:4", libc::ECONNREFUSED, true);
        let said = unreached.take_due(start + FIRST);
        assert!(said.len() == 1 && said[0].why.is_some(), "{said:?}");
        unreached.end("tcp://slow:4");
        // What comes next is another reason.
        unreached.failed("tcp://[::1]:1", libc::EINVAL, true);
        unreached.failed("tcp://[::1]:1", libc::ECONNREFUSED, true);
        let again = unreached.take_due(start + FIRST + AGAIN);
        assert!(again[1].why.as_ref().unwrap().contains("refused"), "{again:?}");
    }
}
