//! How much a handler may use up.
//!
//! Owns every number that bounds a script, the same in debug and release builds. Never enforces
//! one: the engine, the call context and the JSON reader do.

use std::time::Duration;

/// Steps a call may take, which a handler that loops for ever reaches within half a second.
pub(super) const OPERATIONS: u64 = 10_000_000;
/// How many times as much a handler may take on a thread of its own.
pub(super) const PATIENCE: u32 = 20;
/// Functions that may be inside one another.
pub(super) const CALL_LEVELS: usize = 128;
/// Functions that may be inside one another where constants are computed: on any thread.
pub(super) const CONSTANT_CALL_LEVELS: usize = 8;
/// Expressions and blocks that may be inside one another; each term of a chain such as
/// `a + b + c` counts as one.
pub(super) const EXPRESSION_DEPTH: usize = 128;
/// The stack of a thread that runs handlers. Calls and expressions at their limits need 20 MiB;
/// the rest is for values inside values, which the engine clones, compares and drops by recursion.
/// Only what is used takes memory.
pub const STACK_BYTES: usize = 256 << 20;
/// How long a call may compute, for what takes long in few steps.
pub(super) const CALL_TIME: Duration = Duration::from_millis(500);
/// Bytes that a call may hold more than when it began.
pub(super) const MEMORY_BYTES: isize = 96 << 20;
/// Variables in scope at one time.
pub(super) const VARIABLES: usize = 128;
/// Functions of one script.
pub(super) const FUNCTIONS: usize = 1_000;
/// Modules that one script may import, directly or not.
pub(super) const MODULES: usize = 100;
/// Bytes of one script or module.
pub(super) const SCRIPT_BYTES: usize = 1 << 20;

/// Effects of one call.
pub(super) const EFFECTS: usize = 10_000;
/// Bytes that the effects of one call may carry.
pub(super) const EFFECT_BYTES: usize = 64 << 20;

/// Bytes of a JSON text that is made into a value: the value takes up to twenty times as much.
pub(super) const JSON_BYTES: usize = 4 << 20;
/// How deep a JSON value may be nested, on its way in and out.
pub(super) const JSON_DEPTH: usize = 64;

/// Steps that computing a script's constants may take.
pub(super) const CONSTANT_OPERATIONS: u64 = 20_000;

/// How long a request that is answered later may wait for it, where nothing else is said.
pub(super) const LATER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
