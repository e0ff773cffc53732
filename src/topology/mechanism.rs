//! How a socket authenticates its peers and itself.
//!
//! Owns the reading of that out of its options. Which options go together is the checker's.

use super::curve::CurveRole;
use super::plain::PlainSpec;
use super::spec::SocketSpec;
use crate::zeromq::{Endpoint, OptionName, OptionValue, Side};

/// A security mechanism of ZMTP, and which end of it a socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// None.
    Null,
    /// Asks for a name and a password.
    PlainServer,
    /// Says a name and a password.
    PlainClient,
    /// Encrypts, and is known by its public key.
    CurveServer,
    /// Encrypts, and knows the server's public key.
    CurveClient,
}

impl Mechanism {
    /// Whether a handshake of the two can succeed.
    #[must_use]
    pub fn goes_with(self, other: Self) -> bool {
        other
            == match self {
                Self::Null => Self::Null,
                Self::PlainServer => Self::PlainClient,
                Self::PlainClient => Self::PlainServer,
                Self::CurveServer => Self::CurveClient,
                Self::CurveClient => Self::CurveServer,
            }
    }

    /// The option that says so.
    #[must_use]
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Null => None,
            Self::PlainServer => Some("plain_server"),
            Self::PlainClient => Some("plain_username"),
            Self::CurveServer => Some("curve_server"),
            Self::CurveClient => Some("curve_serverkey"),
        }
    }
}

impl SocketSpec {
    /// How it authenticates at a side.
    #[must_use]
    pub fn mechanism(&self, side: Side) -> Mechanism {
        let curve = self.curve.as_ref().map(|curve| curve.role_at(side));
        match (curve, &self.plain) {
            (Some(CurveRole::Server), _) => Mechanism::CurveServer,
            (Some(CurveRole::Client), _) => Mechanism::CurveClient,
            (None, Some(PlainSpec::Server)) => Mechanism::PlainServer,
            (None, Some(PlainSpec::Client { .. })) => Mechanism::PlainClient,
            (None, None) => self.mechanism_of_options(),
        }
    }

    /// How its options say that it authenticates.
    #[must_use]
    pub fn mechanism_of_options(&self) -> Mechanism {
        let has = |name: &'static str| match self.options.get(&OptionName(name)) {
            Some(value) => *value != OptionValue::Int(0),
            None => false,
        };
        match () {
            () if has("curve_server") => Mechanism::CurveServer,
            () if has("curve_serverkey") => Mechanism::CurveClient,
            () if has("plain_server") => Mechanism::PlainServer,
            () if has("plain_username") => Mechanism::PlainClient,
            () => Mechanism::Null,
        }
    }

    /// Whether libzmq asks a ZAP handler about its peers, if there is one.
    #[must_use]
    pub fn would_ask_zap(&self) -> bool {
        match self.mechanism_of_options() {
            _ if self.curve.is_some() || self.plain.is_some() => false,
            Mechanism::PlainServer => true,
            // Enforced, a domain that is not there means that nobody is to be asked.
            Mechanism::CurveServer => {
                self.zap_domain().is_some() || !self.is_on("zap_enforce_domain")
            }
            Mechanism::Null => self.zap_domain().is_some(),
            Mechanism::PlainClient | Mechanism::CurveClient => false,
        }
    }

    /// Whether peers that could be asked about come in without: no handler is there to be asked, and
    /// libzmq lets them.
    #[must_use]
    pub fn lets_in_unasked(&self) -> bool {
        let yields =
            self.options.get(&OptionName("zap_enforce_domain")) == Some(&OptionValue::Int(0));
        match self.mechanism_of_options() {
            _ if self.asks_zap || self.admission.is_some() => false,
            Mechanism::Null | Mechanism::CurveServer => self.zap_domain().is_none() || yields,
            Mechanism::PlainServer => false,
            Mechanism::PlainClient | Mechanism::CurveClient => true,
        }
    }

    /// `zap_domain`; an empty one is none.
    #[must_use]
    pub fn zap_domain(&self) -> Option<&[u8]> {
        match self.options.get(&OptionName("zap_domain"))? {
            OptionValue::Bytes(domain) if !domain.is_empty() => Some(domain),
            OptionValue::Bytes(_)
            | OptionValue::Secret(_)
            | OptionValue::Int(_)
            | OptionValue::Long(_) => None,
        }
    }

    /// Whether it is the process's ZAP handler: it decides who may connect.
    #[must_use]
    pub fn is_zap_handler(&self) -> bool {
        self.binds().any(Endpoint::is_zap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sound;

    /// Options of a pull, how it authenticates by them, whether a ZAP handler would be asked, and
    /// whether peers come in where there is none.
    const MECHANISMS: &[(&str, Mechanism, bool, bool)] = &[
        ("", Mechanism::Null, false, true),
        ("zap_domain: home", Mechanism::Null, true, false),
        ("zap_domain: home, zap_enforce_domain: false", Mechanism::Null, true, true),
        ("plain_server: true", Mechanism::PlainServer, true, false),
        ("plain_server: false", Mechanism::Null, false, true),
        ("plain_username: a, plain_password: b", Mechanism::PlainClient, false, true),
    ];

    fn socket(options: &str) -> SocketSpec {
        let text = format!("nodes: {{a: {{role: pull, bind: 1, options: {{{options}}}}}}}");
        sound(&text).nodes[0].sockets[0].clone()
    }

    #[test]
    fn who_is_asked_about_peers_follows_from_the_options() {
        for (options, mechanism, asks, lets_in) in MECHANISMS {
            let socket = socket(options);
            assert_eq!(socket.mechanism_of_options(), *mechanism, "{options}");
            assert_eq!(socket.would_ask_zap(), *asks, "{options}");
            assert_eq!(socket.lets_in_unasked(), *lets_in, "{options}");
            let asking = SocketSpec { asks_zap: true, ..socket };
            assert!(!asking.lets_in_unasked(), "{options}");
        }
    }

    #[test]
    fn a_socket_with_users_of_its_own_asks_no_handler_of_the_file() {
        let plain = SocketSpec { plain: Some(PlainSpec::Server), ..socket("zap_domain: home") };
        assert!(!plain.would_ask_zap());
    }
}
