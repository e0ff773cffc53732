//! Test files: what is done to a topology, and what has to come of it.
//!
//! Owns the model that a trial obeys, and the reading and checking of the file that says it. Never runs
//! anything, and reads no file by itself.

mod spec;

pub use spec::{
    Action, CallSpec, Condition, Expected, Line, MessageSpec, PeerEnd, PeerSpec, Saved, StepSpec,
    TestFile, TestSpec, Watched,
};
