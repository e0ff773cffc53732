//! What a node that ends leaves to the one that takes its place: on another thread, or under
//! another name.
//!
//! Owns the state of its handlers, its source and its sink on their way. They are taken when the
//! successor begins to work, so that one that never does leaves them to the next. Never opens a file.

use std::sync::{Arc, Mutex};

use super::lines::Lines;
use super::sink::Sink;
use crate::lock::locked;
use crate::script::Keepsake;
use crate::topology::{NodeSpec, ReadSpec, WriteSpec};

/// What a node leaves behind.
#[derive(Clone, Default, Debug)]
pub struct Legacy {
    /// The state of its handlers.
    pub(super) state: Option<Keepsake>,
    files: Arc<Mutex<Files>>,
}

#[derive(Default, Debug)]
struct Files {
    source: Option<(ReadSpec, Lines)>,
    sink: Option<(WriteSpec, Sink)>,
}

impl Legacy {
    /// What a node of that spec leaves.
    pub(super) fn of(
        spec: &NodeSpec,
        state: Option<Keepsake>,
        source: Option<Lines>,
        sink: Option<Sink>,
    ) -> Self {
        let files =
            Files { source: spec.read.clone().zip(source), sink: spec.write.clone().zip(sink) };
        Self { state, files: Arc::new(Mutex::new(files)) }
    }

    /// Whether there is a source that goes on as that one.
    pub(super) fn has_source(&self, spec: &ReadSpec) -> bool {
        locked(&self.files).source.as_ref().is_some_and(|(from, _)| from.goes_on_as(spec))
    }

    /// Whether there is a sink that goes on as that one.
    pub(super) fn has_sink(&self, spec: &WriteSpec) -> bool {
        locked(&self.files).sink.as_ref().is_some_and(|(from, _)| from.goes_on_as(spec))
    }

    /// The source, if it goes on as that one.
    pub(super) fn take_source(&self, spec: &ReadSpec) -> Option<Lines> {
        let mut files = locked(&self.files);
        let (_, mut source) = files.source.take_if(|(from, _)| from.goes_on_as(spec))?;
        source.adopt(spec);
        Some(source)
    }

    /// The sink, if it goes on as that one.
    pub(super) fn take_sink(&self, spec: &WriteSpec) -> Option<Sink> {
        let mut files = locked(&self.files);
        let (_, mut sink) = files.sink.take_if(|(from, _)| from.goes_on_as(spec))?;
        sink.adopt(spec);
        Some(sink)
    }
}
