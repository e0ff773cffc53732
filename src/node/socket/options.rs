//! The options of a socket: as its spec says, and as another spec changes them.
//!
//! Owns what libzmq is set to. Never sends or receives.

use std::time::Duration;

use super::{NodeSocket, SocketError, sends_messages};
use crate::node::copy_of;
use crate::node::raw::Errno;
use crate::topology::{Filter, SocketSpec, WhenFull};
use crate::zeromq::{OptionValue, Role, SocketOption};

/// How long a socket that a reload replaces or removes goes on sending what it was given, at least:
/// only the end of the whole run is bound by `linger`.
const UNSENT_KEPT: Duration = Duration::from_secs(10);

impl NodeSocket {
    pub(super) fn set_options(&mut self) -> Result<(), SocketError> {
        let this = &*self;
        let set = |name: &str, option: u32, value: i32| this.set_int(name, option, value);
        let hwm = |messages: u32| i32::try_from(messages).unwrap_or(i32::MAX);
        set("hwm", zmq_sys::ZMQ_SNDHWM, hwm(self.spec.hwm.send))?;
        set("hwm", zmq_sys::ZMQ_RCVHWM, hwm(self.spec.hwm.receive))?;
        set("linger", zmq_sys::ZMQ_LINGER, linger(&self.spec))?;
        let (_, copy) = copy_of(&self.owner);
        if let Some(identity) = self.spec.identity_of(&self.owner, copy) {
            let value = OptionValue::Bytes(identity);
            self.set("identity", zmq_sys::ZMQ_ROUTING_ID.cast_signed(), &value)?;
        }
        if self.spec.role == Role::Pub && !self.spec.is_on("conflate") {
            // Every subscriber's wish is to be seen, not only the first one for a topic.
            set("xpub_verboser", zmq_sys::ZMQ_XPUB_VERBOSER, 1)?;
        }
        if matches!(self.spec.role, Role::Rep | Role::Router) {
            set("router_mandatory", zmq_sys::ZMQ_ROUTER_MANDATORY, 1)?;
        }
        if self.spec.role.publishes() && self.spec.when_full == WhenFull::Wait {
            set("when_full", zmq_sys::ZMQ_XPUB_NODROP, 1)?;
        }
        for name in SocketOption::RAISED {
            if let Some(default) = name.option().default {
                set(
                    name.0,
                    name.number().cast_unsigned(),
                    i32::try_from(default).unwrap_or(i32::MAX),
                )?;
            }
        }
        if self.spec.zap_domain().is_some() {
            // Who names a domain lets nobody in unasked, unless the file says otherwise.
            set("zap_enforce_domain", zmq_sys::ZMQ_ZAP_ENFORCE_DOMAIN, 1)?;
        }
        for (name, value) in &self.spec.options {
            // The runner keeps ROUTER_MANDATORY on and acts on the user's wish itself.
            if name.0 != "router_mandatory" {
                self.set(name.0, name.number(), value)?;
            }
        }
        self.ask_who_may_come()?;
        self.use_plain()?;
        for prefix in self.spec.filters.iter().map(Filter::prefix).collect::<Vec<_>>() {
            self.note_subscription(true, &prefix);
            self.subscription(&prefix, 1, zmq_sys::ZMQ_SUBSCRIBE)
                .map_err(|errno| self.option_error("subscribe", errno))?;
        }
        Ok(())
    }

    pub(super) fn set(
        &self,
        name: &str,
        option: i32,
        value: &OptionValue,
    ) -> Result<(), SocketError> {
        self.raw.set(option, value).map_err(|errno| self.option_error(name, errno))
    }

    pub(super) fn option_error(&self, option: &str, errno: Errno) -> SocketError {
        SocketError::Option { socket: self.spec.name.clone(), option: option.to_owned(), errno }
    }

