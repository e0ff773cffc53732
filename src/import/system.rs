//! The systems whose files are read.
//!
//! Owns their names. Never reads one.

/// A system whose files can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum System {
    /// The JSON file of devices and channels that `FairMQ` reads with `--mq-config`.
    FairMq,
    /// The ZeroMQ Device Configuration File of ZeroMQ RFC 5, in JSON or ZPL.
    Zdcf,
}

impl System {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FairMq => "FairMQ",
            Self::Zdcf => "ZDCF",
        }
    }
}
