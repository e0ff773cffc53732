//! A socket of a simulation behind the interface of one of libzmq's.
//!
//! Owns the translation: libzmq's numbers of options, errors and events. What a socket does is
//! `simulation`'s.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lock::locked;
use crate::message::Frame;
use crate::node::raw::{CLOSED, Errno, Listener, Readiness};
use crate::node::wait::Ready;
use crate::simulation::{Network, Refusal, Setting, SimulatedSocket, Told};
use crate::zeromq::Role;

/// A socket of a simulated node.
pub(in crate::node) struct Simulated {
    socket: SimulatedSocket,
    /// Options that are numbers, as they were set.
    numbers: Mutex<BTreeMap<i32, i32>>,
    /// Whether somebody hears what becomes of it.
    epilogue: Option<Arc<Listener>>,
}

impl Simulated {
    /// Opens one. As with libzmq, a `rep` is a ROUTER underneath and a `pub` an XPUB, so that what
    /// ZeroMQ hides can be seen.
    pub(in crate::node) fn open(
        network: &Network,
        owner: &str,
        role: Role,
        conflate: bool,
    ) -> Self {
        let kind = if role == Role::Rep {
            Role::Router
        } else if role == Role::Pub && !conflate {
            Role::Xpub
        } else {
            role
        };
        Self::open_as(network, owner, kind)
    }

    /// Opens one that is what it is called.
    pub(in crate::node) fn open_as(network: &Network, owner: &str, role: Role) -> Self {
        let socket = network.open(role, owner);
        Self { socket, numbers: Mutex::default(), epilogue: None }
    }

    pub(in crate::node) fn set_bytes(&self, option: i32, bytes: &[u8]) -> Result<(), Errno> {
        let number = bytes.try_into().map(i32::from_ne_bytes).unwrap_or_default();
        match option.cast_unsigned() {
            zmq_sys::ZMQ_SUBSCRIBE => self.socket.subscribe(bytes),
            zmq_sys::ZMQ_UNSUBSCRIBE => self.socket.unsubscribe(bytes),
            name => {
                locked(&self.numbers).insert(option, number);
                if let Some(setting) = setting(name, number, bytes) {
                    self.socket.set(setting);
                }
            }
        }
        Ok(())
    }

    pub(in crate::node) fn get_int(&self, option: u32) -> Result<i32, Errno> {
        Ok(match option {
            zmq_sys::ZMQ_SYS_UNWANTED => self.socket.unwanted().cast_signed(),
            _ => locked(&self.numbers).get(&option.cast_signed()).copied().unwrap_or_default(),
        })
    }

    pub(in crate::node) fn events(&self) -> Result<Readiness, Errno> {
        Ok(Readiness::of(self.socket.is_readable()))
    }

    pub(in crate::node) fn watch(&self) -> Ready {
        Ready::Simulated(Arc::clone(self.socket.bell()))
    }

    pub(in crate::node) fn last_endpoint(&self) -> Result<String, Errno> {
        Ok(self.socket.last_endpoint())
    }

    pub(in crate::node) fn bind(&self, endpoint: &str) -> Result<(), Errno> {
        self.socket.bind(endpoint).map_err(errno)
    }

    pub(in crate::node) fn connect(&self, endpoint: &str) -> Result<(), Errno> {
        self.socket.connect(endpoint);
        Ok(())
    }

    pub(in crate::node) fn unbind(&self, endpoint: &str) -> Result<(), Errno> {
        self.socket.unbind(endpoint).map_err(errno)
    }

    pub(in crate::node) fn disconnect(&self, endpoint: &str) -> Result<(), Errno> {
        self.socket.disconnect(endpoint).map_err(errno)
    }

    pub(in crate::node) fn send(&self, frame: &mut Frame, more: bool) -> Result<(), Errno> {
        self.socket.send(frame, more).map_err(errno)
    }

    pub(in crate::node) fn receive(&self, frame: &mut Frame) -> Result<(usize, bool), Errno> {
        let (received, more) = self.socket.receive().map_err(errno)?;
        *frame = received;
        Ok((frame.len(), more))
    }

    pub(in crate::node) fn monitor(&mut self, _: u32, listener: Listener) -> Result<(), Errno> {
        self.socket.monitor(Box::new(move |told| tell(&listener, told)));
        Ok(())
    }

    pub(in crate::node) fn ask_queues(&self) -> Result<(), Errno> {
        self.socket.tell_queues();
        Ok(())
    }

