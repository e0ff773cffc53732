//! The files of a node: its source, its sink, the keeper of its state, and those of its earlier
//! versions that still write.
//!
//! Owns which of them go on when the node becomes another, and what is told of what is lost. Never
//! decides what a line or a state says.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::keeper::Keeper;
use super::line_source::{LineSource, Next};
use super::sink::Sink;
use crate::event::EventKind;
use crate::message::{Multipart, Unfit};
use crate::script::StateText;
use crate::topology::NodeSpec;

/// The files of a node.
#[derive(Default, Debug)]
pub(super) struct Files {
    source: Option<LineSource>,
    sink: Option<Sink>,
    /// Sinks of earlier versions of the node that have not written all yet.
    old_sinks: Vec<Sink>,
    keeper: Option<Keeper>,
    /// The same of files that keep the state no more.
    old_keepers: Vec<Keeper>,
}

/// What takes the place of files; nothing where they stay.
#[derive(Default, Debug)]
pub(super) struct NewFiles {
    pub(super) source: Option<Option<LineSource>>,
    pub(super) sink: Option<Option<Sink>>,
    pub(super) keeper: Option<Option<Keeper>>,
}

impl Files {
    pub(super) fn new(
        source: Option<LineSource>,
        sink: Option<Sink>,
        keeper: Option<Keeper>,
    ) -> Self {
        Self { source, sink, keeper, ..Self::default() }
    }

    pub(super) fn has_source(&self) -> bool {
        self.source.is_some()
    }

    pub(super) fn has_sink(&self) -> bool {
        self.sink.is_some()
    }

