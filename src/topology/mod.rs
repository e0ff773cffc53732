//! The model that cannot be wrong, and the checker that makes it from a document.

mod check;
mod links;
mod mechanism;
mod spec;

pub use check::known as keys;
pub use check::{
    Checked, InlineHandler, Scripts, WantedHandlers, WantedScript, check, wanted_scripts,
};
pub use links::{Link, LinkEnd, links_of};
pub use mechanism::Mechanism;
pub use spec::{
    Attachment, FileSpec, Filter, ForwardSpec, HighWaterMark, NodeSpec, OnError, ReadSpec,
    SocketSpec, Topology, TopologySpec, WhenFull, WriteSpec,
};