    /// Takes over what a spec of the same role changes without a new socket, endpoints apart.
    pub(in crate::node) fn adopt(&mut self, to: &SocketSpec) -> Result<(), SocketError> {
        let from = std::mem::replace(&mut self.spec, to.clone());
        self.set_int("linger", zmq_sys::ZMQ_LINGER, linger(to))?;
        if to.role.publishes() && from.when_full != to.when_full {
            let wait = i32::from(to.when_full == WhenFull::Wait);
            self.set_int("when_full", zmq_sys::ZMQ_XPUB_NODROP, wait)?;
        }
        for (name, value) in &to.options {
            if from.options.get(name) != Some(value) && name.0 != "router_mandatory" {
                self.set(name.0, name.number(), value)?;
            }
        }
        for name in from.options.keys().filter(|name| !to.options.contains_key(*name)) {
            let default = name.option().default.and_then(|value| i32::try_from(value).ok());
            if let Some(default) = default.filter(|_| name.0 != "router_mandatory") {
                self.set(name.0, name.number(), &OptionValue::Int(default))?;
            }
        }
        let refused = |errno| SocketError::Option {
            socket: to.name.clone(),
            option: "subscribe".to_owned(),
            errno,
        };
        let only = |these: &[Filter], those: &[Filter]| {
            let these = these.iter().filter(|filter| !those.contains(filter));
            these.map(Filter::prefix).collect::<Vec<_>>()
        };
        let (more, less) = (only(&to.filters, &from.filters), only(&from.filters, &to.filters));
        more.iter().for_each(|prefix| self.note_subscription(true, prefix));
        less.iter().for_each(|prefix| self.note_subscription(false, prefix));
        self.tell_taken();
        // The new ones first, so that a message wanted before and after is never missed.
        for prefix in &more {
            self.subscription(prefix, 1, zmq_sys::ZMQ_SUBSCRIBE).map_err(refused)?;
        }
        for prefix in &less {
            self.subscription(prefix, 0, zmq_sys::ZMQ_UNSUBSCRIBE).map_err(refused)?;
        }
        Ok(())
    }

    pub(super) fn set_int(&self, name: &str, option: u32, value: i32) -> Result<(), SocketError> {
        self.set(name, option.cast_signed(), &OptionValue::Int(value))
    }

    /// A version of the file holds from now on, also for who comes in.
    pub(in crate::node) fn settle(&mut self) {
        if std::mem::take(&mut self.takes_no_answers) {
            // A change that failed leaves it in its place.
            let receive = i32::try_from(self.spec.hwm.receive).unwrap_or(i32::MAX);
            let _ = self.set_int("hwm", zmq_sys::ZMQ_RCVHWM, receive);
            if let Some(monitor) = &self.monitor {
                monitor.welcome();
            }
        }
    }

    /// Whatever its linger: what it was given to send is not lost because a reload replaces it.
    pub(in crate::node) fn keep_unsent(&mut self) {
        let short = self.spec.linger.is_some_and(|linger| linger < UNSENT_KEPT);
        if short && sends_messages(self.spec.role) {
            // The socket goes in any case.
            let _ = self.set_int("linger", zmq_sys::ZMQ_LINGER, milliseconds(Some(UNSENT_KEPT)));
        }
    }

    /// Lets it be closed without sending anything more.
    pub(in crate::node) fn drop_unsent(&mut self) {
        // The socket goes in any case.
        let _ = self.set_int("linger", zmq_sys::ZMQ_LINGER, 0);
    }

    /// Lets libzmq read whatever comes, since what it left with the kernel would end with its
    /// connection.
    pub(in crate::node) fn take_without_limit(&mut self) {
        // Without it the mark stays, as before.
        let _ = self.set_int("hwm", zmq_sys::ZMQ_RCVHWM, 0);
    }
}

/// A receiver has nothing to keep but subscriptions, which nobody needs once it is gone: waiting
/// with them for a publisher that has closed first would hold up the end of the run.
fn linger(spec: &SocketSpec) -> i32 {
    if sends_messages(spec.role) { milliseconds(spec.linger) } else { 0 }
}

fn milliseconds(duration: Option<Duration>) -> i32 {
    duration.map_or(-1, |duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX))
}
