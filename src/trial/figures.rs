//! The figures that a test can ask of: `counters.NODE.FIGURE` and `counters.NODE.SOCKET.FIGURE`.
//!
//! Owns how they are summed up over copies, and over those that are gone. Never judges them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::outcome::Reached;
use crate::counters::{Counter, NodeCounters, SocketCounters};
use crate::topology::NodeSpec;

/// The counters of an instance that ran or runs.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) spec: Arc<NodeSpec>,
    pub(super) counters: Arc<NodeCounters>,
}

/// All figures, by node.
pub(super) fn figures(counted: &[Counted]) -> Map<String, Value> {
    let mut nodes: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    let mut sockets: BTreeMap<(&str, &str), BTreeMap<String, u64>> = BTreeMap::new();
    for one in counted {
        let node = nodes.entry(&one.spec.name).or_default();
        for (name, value) in [
            ("handled", one.counters.handled.get()),
            ("failed", one.counters.failed.get()),
            ("waiting", one.counters.waiting.get()),
            ("lines_read", one.counters.lines_read.get()),
            ("lines_written", one.counters.lines_written.get()),
        ] {
            *node.entry(name.to_owned()).or_default() += value;
        }
        for (spec, counters) in one.spec.sockets.iter().zip(one.counters.sockets()) {
            let socket = sockets.entry((&one.spec.name, &spec.name)).or_default();
            for (name, value) in of_socket(&counters) {
                *node.entry(name.to_owned()).or_default() += value;
                *socket.entry(name.to_owned()).or_default() += value;
            }
        }
    }
    let mut all: Map<String, Value> =
        nodes.into_iter().map(|(node, figures)| (node.to_owned(), object(figures))).collect();
    for ((node, socket), figures) in sockets {
        if let Some(Value::Object(node)) = all.get_mut(node) {
            node.insert(socket.to_owned(), object(figures));
        }
    }
    all
}

fn object(figures: BTreeMap<String, u64>) -> Value {
    figures.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn of_socket(counters: &SocketCounters) -> [(&'static str, u64); 4] {
    [
        ("sent", counters.messages_out.get()),
        ("received", counters.messages_in.get()),
        ("dropped", counters.dropped.iter().map(Counter::get).sum()),
        ("peers", counters.peers.get()),
    ]
}

/// What handlers and sockets came to.
pub(super) fn reached(counted: &[Counted]) -> Reached {
    let mut reached = Reached::default();
    for one in counted {
        let node = &one.spec.name;
        for handler in one.counters.handlers().iter() {
            let key = (node.clone(), handler.name.to_string());
            *reached.handlers.entry(key).or_default() += handler.calls.get();
        }
        for (spec, counters) in one.spec.sockets.iter().zip(one.counters.sockets()) {
            let through = counters.messages_in.get() + counters.messages_out.get();
            *reached.sockets.entry((node.clone(), spec.name.clone())).or_default() += through;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_file::known::FIGURES;
    use crate::topology::sound;

    #[test]
    fn every_figure_that_a_test_may_ask_of_is_there_and_no_other() {
        let topology = sound("nodes: {a: {role: push, bind: 'inproc://a'}}");
        let spec = Arc::clone(&topology.nodes[0]);
        let counters = Arc::new(NodeCounters::new(1));
        counters.sockets()[0].messages_out.add(2);
        let one = Counted { spec, counters };
        let all = figures(&[one.clone(), one]);
        assert_eq!(all["a"]["sent"], 4, "copies add up");
        assert_eq!(all["a"]["push"]["sent"], 4);
        let names =
            |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
        let mut wanted: Vec<&str> = FIGURES.iter().map(|figure| figure.name).collect();
        wanted.push("push");
        wanted.sort_unstable();
        assert_eq!(names(&all["a"]), wanted);
        let mut of_sockets: Vec<&str> =
            FIGURES.iter().filter(|it| it.of_sockets).map(|it| it.name).collect();
        of_sockets.sort_unstable();
        assert_eq!(names(&all["a"]["push"]), of_sockets);
    }
}
