//! Who may connect by where he connects from: addresses and networks.
//!
//! Owns reading them and whether an address is in one. An IPv4 address that is written as an IPv6
//! one is an IPv4 address. Never resolves a name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use thiserror::Error;

/// Why a text is neither an address nor a network.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NetworkFault {
    /// A name, a pattern, or something else.
    #[error("this is neither an address, such as 10.1.0.7, nor a network, such as 10.1.0.0/16")]
    NoAddress,
    /// It is resolved nowhere.
    #[error("a name is not looked up: write its addresses, such as 127.0.0.1 and ::1")]
    Name,
    /// More than there are bits.
    #[error("a network of this kind has a prefix of 0 to {0} bits")]
    Prefix(u8),
    /// Whoever wrote it meant one of two things.
    #[error("bits behind the prefix are set: write {network}, or {address} for this address alone")]
    HostBits {
        /// The whole network.
        network: Network,
        /// The one address.
        address: IpAddr,
    },
}

/// An address or a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// A network of IPv4 addresses that is written as one of IPv6 addresses is that.
    fn canonical(net: IpNet) -> Self {
        let IpNet::V6(wide) = net else { return Self(net) };
        let narrow = wide.addr().to_ipv4_mapped().zip(wide.prefix_len().checked_sub(96));
        let narrow = narrow.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
        Self(narrow.map_or(net, IpNet::V4))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

impl FromStr for Network {
    type Err = NetworkFault;

    fn from_str(text: &str) -> Result<Self, NetworkFault> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Ok(address) = IpAddr::from_str(address) else {
            let is_name = text.contains(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
            return Err(if is_name { NetworkFault::Name } else { NetworkFault::NoAddress });
        };
        let Some(prefix) = prefix else { return Ok(Self(IpNet::from(address.to_canonical()))) };
        let most = IpNet::from(address).max_prefix_len();
        let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|_| is_number);
        let net = prefix.and_then(|prefix| IpNet::new(address, prefix).ok());
        let net = net.ok_or(NetworkFault::Prefix(most))?;
        let whole = net.trunc();
        if whole != net {
            let network = Self::canonical(whole);
            return Err(NetworkFault::HostBits { network, address: address.to_canonical() });
        }
        Ok(Self::canonical(net))
    }
}

/// Who may come by his address: `deny` holds before `allow`, and without an `allow` all others may.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Gate {
    /// Who may come, if it is said.
    pub allow: Option<Vec<Network>>,
    /// Who may not.
    pub deny: Vec<Network>,
}

impl Gate {
    /// Whether it says anything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    /// Whether a peer of that address may come. One that has none, over ipc, is not judged.
    #[must_use]
    pub fn lets_in(&self, address: IpAddr) -> bool {
        let is_in = |networks: &[Network]| networks.iter().any(|one| one.contains(address));
        !is_in(&self.deny) && self.allow.as_deref().is_none_or(is_in)
    }

    /// Whether nobody is let in: all that is allowed is denied as well.
    #[must_use]
    pub fn lets_nobody_in(&self) -> bool {
        let denied = IpNet::aggregate(&self.deny.iter().map(|one| one.0).collect());
        let is_denied = |one: &IpNet| denied.iter().any(|all| all.contains(one));
        match &self.allow {
            Some(allowed) => allowed.iter().all(|one| is_denied(&one.0)),
            None => {
                let everybody = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
                everybody.iter().all(is_denied)
            }
        }
    }
}

