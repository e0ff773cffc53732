//! Every key of the format, for whoever documents or completes them.
//!
//! Owns nothing of its own: the lists are those that the checker reads by.

pub use super::curve::{CURVE_KEYS as CURVE, SECURITY_KEYS as SECURITY};
pub use super::defaults::{HWM_KEYS as HWM, KEYS as DEFAULTS};
pub use super::keys::{EVENTS, NODE, SOCKET, TOP, other_case, other_handler};
pub use super::lines::{READ_KEYS as READ, WRITE_KEYS as WRITE};
pub use super::places::KEYS as PLACE;
pub use super::plain::PLAIN_KEYS as PLAIN;
pub use super::program::{PROCESS_KEYS as PROCESS, STOP_KEYS as STOP};

/// All of them.
pub const ALL: &[&[&str]] = &[
    TOP, DEFAULTS, HWM, READ, WRITE, EVENTS, NODE, SOCKET, SECURITY, CURVE, PLAIN, PLACE, PROCESS,
    STOP,
];
