//! What a run that was watched came to: what went wrong, what states there were, who did how much.
//!
//! Owns what is asked for that. What counts as gone wrong is the files' beside this one.

use std::collections::{BTreeMap, BTreeSet};

use super::deliveries::of_deliveries;
use super::queues::{FOR_EVER, of_queues};
use super::stage::Stage;
use super::symptom::Symptom;
use super::symptoms::{missed, of_counters, states};
use super::watch::Watch;

impl Stage {
    /// What went wrong so far.
    pub(super) fn symptoms(&self) -> Vec<Symptom> {
        let mut found = self.sightings.failures();
        let running =
            self.running().map(|(handle, spec)| (&*handle.instance, &**spec, &*handle.counters));
        found.extend(of_counters(running));
        let came = |place: &str| self.sightings.passed(place, false);
        found.extend(self.network.as_ref().map(|it| missed(it, came)).unwrap_or_default());
        if let Some((network, watch)) = self.network.as_ref().zip(self.watch.as_ref()) {
            found.extend(of_queues(watch, &came));
            // Who is gone wants nothing any more.
            if !self.has_ended() {
                let wishes = network.survey().wishes;
                found.extend(of_deliveries(&self.topology, &self.sightings, &wishes));
            }
            found.extend(self.lost.iter().cloned());
        }
        found
    }

    /// What handlers, queues and sockets came to, each a word.
    pub(super) fn states(&self) -> BTreeSet<String> {
        let watched = self.watch.as_ref().map(|watch| watch.states().clone());
        let mut found = watched.unwrap_or_default();
        found.extend(states(&self.counted()));
        found
    }

    /// How many messages each instance got and sent in the last while of a run that is watched.
    pub(super) fn last(&self) -> BTreeMap<String, (u64, u64)> {
        let samples = self.watch.as_ref().map_or(&[][..], Watch::samples);
        let Some(last) = samples.last() else { return BTreeMap::new() };
        let before = samples.iter().find(|sample| sample.at + FOR_EVER >= last.at);
        let moved = last.moved.iter().map(|(instance, (got, sent))| {
            let before = before.and_then(|before| before.moved.get(instance)).copied();
            let (had, gave) = before.unwrap_or_default();
            (instance.clone(), (got.saturating_sub(had), sent.saturating_sub(gave)))
        });
        moved.collect()
    }

    /// How many messages each instance that is watched got and sent in all, whoever it was.
    pub(super) fn passed(&self) -> BTreeMap<String, (u64, u64)> {
        let last = self.watch.as_ref().and_then(|watch| watch.samples().last());
        let names = last.into_iter().flat_map(|last| last.moved.keys());
        let passed = names.map(|name| {
            let of = |sent| self.sightings.passed(name, sent);
            (name.clone(), (of(false), of(true)))
        });
        passed.collect()
    }
}
