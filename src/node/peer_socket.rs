//! A socket that is no node's: a program outside that a test plays.
//!
//! Owns whole messages in and out of one socket, as its role has them. Counts nothing, decides nothing.

use std::time::Duration;

use super::carrier::Carrier;
use super::carrier::simulated::Simulated;
use super::context::Context;
use super::raw::{Errno, RawSocket};
use crate::clock;
use crate::message::{Frame, Multipart};
use crate::zeromq::{OptionValue, Role};

/// How often a real socket that takes nothing is offered its message again.
const AGAIN: Duration = Duration::from_millis(1);

/// A socket of a peer; it is closed when it is dropped, and what it has sent goes on its way yet.
#[derive(Debug)]
pub struct PeerSocket {
    carrier: Carrier,
}

/// What a peer's socket is set to before it has any endpoint.
#[derive(Clone, Debug)]
pub struct PeerSettings {
    /// Its role: the very one, also where a node's would be another underneath.
    pub role: Role,
    /// Its routing id.
    pub identity: Option<Vec<u8>>,
    /// What it subscribes to.
    pub prefixes: Vec<Vec<u8>>,
    /// Its high-water marks, for sending and receiving.
    pub hwm: (u32, u32),
    /// Whether a publisher waits for subscribers without room, instead of dropping what is for them.
    pub waits: bool,
}

impl PeerSocket {
    /// Opens a socket; `owner` is its name.
    ///
    /// # Errors
    ///
    /// When the system or libzmq refuses it.
    pub fn open(context: &Context, owner: &str, settings: &PeerSettings) -> Result<Self, Errno> {
        let carrier = match context.network() {
            Some(network) => Carrier::Simulated(Simulated::open_as(network, owner, settings.role)),
            None => Carrier::Zmq(RawSocket::open_as(context.raw(), settings.role)?),
        };
        let peer = Self { carrier };
        let number = |messages: u32| OptionValue::Int(i32::try_from(messages).unwrap_or(i32::MAX));
        peer.set(zmq_sys::ZMQ_SNDHWM, &number(settings.hwm.0))?;
        peer.set(zmq_sys::ZMQ_RCVHWM, &number(settings.hwm.1))?;
        if settings.waits && matches!(settings.role, Role::Pub | Role::Xpub) {
            peer.set(zmq_sys::ZMQ_XPUB_NODROP, &OptionValue::Int(1))?;
        }
        if let Some(identity) = &settings.identity {
            peer.set(zmq_sys::ZMQ_ROUTING_ID, &OptionValue::Bytes(identity.clone()))?;
        }
        for prefix in &settings.prefixes {
            peer.set(zmq_sys::ZMQ_SUBSCRIBE, &OptionValue::Bytes(prefix.clone()))?;
        }
        Ok(peer)
    }

    fn set(&self, option: u32, value: &OptionValue) -> Result<(), Errno> {
        self.carrier.set(option.cast_signed(), value)
    }

    /// Binds; the result is the endpoint with what was chosen.
    ///
    /// # Errors
    ///
    /// When somebody has it, or it cannot be bound here.
    pub fn bind(&self, endpoint: &str) -> Result<String, Errno> {
        self.carrier.bind(endpoint)?;
        self.carrier.last_endpoint()
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// When libzmq refuses the endpoint.
    pub fn connect(&self, endpoint: &str) -> Result<(), Errno> {
        self.carrier.connect(endpoint)
    }

    /// Drops what it has to send when it is closed.
    pub fn vanish(&self) {
        // It goes in any case.
        let _ = self.set(zmq_sys::ZMQ_LINGER, &OptionValue::Int(0));
    }

    /// Sends a message, which may have to wait for room until then.
    ///
    /// # Errors
    ///
    /// When it found no room in time, or the role cannot send now.
    pub async fn send(&self, message: Multipart, within: Duration) -> Result<(), Errno> {
        let until = clock::now() + within;
        let last = message.len().saturating_sub(1);
        for (at, mut frame) in message.into_iter().enumerate() {
            loop {
                match self.carrier.send(&mut frame, at < last) {
                    Ok(()) => break,
                    Err(Errno::AGAIN) if clock::now() < until => clock::sleep(AGAIN).await,
                    Err(errno) => return Err(errno),
                }
            }
        }
        Ok(())
    }

    /// The next message, if one is there.
    #[must_use]
    pub fn receive(&self) -> Option<Multipart> {
        let mut message = Multipart::new();
        loop {
            let mut frame = Frame::empty();
            let (_, more) = self.carrier.receive(&mut frame).ok()?;
            message.push(frame);
            if !more {
                return Some(message);
            }
        }
    }
}