    /// Begins the rhythm of the source now.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(source) = &mut self.source {
            source.begin(now);
        }
    }

    /// What the source has to give, if there is one. One that fails is given up.
    pub(super) fn next_record(&mut self, now: Instant) -> Option<io::Result<Next>> {
        let next = self.source.as_mut()?.next(now);
        if next.is_err() {
            self.source = None;
        }
        Some(next)
    }

    /// When the next line's time comes, if there is a source.
    pub(super) fn line_due(&self, now: Instant) -> Option<Instant> {
        self.source.as_ref().map(|source| source.next_due(now))
    }

    /// Has the next line's time come at once.
    pub(super) fn bring_forward(&mut self, now: Instant) {
        if let Some(source) = &mut self.source {
            source.bring_forward(now);
        }
    }

    /// Counts long lines as on their way until their frames are gone.
    pub(super) fn count(&self, frames: Multipart) -> Multipart {
        match &self.source {
            Some(source) => source.budget().count(frames),
            None => frames,
        }
    }

    /// When the source's next line is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.source.as_ref().and_then(LineSource::due)
    }

    /// When the state is to be kept.
    pub(super) fn keep_due(&self) -> Option<Instant> {
        self.keeper.as_ref().and_then(Keeper::due)
    }

    /// What wakes the node when the source has something.
    pub(super) fn arrived(&self) -> Option<Arc<Notify>> {
        self.source.as_ref().map(LineSource::arrived)
    }

    /// What wakes a node that found the sink full, or that `stops` and waits for it to be idle.
    pub(super) fn moved(&self, stops: bool) -> Option<Arc<Notify>> {
        self.sink.as_ref().and_then(|sink| sink.moved(stops && !sink.is_idle()))
    }

    /// Whether so much waits to be written that the node should take nothing new.
    pub(super) fn are_full(&self) -> bool {
        self.sink.as_ref().is_some_and(Sink::is_full)
    }

    /// Gives the sink a message; whether there is a sink.
    ///
    /// # Errors
    ///
    /// When it would not be read again as it is.
    pub(super) fn write(&mut self, frames: &[&[u8]]) -> Result<bool, Unfit> {
        match &mut self.sink {
            Some(sink) => sink.add(frames).map(|()| true),
            None => Ok(false),
        }
    }

    /// Hands what waits to be written on. Never blocks.
    pub(super) fn flush(&mut self) {
        self.sink.iter_mut().for_each(Sink::flush);
        self.old_sinks.retain(|sink| !sink.is_idle());
        self.old_keepers.retain(|keeper| !keeper.is_idle());
    }

    /// Notes that the handlers may have changed their state.
    pub(super) fn state_changed(&mut self, now: Instant) {
        if let Some(keeper) = &mut self.keeper {
            keeper.changed(now);
        }
    }

    /// Keeps the state where that is due, or if the node `ends`. Never blocks.
    pub(super) fn keep_state(
        &mut self,
        now: Instant,
        ends: bool,
        text: impl FnOnce() -> Result<StateText, String>,
    ) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(now, ends, text);
        }
    }

    /// Whether the last version of the state is with the disk, where it is kept.
    pub(super) fn have_kept(&self) -> bool {
        self.keeper.iter().chain(&self.old_keepers).all(Keeper::is_idle)
    }

    /// What wakes a node that `stops` and waits for its state to be kept.
    pub(super) fn kept(&self, stops: bool) -> Option<Arc<Notify>> {
        let mut keepers = self.keeper.iter().chain(&self.old_keepers);
        keepers.find(|keeper| stops && !keeper.is_idle()).map(Keeper::moved)
    }

    /// Whether its state is kept there.
    pub(super) fn keeps_in(&self, path: Option<&Path>) -> bool {
        self.keeper.as_ref().map(Keeper::path) == path
    }

    /// Whether all lines are with the system, those of an earlier version of the node included.
    pub(super) fn have_written(&self) -> bool {
        self.sink.iter().chain(&self.old_sinks).all(Sink::is_idle)
    }

    /// Becomes the files of a spec, with what takes the place of those that it does not keep.
    pub(super) fn change(&mut self, to: &NodeSpec, new: NewFiles) {
        if let Some(source) = new.source {
            self.source = source;
        } else if let Some((source, spec)) = self.source.as_mut().zip(to.read.as_ref()) {
            source.adopt(spec);
        }
        if let Some(sink) = new.sink {
            self.flush();
            // It goes on writing what it has.
            self.old_sinks.extend(std::mem::replace(&mut self.sink, sink));
        } else if let Some((sink, spec)) = self.sink.as_mut().zip(to.write.as_ref()) {
            sink.adopt(spec);
        }
        if let Some(keeper) = new.keeper {
            self.old_keepers.extend(std::mem::replace(&mut self.keeper, keeper));
        }
    }

    /// Takes the source and the sink out, as far as they are wanted, for another node to go on with.
    pub(super) fn take(&mut self, source: bool, sink: bool) -> Self {
        let source = self.source.take_if(|_| source);
        let sink = self.sink.take_if(|_| sink);
        Self::new(source, sink, None)
    }

    /// Goes on with what a node before it left; whether there was a source.
    pub(super) fn inherit(&mut self, left: Self, instance: &Arc<str>, spec: &NodeSpec) -> bool {
        if let (Some(mut sink), Some(spec)) = (left.sink, &spec.write) {
            sink.belongs_to(instance);
            sink.adopt(spec);
            self.sink = Some(sink);
        }
        let (Some(mut source), Some(spec)) = (left.source, &spec.read) else { return false };
        source.belongs_to(instance);
        source.adopt(spec);
        self.source = Some(source);
        true
    }

    /// Whether a node whose stop is over at this time has no reason to wait for its sinks any longer;
    /// for its own one only where no other node goes on with it.
    pub(super) fn have_ended(
        &mut self,
        is_succeeded: bool,
        deadline: Instant,
        now: Instant,
    ) -> bool {
        let own = self.sink.iter_mut().filter(|_| !is_succeeded);
        let mut keepers = self.keeper.iter().chain(&self.old_keepers);
        own.chain(&mut self.old_sinks).all(|sink| sink.has_ended(deadline, now))
            && keepers.all(|keeper| keeper.has_ended(deadline, now))
    }

    /// What there is to say of lines, and of a state, that were not written.
    pub(super) fn lost(&self, is_succeeded: bool) -> Vec<EventKind> {
        let own = self.sink.iter().filter(|_| !is_succeeded);
        let sinks = own.chain(&self.old_sinks).map(|sink| (sink.unwritten(), sink));
        let lost = sinks.filter(|(unwritten, _)| unwritten.bytes > 0);
        let lost = lost.map(|(unwritten, sink)| unwritten.lost(sink.file()));
        let keepers = self.keeper.iter().chain(&self.old_keepers);
        lost.chain(keepers.filter_map(Keeper::lost)).collect()
    }
}
