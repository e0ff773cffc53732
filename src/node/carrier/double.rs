//! A socket without libzmq: what arrives and how much it takes is what a test says.
//!
//! Owns its queues and its endpoints, and wakes its node as a socket would: by the edge of a descriptor.
//! It knows no pattern: whom a message reaches is libzmq's business, and this one has no peers.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::unix::AsyncFd;

use crate::lock::locked;
use crate::message::Frame;
use crate::node::raw::{CLOSED, Errno, Listener, Readiness, watch};

/// The sockets that nodes opened, by `node.socket`; the latest of that name.
#[derive(Clone, Default)]
pub(in crate::node) struct Doubles(Arc<Mutex<BTreeMap<String, Wire>>>);

impl Doubles {
    pub(in crate::node) fn open(&self, owner: &str, socket: &str) -> Double {
        let mut all = locked(&self.0);
        let name = format!("{owner}.{socket}");
        let before = all.get(&name);
        let refused = before.map_or_else(BTreeMap::new, |wire| wire.state().refused.clone());
        let wire = Wire::new(refused);
        all.insert(name, wire.clone());
        Double { wire, monitor: None, epilogue: None }
    }

    /// The other side of a socket.
    pub(in crate::node) fn wire(&self, name: &str) -> Wire {
        locked(&self.0).get(name).unwrap_or_else(|| panic!("no socket {name}")).clone()
    }
}

/// The other side of a socket, where a test stands.
#[derive(Clone)]
pub(in crate::node) struct Wire(Arc<Mutex<State>>);

struct State {
    /// Frames that arrived, each with whether more follow.
    arrived: VecDeque<(Vec<u8>, bool)>,
    /// A message that arrives just before EVENTS are read so many times more.
    late: Option<(usize, String)>,
    /// Whole messages that were taken.
    sent: Vec<Vec<String>>,
    /// Frames of one that was begun.
    begun: Vec<String>,
    /// How many messages more it takes.
    room: usize,
    /// How often it was offered one that it had no room for.
    refusals: usize,
    /// What endpoints are refused with when they are to be bound.
    refused: BTreeMap<String, Errno>,
    bound: Vec<String>,
    connected: Vec<String>,
    options: BTreeMap<i32, Vec<u8>>,
    /// What wakes the node, and its own end of that.
    bell: (UnixStream, UnixStream),
}

impl Wire {
    fn new(refused: BTreeMap<String, Errno>) -> Self {
        let bell = UnixStream::pair().unwrap();
        bell.0.set_nonblocking(true).unwrap();
        bell.1.set_nonblocking(true).unwrap();
        Self(Arc::new(Mutex::new(State {
            arrived: VecDeque::new(),
            late: None,
            sent: Vec::new(),
            begun: Vec::new(),
            room: usize::MAX,
            refusals: 0,
            refused,
            bound: Vec::new(),
            connected: Vec::new(),
            options: BTreeMap::new(),
            bell,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0)
    }

    /// A message arrives.
    pub(in crate::node) fn arrives(&self, frames: &[&str]) {
        let mut state = self.state();
        for (at, frame) in frames.iter().enumerate() {
            state.arrived.push_back((frame.as_bytes().to_vec(), at + 1 < frames.len()));
        }
        state.ring();
    }

    /// A message of one frame arrives just before EVENTS are read for this time, from 0: they tell of it, and
    /// the edge is gone.
    pub(in crate::node) fn arrives_before_look(&self, number: usize, text: &str) {
        self.state().late = Some((number, text.to_owned()));
    }

    /// Whether EVENTS were read often enough for that message to arrive.
    pub(in crate::node) fn has_taken_late(&self) -> bool {
        self.state().late.is_none()
    }

    /// It throws so many messages away that were unsubscribed from.
    pub(in crate::node) fn throws(&self, messages: i32) {
        let option = zmq_sys::ZMQ_SYS_UNWANTED.cast_signed();
        let mut state = self.state();
        let thrown = state.number(option) + messages;
        state.options.insert(option, thrown.to_ne_bytes().to_vec());
    }

    /// How many frames were not received yet.
    pub(in crate::node) fn waiting(&self) -> usize {
        self.state().arrived.len()
    }

    /// It takes so many messages more from now on.
    pub(in crate::node) fn has_room(&self, messages: usize) {
        let mut state = self.state();
        state.room = messages;
        state.ring();
    }

    /// How often it was offered a message that it had no room for.
    pub(in crate::node) fn refusals(&self) -> usize {
        self.state().refusals
    }

    /// What was sent since this was last asked: the frames of each message with `|` between.
    pub(in crate::node) fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.state().sent).iter().map(|frames| frames.join("|")).collect()
    }

    /// An endpoint cannot be bound from now on, or can.
    pub(in crate::node) fn refuses(&self, endpoint: &str, with: Option<Errno>) {
        let mut state = self.state();
        match with {
            Some(errno) => drop(state.refused.insert(endpoint.to_owned(), errno)),
            None => drop(state.refused.remove(endpoint)),
        }
    }

    /// What it is bound to.
    pub(in crate::node) fn bound(&self) -> Vec<String> {
        self.state().bound.clone()
    }
}

impl State {
    /// An option that is a number, 0 where nobody has set it.
    fn number(&self, option: i32) -> i32 {
        let bytes = self.options.get(&option).and_then(|it| it.as_slice().try_into().ok());
        bytes.map_or(0, i32::from_ne_bytes)
    }

