//! Places: the machines that the nodes of a file run on.
//!
//! Owns what the file says of one. What that makes of endpoints is `crossing.rs`'s.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;

/// A machine, or several that are alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaceSpec {
    /// Its name.
    pub name: String,
    /// `address`: the host by which other places reach it; an IPv6 address is in brackets.
    pub address: String,
    /// `bind_address`: the host on which its sockets wait for other places, if the file says so.
    pub bind_address: Option<String>,
    /// `replicas`: how often it runs; without it once.
    pub replicas: Option<NonZeroU32>,
}

impl PlaceSpec {
    /// The host on which its sockets wait for other places: without `bind_address` every one that it
    /// has, of the family of its address.
    #[must_use]
    pub fn bind_host(&self) -> &str {
        let every = if self.address.starts_with('[') { "[::]" } else { "*" };
        self.bind_address.as_deref().unwrap_or(every)
    }

    /// How often it runs.
    #[must_use]
    pub fn copies(&self) -> u32 {
        self.replicas.map_or(1, NonZeroU32::get)
    }

    /// Whether its address leads to the very machine of who connects to it.
    #[must_use]
    pub fn is_here(&self) -> bool {
        let is_local = |address: Ipv4Addr| address.is_loopback();
        matches!(&*self.address, "localhost" | "[::1]") || self.address.parse().is_ok_and(is_local)
    }
}
