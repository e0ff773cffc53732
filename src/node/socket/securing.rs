//! CURVE and PLAIN of a socket: what libzmq is told before each endpoint, and whom it asks.
//!
//! Owns the order of these options; those of CURVE hold for the next endpoint alone. Never makes a key.

use super::{NodeSocket, SocketError};
use crate::node::door::Door;
use crate::node::monitor::Watched;
use crate::node::raw::Errno;
use crate::topology::{CurveRole, PlainSpec, Policy};
use crate::zeromq::{OptionValue, Side};

impl NodeSocket {
    /// Sets under which domain it asks who may come, for all endpoints to come.
    pub(super) fn ask_who_may_come(&self) -> Result<(), SocketError> {
        if self.spec.admission.is_none() {
            return Ok(());
        }
        let domain = Policy::domain(&self.owner, &self.spec.name).into_bytes();
        let domain = OptionValue::Bytes(domain);
        self.set("zap_domain", zmq_sys::ZMQ_ZAP_DOMAIN.cast_signed(), &domain)?;
        self.set_int("zap_enforce_domain", zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1)
    }

    /// Sets whether it asks for a name and a password, or says them, for all endpoints to come.
    pub(super) fn use_plain(&self) -> Result<(), SocketError> {
        match &self.spec.plain {
            None => Ok(()),
            Some(PlainSpec::Server) => self.set_int("plain_server", zmq_sys::ZMQ_PLAIN_SERVER, 1),
            Some(PlainSpec::Client { user, password }) => {
                let set =
                    |name: &str, option: u32, value| self.set(name, option.cast_signed(), &value);
                let name = OptionValue::Bytes(user.clone().into_bytes());
                set("plain_username", zmq_sys::ZMQ_PLAIN_USERNAME, name)?;
                let password = OptionValue::Secret(password.clone());
                set("plain_password", zmq_sys::ZMQ_PLAIN_PASSWORD, password)
            }
        }
    }

    /// Lets the run's ZAP handler say what becomes of its connections.
    pub(super) fn open_door(&self) {
        if let Some(monitor) = self.monitor.as_ref().filter(|_| self.spec.admission.is_some()) {
            let domain = Policy::domain(&self.owner, &self.spec.name);
            self.doors.add(domain, Door::of(monitor.feed()));
        }
    }

    /// How it authenticates, for who watches it.
    pub(super) fn watched(&self) -> Watched {
        Watched {
            accepting: self.spec.mechanism(Side::Bind),
            connecting: self.spec.mechanism(Side::Connect),
            asks: self.spec.admission.is_some(),
        }
    }

    /// Makes it what it is to be at the next endpoint.
    pub(super) fn secure(&self, endpoint: &str, side: Side) -> Result<(), SocketError> {
        let Some(curve) = &self.spec.curve else { return Ok(()) };
        if endpoint.starts_with("inproc:") {
            return Ok(());
        }
        let role = curve.role_at(side);
        let key = match role {
            CurveRole::Server => None,
            CurveRole::Client => {
                let known = curve.servers.get(endpoint).copied();
                let known = known.or_else(|| self.servers.at(endpoint)).or(curve.server);
                Some(known.ok_or_else(|| SocketError::UnknownServer {
                    socket: self.spec.name.clone(),
                    endpoint: endpoint.to_owned(),
                })?)
            }
        };
        let own = curve.own.pair().ok_or_else(|| SocketError::NoSecret {
            socket: self.spec.name.clone(),
            endpoint: endpoint.to_owned(),
        })?;
        let set = |name: &str, option: u32, key: &[u8]| {
            let refused = |errno: Errno| self.option_error(name, errno);
            self.raw.set_bytes(option.cast_signed(), key).map_err(refused)
        };
        // Either way it forgets what it was at the endpoint before.
        self.set_int("curve_server", zmq_sys::ZMQ_CURVE_SERVER, i32::from(key.is_none()))?;
        set("curve_publickey", zmq_sys::ZMQ_CURVE_PUBLICKEY, own.public().bytes())?;
        set("curve_secretkey", zmq_sys::ZMQ_CURVE_SECRETKEY, own.secret().expose())?;
        match key {
            Some(key) => set("curve_serverkey", zmq_sys::ZMQ_CURVE_SERVERKEY, key.bytes()),
            None => Ok(()),
        }
    }

    /// Why it must not be bound there, if the checker did not know that it would be.
    pub(super) fn would_let_in_anybody(&self, endpoint: &str) -> Option<String> {
        let curve = self.spec.curve.as_ref().filter(|_| !endpoint.starts_with("inproc:"))?;
        let is_open =
            curve.role_at(Side::Bind) == CurveRole::Server && self.spec.admission.is_none();
        is_open.then(|| {
            "nobody would be asked who may come: the script has to call bind by its name".to_owned()
        })
    }

    /// Lets others of the run know whose key they meet at an endpoint, as libzmq calls it.
    pub(super) fn tell_key(&self, actual: &str, is_bound: bool) {
        let Some(curve) = &self.spec.curve else { return };
        if curve.role_at(Side::Bind) == CurveRole::Server {
            let key = curve.own.public();
            if is_bound {
                self.servers.bound(actual, key);
            } else {
                self.servers.unbound(actual, key);
            }
        }
    }
}
