//! The names in a recording that are not those of sockets.

/// The name that a file's header bears, by which its channels are to be understood.
pub(super) const PROFILE: &str = "zrig";
/// The topic of what happened.
pub(super) const EVENTS: &str = "/zrig/events";
/// The topic of what is missing.
pub(super) const GAPS: &str = "/zrig/gaps";
/// The metadata that name the version of attached texts.
pub(super) const TEXTS: &str = "zrig.texts";
/// The metadata with figures of all topics: their names begin so.
pub(super) const FIGURES: &str = "zrig.figures.";
