//! zrig runs a declarative ZeroMQ topology: a YAML file declares nodes, pattern roles, ports,
//! message-id filters and high-water marks; zrig brings them to life as sockets wired to Rhai
//! handlers and changes them while they run.
//!
//! ```text
//! text ──parse──▶ Document ──check──▶ Topology ──Plan::between(old, new)──▶ Plan ──apply──▶ nodes
//! ```
//!
//! # Choices
//!
//! - The log does without `tracing`: what happens is a value already ([`event::Event`]), its level can
//!   depend on a node's name, which only a run knows, and a repeated line is held back by its text.
//! - The text for Prometheus is written in `observe/`, in the format that every parser reads:
//!   prometheus-client writes OpenMetrics alone, whose counters others take for untyped.
//! - Recordings are MCAP by its own crate, but chunks are unpacked here: the crate's reader of chunks panics
//!   where a damaged one names a length that there is not, and its reader by the index compares no checksum.
//! - axum routes what is asked over HTTP, and hyper alone serves it: axum's own way to serve knows no
//!   bounds of connections, heads and slow clients.
//! - What a burst of requests leads to does not all wait for its end: with 64 requests in flight the
//!   clients, libzmq's thread and the node would work one after the other.
//! - After answers a node does not sleep at once: for at most 50 µs, and no longer than it worked, it
//!   looks for the next requests, because waking a processor takes longer than handling them.
//! - Handlers that compute long are interrupted where they are, on a stack of their own, instead of
//!   moved to another thread: nobody knows beforehand that a call will be a long one, a move would
//!   come after it, and what a node holds is not made to be moved.
//! - libzmq is compiled as one file and patched (`zmq-sys/patches/`): a quarter of a
//!   forward's instructions, half of an idle node's memory and a third of the system calls of an
//!   answer were what only libzmq itself can leave out.
//! - A program that drives a node is guarded by this program itself, started once more between the two:
//!   process-wrap and command-group put a child into a group or a session, which ends neither who leaves
//!   it nor anybody where the parent is killed. The groups are the standard library's, the rest rustix's.
//! - A load of a benchmark speaks ZMTP by itself: with libzmq at all three ends the middle, which is
//!   what is measured, had a third of the processor time.
//! - Tests of a topology run the very supervisor and nodes of a run, on one thread, in tokio's paused time,
//!   on sockets of their own (`simulation/`): a second implementation of nodes would be tested instead of them.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod app;
mod aside;
mod backlog;
pub mod cli;
pub mod clock;
pub mod control;
pub mod counters;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod event;
pub mod explain;
pub mod export;
mod fiber;
pub mod graph;
pub mod import;
mod ink;
pub mod language;
pub mod learn;
pub mod lint;
pub mod listing;
pub mod load;
mod lock;
pub mod lsp;
pub mod memory;
pub mod message;
mod nearest;
pub mod node;
pub mod observe;
pub mod plan;
pub mod receipt;
pub mod recording;
pub mod replay;
pub mod schema;
pub mod script;
pub mod security;
pub mod sequence;
mod simulation;
pub mod snapshot;
pub mod source;
pub mod supervisor;
pub mod tally;
pub mod test_file;
pub mod topology;
pub mod trial;
pub mod units;
mod until;
pub mod visible;
pub mod watch;
pub mod web;
mod whole;
pub mod zeromq;
