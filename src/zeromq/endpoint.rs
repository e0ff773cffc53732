//! Endpoints: what a socket binds or connects to.
//!
//! Owns which endpoint texts libzmq can use; libzmq itself lets bad ports wrap and the zmq crate
//! panics on what it does not know, so nothing unchecked gets past this file. Never resolves a name.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// How messages travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// A Unix domain socket.
    Ipc,
    /// Memory, inside this process.
    Inproc,
    /// WebSocket.
    Ws,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Ipc, Self::Inproc, Self::Ws];

    /// The word before `://`.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Ipc => "ipc",
            Self::Inproc => "inproc",
            Self::Ws => "ws",
        }
    }
}

/// Which end of a link an endpoint text is for; some texts suit one end only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// It waits for peers.
    Bind,
    /// It goes to a peer.
    Connect,
}

impl Side {
    /// The key of the topology file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Connect => "connect",
        }
    }
}

/// An endpoint that libzmq can use, for the side it was parsed for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Endpoint {
    transport: Transport,
    text: String,
    port: Option<u16>,
    uses_ipv6: bool,
}

/// Why a text is no endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EndpointError {
    /// No `transport://`.
    #[error("an endpoint starts with its transport, such as tcp://127.0.0.1:5556")]
    NoTransport,
    /// A transport that this libzmq does not have.
    #[error("the transport {0}:// is not one of tcp://, ipc://, inproc:// and ws://")]
    UnknownTransport(String),
    /// No `:PORT`.
    #[error("a {0}:// endpoint needs a port, such as {0}://127.0.0.1:5556")]
    NoPort(&'static str),
    /// Outside 1..=65535.
    #[error("the port {0} is outside 1 to 65535")]
    Port(String),
    /// A path behind the port.
    #[error("a tcp:// endpoint ends with its port, and here {0} follows")]
    BehindPort(String),
    /// No host before the port.
    #[error("there is no host before the port")]
    NoHost,
    /// Colons outside of brackets, or something else than an IPv6 address in them.
    #[error("{0:?} has colons and is no IPv6 address in brackets, such as [::1]")]
    Brackets(String),
    /// Binding to a DNS name.
    #[error("{0:?} is neither an address nor an interface, and bind looks up no host names")]
    HostName(String),
    /// `*` at the connecting side.
    #[error("only bind takes a wildcard; connect needs the peer's own address")]
    Wildcard,
    /// An empty path or name.
    #[error("there is nothing after {0}://")]
    Empty(&'static str),
    /// Longer than the platform's `sun_path` or than libzmq's inproc names.
    #[error("the {0}:// name has {1} bytes, more than the {2} that fit")]
    TooLong(&'static str, usize, usize),
    /// A character that C strings or endpoints cannot hold.
    #[error("an endpoint cannot hold the character {0:?}")]
    Character(char),
}

/// The longest ipc path: `sun_path` has 108 bytes on Linux, one of them for the end.
const IPC_PATH_MAX: usize = 107;
/// The longest of TCP and ws, with its path: libzmq builds a request from it in 8 KiB.
const NETWORK_MAX: usize = 1024;
/// The longest name that DNS has, and more than which SOCKS cannot say.
const HOST_MAX: usize = 253;
/// The longest inproc name that libzmq's endpoint buffer (256 bytes) is sure to hold.
const INPROC_NAME_MAX: usize = 246;

impl Endpoint {
    /// TCP on 127.0.0.1.
    #[must_use]
    pub fn local(port: u16) -> Self {
        Self {
            transport: Transport::Tcp,
            text: format!("tcp://127.0.0.1:{port}"),
            port: Some(port),
            uses_ipv6: false,
        }
    }

    /// Reads an endpoint text for one side of a link.
    ///
    /// # Errors
    ///
    /// When libzmq would refuse it, or take it for something else.
    pub fn parse(text: &str, side: Side) -> Result<Self, EndpointError> {
        if let Some(bad) = text.chars().find(|c| c.is_control() || c.is_whitespace()) {
            return Err(EndpointError::Character(bad));
        }
        let (scheme, rest) = text.split_once("://").ok_or(EndpointError::NoTransport)?;
        match scheme {
            "tcp" => Self::network(Transport::Tcp, text, rest, side),
            "ws" => Self::network(Transport::Ws, text, rest, side),
            "ipc" => Self::named(Transport::Ipc, text, rest, side, IPC_PATH_MAX),
            "inproc" => Self::named(Transport::Inproc, text, rest, side, INPROC_NAME_MAX),
            other => Err(EndpointError::UnknownTransport(other.to_owned())),
        }
    }

    fn network(
        transport: Transport,
        text: &str,
        rest: &str,
        side: Side,
    ) -> Result<Self, EndpointError> {
        let scheme = transport.scheme();
        if rest.len() > NETWORK_MAX {
            return Err(EndpointError::TooLong(scheme, rest.len(), NETWORK_MAX));
        }
        // A ws:// endpoint may end in a path; a tcp:// connect may begin with `source;`.
        let address = match transport {
            Transport::Ws => rest.split_once('/').map_or(rest, |(address, _)| address),
            Transport::Tcp | Transport::Ipc | Transport::Inproc => {
                rest.rsplit_once(';').map_or(rest, |(_, address)| address)
            }
        };
        let (host, port) = address.rsplit_once(':').ok_or(EndpointError::NoPort(scheme))?;
        if host.is_empty() {
            return Err(EndpointError::NoHost);
        }
        if host.len() > HOST_MAX {
            return Err(EndpointError::TooLong(scheme, host.len(), HOST_MAX));
        }
        if side == Side::Connect && (host == "*" || port == "*") {
            return Err(EndpointError::Wildcard);
        }
        if let Some(end) = port.find('/').filter(|&end| port[..end].parse::<u16>().is_ok()) {
            return Err(EndpointError::BehindPort(port[end..].to_owned()));
        }
        let port = if port == "*" {
            None
        } else {
            let number = port.parse::<u16>().ok().filter(|&number| number > 0);
            Some(number.ok_or_else(|| EndpointError::Port(port.to_owned()))?)
        };
        if side == Side::Bind && !can_bind(host) {
            return Err(EndpointError::HostName(host.to_owned()));
        }
        let source = rest.strip_suffix(address).and_then(|before| before.strip_suffix(';'));
        let source = source.map(|source| source.rsplit_once(':').map_or(source, |(host, _)| host));
        for host in source.into_iter().chain([host]) {
            if host.contains([':', '[', ']']) && ipv6_of(host).is_none() {
                return Err(EndpointError::Brackets(host.to_owned()));
            }
        }
        let uses_ipv6 = ipv6_of(host).is_some();
        Ok(Self { transport, text: text.to_owned(), port, uses_ipv6 })
    }

    fn named(
        transport: Transport,
        text: &str,
        rest: &str,
        side: Side,
        longest: usize,
    ) -> Result<Self, EndpointError> {
        let scheme = transport.scheme();
        if rest.is_empty() {
            return Err(EndpointError::Empty(scheme));
        }
        if rest.len() > longest {
            return Err(EndpointError::TooLong(scheme, rest.len(), longest));
        }
        if transport == Transport::Ipc && rest == "*" && side == Side::Connect {
            return Err(EndpointError::Wildcard);
        }
        Ok(Self { transport, text: text.to_owned(), port: None, uses_ipv6: false })
    }

    /// The same endpoint of a socket whose option `ipv6` is on.
    #[must_use]
    pub fn over_ipv6(mut self) -> Self {
        self.uses_ipv6 = matches!(self.transport, Transport::Tcp | Transport::Ws);
        self
    }

    /// Whether IPv6 is used there: its host is an IPv6 address, or the socket's option says so.
    #[must_use]
    pub fn uses_ipv6(&self) -> bool {
        self.uses_ipv6
    }

    /// Whether its host is an IPv6 address, which libzmq takes with its option `ipv6` only.
    #[must_use]
    pub fn has_ipv6_host(&self) -> bool {
        ipv6_of(self.host()).is_some()
    }

    /// The text that libzmq takes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is where libzmq looks for the ZAP handler of a process.
    #[must_use]
    pub fn is_zap(&self) -> bool {
        self.text == "inproc://zeromq.zap.01"
    }

    /// How messages travel.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The port of tcp and ws; none for a wildcard.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The part after `://`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, address)| address)
    }

    /// Whether the system chooses the port or path when it is bound.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        match self.transport {
            Transport::Tcp | Transport::Ws => self.port.is_none(),
            Transport::Ipc => self.address() == "*",
            Transport::Inproc => false,
        }
    }

    /// What a peer on this machine connects to when this is bound: any-address becomes loopback.
    #[must_use]
    pub fn as_seen_by_peer(&self) -> Self {
        let mut text = self.text.clone();
        if self.has_any_host() {
            let loopback = if self.has_ipv6_host() { "[::1]" } else { "127.0.0.1" };
            text = text.replacen(self.host(), loopback, 1);
        }
        Self { text, ..self.clone() }
    }

    /// The same at another host; a path behind it and the source before it stay.
    #[must_use]
    pub fn at_host(&self, host: &str) -> Self {
        let old = self.host();
        let start = old.as_ptr().addr() - self.text.as_ptr().addr();
        let text = [&self.text[..start], host, &self.text[start + old.len()..]].concat();
        Self { text, uses_ipv6: self.uses_ipv6 || ipv6_of(host).is_some(), ..*self }
    }

    /// Whether it is an address by which a machine reaches itself alone.
    #[must_use]
    pub fn is_on_loopback(&self) -> bool {
        let is_local = |address: Ipv4Addr| address.is_loopback();
        self.has_loopback_host() || self.host().parse().is_ok_and(is_local)
    }

    /// Whether a socket that connects to `other` reaches the one that binds this.
    ///
    /// Interface names and host names are not resolved, so only what is sure counts.
    #[must_use]
    pub fn is_reached_by(&self, other: &Self) -> bool {
        if self.transport != other.transport || self.is_wildcard() {
            return false;
        }
        match self.transport {
            Transport::Ipc | Transport::Inproc => self.text == other.text,
            Transport::Tcp | Transport::Ws => {
                self.port == other.port
                    && (self.host() == other.host()
                        || (self.has_any_host() || self.has_loopback_host())
                            && other.has_loopback_host()
                            && self.shares_family(other))
            }
        }
    }

    /// Whether two endpoints cannot be bound at the same time.
    ///
    /// Interface names are not resolved, so only what is sure counts.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let is_network = |it: &Self| matches!(it.transport, Transport::Tcp | Transport::Ws);
        if !is_network(self) || !is_network(other) {
            return self.text == other.text && !self.is_wildcard();
        }
        let is_wide = self.has_any_host() || other.has_any_host();
        self.port.is_some()
            && self.port == other.port
            && (self.host() == other.host() || is_wide && self.shares_family(other))
    }

    /// Whether both are in the same of IP's two address families, or may be: each has ports of its
    /// own.
    fn shares_family(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.families(), other.families());
        ours.0 && theirs.0 || ours.1 && theirs.1
    }

    /// Whether it stands for IPv4 addresses, and whether for IPv6 addresses.
    fn families(&self) -> (bool, bool) {
        match (ipv6_of(self.host()), self.host().parse::<Ipv4Addr>()) {
            // An IPv6 socket takes IPv4 connections too.
            (Some(address), _) => (address.is_unspecified(), true),
            (None, Ok(_)) => (true, false),
            (None, Err(_)) => (true, self.uses_ipv6),
        }
    }

    /// Whether it stands for every address of the machine.
    #[must_use]
    pub fn has_any_host(&self) -> bool {
        is_any(self.host())
    }

    /// Whether it is this machine's address for itself.
    #[must_use]
    pub fn has_loopback_host(&self) -> bool {
        is_loopback(self.host())
    }

    /// What stands before the port of tcp and ws.
    #[must_use]
    pub fn host(&self) -> &str {
        let address = self.address();
        let address = match self.transport {
            Transport::Ws => address.split_once('/').map_or(address, |(address, _)| address),
            Transport::Tcp | Transport::Ipc | Transport::Inproc => {
                address.rsplit_once(';').map_or(address, |(_, address)| address)
            }
        };
        address.rsplit_once(':').map_or(address, |(host, _)| host)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_any(host: &str) -> bool {
    matches!(host, "*" | "0.0.0.0") || ipv6_of(host).is_some_and(|address| address.is_unspecified())
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "lo")
        || ipv6_of(host).is_some_and(|address| address.is_loopback())
}

/// The IPv6 address that a host is, in its brackets and with its zone.
fn ipv6_of(host: &str) -> Option<Ipv6Addr> {
    let bare = host.strip_prefix('[')?.strip_suffix(']')?;
    bare.split_once('%').map_or(bare, |(address, _)| address).parse().ok()
}

/// Whether bind can use this host: a wildcard, an address, or something shaped like an interface.
fn can_bind(host: &str) -> bool {
    if host == "*" || host.parse::<Ipv4Addr>().is_ok() || host.contains([':', '[', ']']) {
        return true;
    }
    // Linux interface names have at most 15 bytes; a name with a dot is a host name far more
    // often than a VLAN, and `localhost` is the trap everybody falls into.
    host.len() <= 15 && !host.contains('.') && !host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests;
