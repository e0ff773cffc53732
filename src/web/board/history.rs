//! What was told in the last five minutes.
//!
//! Owns how much of it is kept: every sample of the last minute, one in five seconds of the four before,
//! the last events, and the last receipts. Never grows past that.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::sample::Sample;

/// For how many seconds every sample is kept.
const CLOSE: f64 = 60.0;
/// For how many seconds some are.
const FAR: f64 = 300.0;
/// How many seconds those lie apart.
const APART: f64 = 5.0;
/// How many events are kept.
const EVENTS: usize = 500;
/// How many bytes of them.
const EVENT_BYTES: usize = 2 << 20;
/// How many receipts are kept.
const RECEIPTS: usize = 200;
/// How many bytes of samples are told.
const SAMPLE_BYTES: usize = 8 << 20;

/// What was told, the oldest first, with its number.
#[derive(Clone, Default)]
pub(super) struct History {
    far: VecDeque<(u64, Arc<Sample>)>,
    close: VecDeque<(u64, Arc<Sample>)>,
    events: VecDeque<(u64, Arc<str>)>,
    event_bytes: usize,
    receipts: VecDeque<(u64, Arc<str>)>,
}

impl History {
    pub(super) fn sampled(&mut self, number: u64, sample: &Arc<Sample>) {
        let now = sample.time;
        self.close.push_back((number, Arc::clone(sample)));
        while let Some((_, oldest)) = self.close.front()
            && oldest.time < now - CLOSE
        {
            let is_apart = self.far.back().is_none_or(|(_, last)| last.time <= oldest.time - APART);
            let oldest = self.close.pop_front();
            self.far.extend(oldest.filter(|_| is_apart));
        }
        while self.far.front().is_some_and(|(_, oldest)| oldest.time < now - FAR) {
            self.far.pop_front();
        }
    }

    pub(super) fn happened(&mut self, number: u64, event: &Arc<str>) {
        self.event_bytes += event.len();
        self.events.push_back((number, Arc::clone(event)));
        while self.events.len() > EVENTS || self.event_bytes > EVENT_BYTES {
            let Some((_, oldest)) = self.events.pop_front() else { return };
            self.event_bytes -= oldest.len();
        }
    }

    pub(super) fn reloaded(&mut self, number: u64, receipt: Arc<str>) {
        self.receipts.push_back((number, receipt));
        if self.receipts.len() > RECEIPTS {
            self.receipts.pop_front();
        }
    }

    /// All of it as JSON: the first sample whole, of the others what changed.
    pub(super) fn told(&self) -> String {
        let mut bytes = 0;
        let samples: Vec<&(u64, Arc<Sample>)> = self.far.iter().chain(&self.close).collect();
        // From the newest back, as far as there is room: each at most as long as the whole one is.
        let mut told = VecDeque::new();
        for pair in samples.windows(2).rev() {
            let text = numbered(pair[1].0, &pair[1].1.since(&pair[0].1));
            bytes += text.len();
            if bytes > SAMPLE_BYTES {
                told.push_front(numbered(pair[1].0, &pair[1].1.whole()));
                break;
            }
            told.push_front(text);
        }
        if told.len() + 1 == samples.len() || (told.is_empty() && !samples.is_empty()) {
            told.push_front(numbered(samples[0].0, &samples[0].1.whole()));
        }
        let listed = |all: &VecDeque<(u64, Arc<str>)>| {
            all.iter().map(|(number, text)| numbered(*number, text)).collect::<Vec<_>>().join(",")
        };
        let samples = Vec::from(told).join(",");
        format!(
            "{{\"samples\":[{samples}],\"events\":[{}],\"receipts\":[{}]}}",
            listed(&self.events),
            listed(&self.receipts)
        )
    }
}

/// An object with its number.
fn numbered(number: u64, object: &str) -> String {
    match object.strip_prefix('{') {
        Some("}") | None => format!("{{\"id\":{number}}}"),
        Some(rest) => format!("{{\"id\":{number},{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::snapshot::{NodeSnapshot, Snapshot};

    fn sample(seconds: f64, nodes: usize, before: Option<&Arc<Sample>>) -> Arc<Sample> {
        let node = |at: usize| NodeSnapshot {
            instance: format!("node{at}"),
            handled: seconds as u64,
            ..Default::default()
        };
        let nodes = (0..nodes).map(node).collect();
        let snapshot = Snapshot { generation: 1, seconds, nodes, ..Default::default() };
        Arc::new(Sample::of(&snapshot, seconds, before.map(|sample| &**sample)))
    }

    fn of(count: u64, nodes: usize) -> History {
        let mut history = History::default();
        let mut before = None;
        for at in 0..count {
            let next = sample(at as f64 / 2.0, nodes, before.as_ref());
            history.sampled(at + 1, &next);
            before = Some(next);
        }
        history
    }

    #[test]
    fn five_minutes_are_kept_the_last_of_them_closely() {
        let history = of(2000, 1);
        assert_eq!(history.close.len(), 121);
        assert!(history.far.len() <= 49 && history.far.len() >= 47, "{}", history.far.len());
        let told: Value = serde_json::from_str(&history.told()).unwrap();
        let samples = told["samples"].as_array().unwrap();
        assert_eq!(samples.len(), history.close.len() + history.far.len());
        assert_eq!((&samples[0]["whole"], &samples[1]["whole"]), (&true.into(), &Value::Null));
        assert_eq!(samples.last().unwrap()["id"], 2000);
        assert_eq!(of(1, 1).told().matches("whole").count(), 1);
        assert_eq!(of(0, 1).told(), "{\"samples\":[],\"events\":[],\"receipts\":[]}");
    }

    #[test]
    fn a_large_topology_is_told_of_as_far_as_there_is_room() {
        let told = of(200, 1000).told();
        assert!(told.len() < SAMPLE_BYTES + (1 << 20), "{}", told.len());
        let told: Value = serde_json::from_str(&told).unwrap();
        let samples = told["samples"].as_array().unwrap();
        assert_eq!(samples[0]["whole"], true);
        assert!(samples[1..].iter().all(|sample| sample["whole"].is_null()));
        assert_eq!(samples.last().unwrap()["id"], 200);
    }

    #[test]
    fn the_last_events_and_receipts_are_kept() {
        let mut history = History::default();
        for number in 1..=3 * EVENTS as u64 {
            history.happened(number, &"{\"a\":1}".into());
            history.reloaded(number, "{}".into());
        }
        let told: Value = serde_json::from_str(&history.told()).unwrap();
        assert_eq!(told["events"].as_array().unwrap().len(), EVENTS);
        assert_eq!(told["receipts"].as_array().unwrap().len(), RECEIPTS);
        assert_eq!(told["events"][0]["id"], 2 * EVENTS as u64 + 1);
        let long: Arc<str> = format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES / 2)).into();
        for number in 0..4 {
            history.happened(number, &long);
        }
        assert!(history.event_bytes <= EVENT_BYTES && history.events.len() == 1);
    }
}
