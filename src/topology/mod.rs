//! The model that cannot be wrong, and the checker that makes it from a document.

mod check;
mod checked;
mod links;
mod mechanism;
mod spec;

#[cfg(test)]
pub(crate) use check::tests::sound;

pub use check::known as keys;
pub use check::{
    Checked, InlineHandler, Scripts, WantedHandlers, WantedScript, check, wanted_scripts,
};
pub use checked::Topology;
pub use links::{Link, LinkEnd};
pub use mechanism::Mechanism;
pub use spec::{
    Attachment, FileSpec, Filter, ForwardSpec, HighWaterMark, NodeSpec, OnError, Queue, ReadFrom,
    ReadSpec, SocketSpec, TopologySpec, WhenFull, WriteSpec,
};
