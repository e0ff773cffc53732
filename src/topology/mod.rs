//! The model that cannot be wrong, and the checker that makes it from a document.

mod links;
mod spec;

pub use links::{Link, LinkEnd, links_of};
pub use spec::{
    Attachment, FileSpec, Filter, ForwardSpec, HighWaterMark, NodeSpec, OnError, ReadSpec,
    SocketSpec, Topology, TopologySpec, WhenFull, WriteSpec,
};
