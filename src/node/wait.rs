//! Waiting for libzmq's descriptors without losing an edge.
//!
//! `ZMQ_FD` is edge-triggered, and any send, receive or read of EVENTS consumes it. So readiness is
//! cleared first, then EVENTS is read, then work is done; a task sleeps only after EVENTS said that
//! there is nothing. Owns that order. Never reads a message.

use std::os::fd::RawFd;
use std::task::{Context as TaskContext, Poll};

use tokio::io::unix::AsyncFd;

/// Whether an edge came since the last call; if not, the task is woken by the next one.
pub(super) fn edge(ready: &AsyncFd<RawFd>, task: &mut TaskContext<'_>) -> bool {
    let mut edge = false;
    while let Poll::Ready(Ok(mut guard)) = ready.poll_read_ready(task) {
        guard.clear_ready();
        edge = true;
    }
    edge
}
