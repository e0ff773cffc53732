//! Where the variables of a topology get their values, for other threads than the command line's.
//!
//! Owns how that is passed on. Never reads a variable by itself.

use std::ffi::OsString;
use std::sync::Arc;

/// Where the variables of a topology get their values.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Get>);

trait Get: Fn(&str) -> Option<OsString> + Send + Sync {}

impl<G: Fn(&str) -> Option<OsString> + Send + Sync> Get for G {}

impl Lookup {
    /// By a function.
    pub fn new(get: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(get))
    }

    pub(super) fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name)
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookup")
    }
}