/// The address in a ZAP request, without the interface that an IPv6 address may have behind it; of an
/// ipc peer there is none.
#[must_use]
pub fn peer_address(text: &str) -> Option<IpAddr> {
    let address = text.split('%').next().unwrap_or_default();
    let address = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    IpAddr::from_str(address).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn net(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn nets(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| net(text)).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_in_its_networks() {
        for (network, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"),
            ("10.1.0.0/16", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("0.0.0.0/0", "::ffff:8.8.8.8", "::1"),
            ("::/0", "fe80::1", "8.8.8.8"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("::ffff:10.0.0.1", "10.0.0.1", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ] {
            assert!(net(network).contains(ip(inside)), "{network} has {inside}");
            assert!(!net(network).contains(ip(outside)), "{network} has not {outside}");
        }
    }

    #[test]
    fn what_is_no_network_says_why() {
        for (text, told) in [
            ("", "neither an address"),
            ("10.1", "neither an address"),
            ("10.1.0.*", "neither an address"),
            ("010.1.0.1", "neither an address"),
            ("127.0.0.1:5555", "neither an address"),
            ("localhost", "not looked up"),
            ("build-7.example.org", "not looked up"),
            ("10.0.0.0/33", "0 to 32 bits"),
            ("10.0.0.0/", "0 to 32 bits"),
            ("10.0.0.0/+8", "0 to 32 bits"),
            ("::/129", "0 to 128 bits"),
            ("10.1.0.7/16", "write 10.1.0.0/16, or 10.1.0.7 "),
            ("::1/64", "write ::/64, or ::1 "),
            ("::ffff:10.1.0.7/112", "write 10.1.0.0/16, or 10.1.0.7 "),
        ] {
            let fault = Network::from_str(text).unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }

    #[test]
    fn what_is_denied_is_not_allowed() {
        let gate = Gate { allow: Some(nets(&["10.0.0.0/8", "::1"])), deny: nets(&["10.1.0.0/16"]) };
        for (address, may) in
            [("10.2.0.1", true), ("10.1.0.1", false), ("::1", true), ("8.8.8.8", false)]
        {
            assert_eq!(gate.lets_in(ip(address)), may, "{address}");
        }
        assert!(Gate::default().is_open() && Gate::default().lets_in(ip("8.8.8.8")));
        let gate = Gate { allow: None, deny: nets(&["10.1.0.0/16"]) };
        assert!(gate.lets_in(ip("8.8.8.8")) && !gate.lets_in(ip("10.1.0.1")));
    }

    #[test]
    fn a_gate_that_lets_nobody_in_is_known() {
        let gate = |allow: Option<&[&str]>, deny: &[&str]| Gate {
            allow: allow.map(nets),
            deny: nets(deny),
        };
        for (one, is_shut) in [
            (gate(None, &[]), false),
            (gate(Some(&[]), &[]), true),
            (gate(Some(&["10.0.0.1"]), &["10.0.0.0/8"]), true),
            (gate(Some(&["10.0.0.0/8"]), &["10.0.0.1"]), false),
            (gate(Some(&["10.0.0.0/8"]), &["10.0.0.0/9", "10.128.0.0/9"]), true),
            (gate(None, &["0.0.0.0/0"]), false),
            (gate(None, &["0.0.0.0/0", "::/0"]), true),
        ] {
            assert_eq!(one.lets_nobody_in(), is_shut, "{one:?}");
        }
    }

    #[test]
    fn the_address_of_a_zap_request_is_read() {
        for (text, address) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("::ffff:127.0.0.1", Some("127.0.0.1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[::1]", Some("::1")),
            ("", None),
            ("localhost:1000:1000:77", None),
        ] {
            assert_eq!(peer_address(text), address.map(ip));
        }
    }

    proptest! {
        #[test]
        fn a_network_and_its_text_are_inverse(bytes: [u8; 16], is_wide: bool, prefix in 0..=128_u8) {
            let address = if is_wide {
                IpAddr::from(bytes)
            } else {
                IpAddr::from([bytes[0], bytes[1], bytes[2], bytes[3]])
            };
            let most = IpNet::from(address).max_prefix_len();
            let one = Network::canonical(IpNet::new(address, prefix % (most + 1)).unwrap().trunc());
            prop_assert_eq!(one.to_string().parse(), Ok(one));
            prop_assert!(one.contains(one.0.addr()));
            prop_assert!(one.contains(one.0.broadcast()));
        }

        #[test]
        fn no_text_is_more_than_its_reader_can_bear(text in "[\\PC\\pC]{0,40}|[0-9a-f:./]{0,40}") {
            if let Ok(network) = text.parse::<Network>() {
                prop_assert_eq!(network.to_string().parse(), Ok(network));
            }
            let _ = peer_address(&text);
        }
    }
}
