//! The instances that are being ended.
//!
//! Owns the list for whoever waits for them. Never ends one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::lock::locked;

/// The instances that are being ended, for whoever waits for them.
#[derive(Clone, Default, Debug)]
pub struct Ending(Arc<Mutex<BTreeSet<Arc<str>>>>);

impl Ending {
    /// Those that have not ended.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        locked(&self.0).iter().map(ToString::to_string).collect()
    }

    pub(super) fn begin(&self, instances: &[Arc<str>]) {
        locked(&self.0).extend(instances.iter().cloned());
    }

    pub(super) fn end(&self, instance: &str) {
        locked(&self.0).remove(instance);
    }
}