    pub(in crate::node) fn at_its_end(&mut self, listener: Listener) {
        let listener = Arc::new(listener);
        self.epilogue = Some(Arc::clone(&listener));
        self.socket.at_its_end(Box::new(move |told| tell(&listener, told)));
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        if let Some(epilogue) = &self.epilogue {
            epilogue(CLOSED.into(), &[], c"", c"");
        }
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.socket, f)
    }
}

/// What libzmq's number of an option means, where it is one of those that are simulated.
fn setting(option: u32, number: i32, bytes: &[u8]) -> Option<Setting> {
    let on = number != 0;
    let mark = u64::try_from(number).unwrap_or_default();
    let time = |number: i32| u64::try_from(number).ok().map(Duration::from_millis);
    Some(match option {
        zmq_sys::ZMQ_SNDHWM => Setting::SendMark(mark),
        zmq_sys::ZMQ_RCVHWM => Setting::ReceiveMark(mark),
        zmq_sys::ZMQ_LINGER => Setting::Linger(time(number)),
        zmq_sys::ZMQ_ROUTING_ID => Setting::RoutingId(bytes.to_vec()),
        zmq_sys::ZMQ_CONFLATE => Setting::Conflate(on),
        zmq_sys::ZMQ_IMMEDIATE => Setting::Immediate(on),
        zmq_sys::ZMQ_ROUTER_MANDATORY => Setting::RouterMandatory(on),
        zmq_sys::ZMQ_ROUTER_HANDOVER => Setting::RouterHandover(on),
        zmq_sys::ZMQ_PROBE_ROUTER => Setting::ProbeRouter(on),
        zmq_sys::ZMQ_REQ_RELAXED => Setting::ReqRelaxed(on),
        zmq_sys::ZMQ_REQ_CORRELATE => Setting::ReqCorrelate(on),
        zmq_sys::ZMQ_XPUB_VERBOSE => Setting::XpubVerbose(on),
        zmq_sys::ZMQ_XPUB_VERBOSER => Setting::XpubVerboser(on),
        zmq_sys::ZMQ_XPUB_NODROP => Setting::XpubNoDrop(on),
        zmq_sys::ZMQ_INVERT_MATCHING => Setting::InvertMatching(on),
        zmq_sys::ZMQ_RECONNECT_IVL => Setting::ReconnectIvl(time(number)),
        zmq_sys::ZMQ_HEARTBEAT_IVL => Setting::HeartbeatIvl(time(number).filter(|_| on)),
        zmq_sys::ZMQ_HEARTBEAT_TIMEOUT => Setting::HeartbeatTimeout(time(number)),
        _ => return None,
    })
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Again => Errno::AGAIN,
        Refusal::HostUnreachable => Errno::HOST_UNREACHABLE,
        Refusal::WrongState => Errno::WRONG_STATE,
        Refusal::InUse => Errno::ADDRESS_IN_USE,
        Refusal::NotFound => Errno::NOT_FOUND,
        Refusal::Unsupported => Errno(libc::ENOTSUP),
    }
}

/// Tells as libzmq does. A descriptor, which libzmq tells of a connection, there is none.
fn tell(listener: &Listener, told: Told<'_>) {
    let said = |event: u32, values: &[u64], ends: &(String, String)| {
        let text = |end: &str| CString::new(end).unwrap_or_default();
        listener(event.into(), values, &text(&ends.0), &text(&ends.1));
    };
    let none = u64::MAX;
    match told {
        Told::Connected(ends) => said(zmq_sys::ZMQ_EVENT_HANDSHAKE_SUCCEEDED, &[none], ends),
        Told::Disconnected(ends) => said(zmq_sys::ZMQ_EVENT_DISCONNECTED, &[none], ends),
        Told::Refused(endpoint) => {
            let values = [0, u64::from(libc::ECONNREFUSED.cast_unsigned())];
            let ends = (String::new(), endpoint.to_owned());
            said(zmq_sys::ZMQ_EVENT_CONNECT_RETRIED, &values, &ends);
        }
        Told::TurnedAway(ends) => {
            let values = [u64::from(zmq_sys::ZMQ_SYS_PROTOCOL_ERROR_SAME_ROUTING_ID)];
            said(zmq_sys::ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, &values, ends);
        }
        Told::Queues { ends, outbound, unsent, inbound } => {
            let values = [outbound | unsent << 32, inbound];
            said(zmq_sys::ZMQ_EVENT_PIPES_STATS, &values, ends);
        }
        Told::Unsent { ends, count } => said(zmq_sys::ZMQ_SYS_EVENT_UNSENT, &[count], ends),
        Told::Stopped => {
            listener(zmq_sys::ZMQ_EVENT_MONITOR_STOPPED.into(), &[], c"", c"");
        }
    }
}
