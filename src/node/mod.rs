//! A running node: its sockets, timers, source, sink and handler, as one task on one thread.
//!
//! A node never shares anything: it is told what to do by [`Control`], tells what happens as
//! events, and counts in its own counters. Owns everything that touches a socket.

mod arrivals;
mod backoff;
mod binding;
mod blueprint;
mod call_clock;
mod carrier;
mod connections;
mod context;
mod control;
mod credentials;
mod debts;
mod door;
mod emitter;
mod fanout;
mod files;
mod forward;
mod halt;
mod handshake;
mod inbox;
mod incoming;
mod inject;
mod interception;
mod ipc;
mod keeper;
mod known_peers;
mod known_servers;
mod legacy;
mod life;
mod limiter;
mod line_source;
mod lingering;
mod monitor;
mod names;
mod neighbours;
mod notes;
mod observation;
mod outbox;
mod peers;
mod port_holder;
mod probe;
mod raw;
mod rehearsal;
mod replacement;
mod reporter;
mod running;
mod sequence;
mod shard;
mod sink;
mod slow_motion;
mod slowness;
mod socket;
mod socket_control;
mod state;
mod tap;
mod target;
mod timers;
mod unreached;
mod wait;
mod whole_tap;
mod zap;

pub use blueprint::{Blueprint, NodeError};
pub use context::{Asking, Context};
pub use control::{Control, ControlSender, NodeHandle, WeakControlSender};
pub use inbox::open_envelope;
pub use inject::{Injection, Way};
pub use interception::{Direction, Interceptors, Passed, Place};
pub use legacy::Legacy;
pub use lingering::Lingering;
pub use observation::{Observation, SocketObservation, Still};
pub use probe::{probe_endpoint, probe_files};
pub use raw::{Errno, lay_out_descriptors};
pub use rehearsal::Claim;
pub use shard::Shard;
pub use slow_motion::{SlowMotion, Step, Took};
pub use socket::SocketError;
pub use socket_control::SocketControl;
pub use state::{
    Bound, Expectation, Figures, MissingLink, NodeState, SocketFigures, SocketState, Subscriber,
};
pub use tap::TapReader;
pub use target::Target;
pub use whole_tap::{Missing, Seen, WholeReader};
pub use zap::{ZapService, answer_of_zap};
