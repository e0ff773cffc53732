//! How much a handler may use up.
//!
//! Owns every number that bounds a script, the same in debug and release builds. Never enforces
//! one: the engine, the desk and the JSON reader do.

/// Steps a call may take, which a handler that loops for ever reaches within half a second.
pub(super) const OPERATIONS: u64 = 10_000_000;
/// Functions that may be inside one another; deeper ones would overflow a 2 MiB stack.
pub(super) const CALL_LEVELS: usize = 24;
/// Expressions that may be inside one another, at top level and in functions.
pub(super) const EXPRESSION_DEPTH: usize = 40;
/// Bytes of one text, with all texts inside a map or an array counted together.
pub(super) const TEXT_BYTES: usize = 8 << 20;
/// Elements of one array or bytes of one blob, nested ones counted together.
pub(super) const ARRAY_SIZE: usize = 1 << 20;
/// Entries of one map, nested ones counted together.
pub(super) const MAP_SIZE: usize = 1 << 17;
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

/// How deep a JSON value may be nested, on its way in and out.
pub(super) const JSON_DEPTH: usize = 64;

/// Steps that computing a script's constants may take.
pub(super) const CONSTANT_OPERATIONS: u64 = 20_000;
