//! Waiting for libzmq's descriptors without losing an edge.
//!
//! `ZMQ_FD` is edge-triggered, and any send, receive or read of EVENTS consumes it. So readiness is
//! cleared first, then EVENTS is read, then work is done; a task sleeps only after EVENTS said that
//! there is nothing. A simulated socket has a bell instead. Owns that order. Never reads a message.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tokio::io::unix::AsyncFd;

use crate::simulation::Bell;

/// What tells that a socket is to be looked at.
#[derive(Debug)]
pub(super) enum Ready {
    /// A descriptor.
    Descriptor(AsyncFd<RawFd>),
    /// A bell of the simulation.
    Simulated(Arc<Bell>),
}

/// Whether an edge came since the last call; if not, the task is woken by the next one.
pub(super) fn edge(ready: &Ready, task: &mut TaskContext<'_>) -> bool {
    let ready = match ready {
        Ready::Descriptor(ready) => ready,
        Ready::Simulated(bell) => return bell.has_rung(task),
    };
    let mut edge = false;
    while let Poll::Ready(Ok(mut guard)) = ready.poll_read_ready(task) {
        guard.clear_ready();
        edge = true;
    }
    edge
}
