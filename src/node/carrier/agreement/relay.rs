//! A line between real sockets that can be cut: what comes in on one side goes out on the other.
//!
//! Owns the threads of that. A cut line keeps what it has; nobody hears of it, not even of an end.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::lock::locked;

/// How much longer a connection takes that is made while the line is cut: who comes anew comes after
/// the end of who was there.
const LATER: Duration = Duration::from_millis(10);

/// A relay; what it passes on ends with it.
pub(super) struct Relay {
    near: SocketAddr,
    line: Arc<Line>,
}

/// What the threads of a relay share.
#[derive(Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    is_over: bool,
    /// Both sides of all connections, to end them by.
    streams: Vec<TcpStream>,
}

impl Relay {
    /// Listens at an address for those that are to reach another.
    pub(super) fn new(near: SocketAddr, far: SocketAddr) -> Self {
        let listener = TcpListener::bind(near).unwrap();
        let line = Arc::new(Line::default());
        let shared = Arc::clone(&line);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if locked(&shared.state).is_over {
                    return;
                }
                let line = Arc::clone(&shared);
                std::thread::spawn(move || line.join(stream, far));
            }
        });
        Self { near, line }
    }

    /// Passes nothing on from now on, or everything again.
    pub(super) fn cut(&self, on: bool) {
        locked(&self.line.state).is_cut = on;
        self.line.changed.notify_all();
    }

    /// Ends all connections.
    pub(super) fn end_connections(&self) {
        for stream in locked(&self.line.state).streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        locked(&self.line.state).is_over = true;
        self.line.changed.notify_all();
        self.end_connections();
        // Who accepts looks whether it is over.
        let _ = TcpStream::connect(self.near);
    }
}

impl Line {
    /// Waits until something may pass; whether it had to.
    fn wait(&self) -> bool {
        let mut waited = false;
        let mut state = locked(&self.state);
        while state.is_cut && !state.is_over {
            waited = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        waited
    }

    /// Passes on what comes by a new connection.
    fn join(self: Arc<Self>, near: TcpStream, far: SocketAddr) {
        if self.wait() {
            std::thread::sleep(LATER);
        }
        let Ok(far) = TcpStream::connect(far) else { return };
        let both = [&near, &far];
        both.iter().for_each(|it| it.set_nodelay(true).unwrap_or_default());
        let kept = both.iter().filter_map(|it| it.try_clone().ok());
        locked(&self.state).streams.extend(kept);
        let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { return };
        let line = Arc::clone(&self);
        std::thread::spawn(move || line.pass(near_again, far_again));
        self.pass(far, near);
    }

    /// Passes on what comes by one side, and its end.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 8192];
        loop {
            let count = from.read(&mut bytes).unwrap_or(0);
            self.wait();
            if count == 0 || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