    fn ring(&self) {
        // A bell that rings already need not ring again.
        let _ = (&self.bell.0).write(&[1]);
    }
}

/// A socket of a node.
pub(in crate::node) struct Double {
    wire: Wire,
    monitor: Option<Listener>,
    epilogue: Option<Listener>,
}

impl Double {
    pub(in crate::node) fn set_bytes(&self, option: i32, bytes: &[u8]) -> Result<(), Errno> {
        self.wire.state().options.insert(option, bytes.to_vec());
        Ok(())
    }

    pub(in crate::node) fn get_int(&self, option: u32) -> Result<i32, Errno> {
        Ok(self.wire.state().number(option.cast_signed()))
    }

    pub(in crate::node) fn events(&self) -> Result<Readiness, Errno> {
        let mut state = self.wire.state();
        match state.late.take() {
            Some((0, text)) => state.arrived.push_back((text.into_bytes(), false)),
            late => state.late = late.map(|(looks, text)| (looks - 1, text)),
        }
        while matches!((&state.bell.1).read(&mut [0; 64]), Ok(1..)) {}
        Ok(Readiness::of(!state.arrived.is_empty()))
    }

    pub(in crate::node) fn watch(&self) -> Result<AsyncFd<RawFd>, Errno> {
        let descriptor = self.wire.state().bell.1.as_raw_fd();
        watch(descriptor)
    }

    pub(in crate::node) fn last_endpoint(&self) -> Result<String, Errno> {
        Ok(self.wire.state().bound.last().cloned().unwrap_or_default())
    }

    pub(in crate::node) fn bind(&self, endpoint: &str) -> Result<(), Errno> {
        let mut state = self.wire.state();
        if let Some(errno) = state.refused.get(endpoint) {
            return Err(*errno);
        }
        state.bound.push(endpoint.to_owned());
        Ok(())
    }

    pub(in crate::node) fn connect(&self, endpoint: &str) -> Result<(), Errno> {
        self.wire.state().connected.push(endpoint.to_owned());
        Ok(())
    }

    pub(in crate::node) fn unbind(&self, endpoint: &str) -> Result<(), Errno> {
        let_go(&mut self.wire.state().bound, endpoint)
    }

    pub(in crate::node) fn disconnect(&self, endpoint: &str) -> Result<(), Errno> {
        let_go(&mut self.wire.state().connected, endpoint)
    }

    pub(in crate::node) fn send(&self, frame: &mut Frame, more: bool) -> Result<(), Errno> {
        let mut state = self.wire.state();
        if state.begun.is_empty() && state.room == 0 {
            state.refusals += 1;
            return Err(Errno::AGAIN);
        }
        state.begun.push(String::from_utf8_lossy(frame).into_owned());
        *frame = Frame::empty();
        if !more {
            state.room = state.room.saturating_sub(1);
            let whole = std::mem::take(&mut state.begun);
            state.sent.push(whole);
        }
        Ok(())
    }

    pub(in crate::node) fn receive(&self, frame: &mut Frame) -> Result<(usize, bool), Errno> {
        let (bytes, more) = self.wire.state().arrived.pop_front().ok_or(Errno::AGAIN)?;
        *frame = Frame::copy(&bytes);
        Ok((bytes.len(), more))
    }

    pub(in crate::node) fn monitor(&mut self, _: u32, listener: Listener) -> Result<(), Errno> {
        self.monitor = Some(listener);
        Ok(())
    }

    pub(in crate::node) fn ask_queues(&self) -> Result<(), Errno> {
        Ok(())
    }

    pub(in crate::node) fn at_its_end(&mut self, listener: Listener) {
        self.epilogue = Some(listener);
    }
}

fn let_go(of: &mut Vec<String>, endpoint: &str) -> Result<(), Errno> {
    let at = of.iter().position(|known| known == endpoint).ok_or(Errno::NOT_FOUND)?;
    of.remove(at);
    Ok(())
}

impl Drop for Double {
    fn drop(&mut self) {
        if let Some(listener) = self.epilogue.take() {
            listener(CLOSED.into(), &[], c"", c"");
            listener(zmq_sys::ZMQ_EVENT_MONITOR_STOPPED.into(), &[], c"", c"");
        }
    }
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Double({:p})", Arc::as_ptr(&self.wire.0))
    }
}
