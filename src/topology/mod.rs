//! The model that cannot be wrong, and the checker that makes it from a document.

mod admission;
mod check;
mod checked;
mod crossing;
mod curve;
mod environment;
mod exchange;
mod exchanges;
mod links;
mod mechanism;
mod neighbours;
mod part;
mod place;
mod plain;
mod policy;
mod program;
mod spec;

#[cfg(test)]
pub(crate) use check::tests::sound;

pub use admission::{Admission, Credentials, Knock, Login, NotAdmitted, Proof, Wanted};
pub use check::known as keys;
pub(crate) use check::reading;
pub use check::{
    Certificates, Checked, InlineHandler, Scripts, WantedHandlers, WantedScript, check,
    names_an_event, wanted_scripts,
};
pub use checked::Topology;
pub use crossing::Crossing;
pub use curve::{CurveRole, CurveSpec, NodeKey};
pub use environment::{OWN_VARIABLES, socket_variable, variables};
pub use exchange::{Exchange, FarPort};
pub use links::{Link, LinkEnd};
pub use mechanism::Mechanism;
pub use neighbours::{Neighbours, Port};
pub use part::{NoSuchPlace, NotHere, Part};
pub use place::PlaceSpec;
pub use plain::PlainSpec;
pub use policy::Policy;
pub use program::{OnExit, ProgramSpec, Ready, StopSignal, StopSpec};
pub use spec::{
    Attachment, FileSpec, Filter, ForwardSpec, HighWaterMark, NodeSpec, OnError, Queue, ReadFrom,
    ReadSpec, SocketSpec, TopologySpec, WhenFull, WriteSpec,
};
