//! The running topology: which nodes run where, started, linked and stopped in order.
//!
//! Owns the shards, the libzmq context and every node's handle. Never touches a socket itself.

mod accounting;
mod actions;
mod baselines;
mod capacity;
#[cfg(test)]
mod doubles;
mod eager_links;
mod ending;
mod endpoint_resolution;
mod error;
mod flow_graph;
mod instances;
mod kernel_queues;
mod link_figures;
mod metrics_view;
mod node_registry;
mod notes;
mod outage;
mod place_counts;
mod quiescence;
mod rehearsal;
mod reload;
mod running;
mod slow_motion;
mod spawner;
mod start;
mod stillness;
mod stop;
mod stop_order;
mod wanted;

pub use ending::Ending;
pub use error::StartError;
pub use metrics_view::View;
pub use node_registry::{Roster, RosterEntry};
pub(crate) use outage::{kill, revive};
pub use running::Supervisor;
pub use slow_motion::{Hold, Holding};
pub use stop::Haste;
