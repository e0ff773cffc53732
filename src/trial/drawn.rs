//! Small topologies with tests of them, drawn from a seed: for whoever compares or counts.
//!
//! Owns what they consist of. Carries nothing out.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::document::with_values;
use crate::load::{load, load_tests_text, load_text};
use crate::test_file::{Saved, TestSpec};
use crate::topology::Topology;

/// What may be done in a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Allowed {
    /// Whether nodes die, are slow, and other versions are saved.
    pub(super) faults: bool,
    /// Whether lines are cut and delayed, which real ones cannot be.
    pub(super) lines: bool,
    /// How many steps there are at most.
    pub(super) steps: usize,
}

/// A topology with a test of it.
pub(super) struct Drawn {
    pub(super) topology: Topology,
    pub(super) test: TestSpec,
    /// The topology's text, and the test's.
    pub(super) texts: (String, String),
    /// Who sends to whom: the sockets, and whether all of it is for each receiver.
    pub(super) flows: Vec<Flow>,
    /// What is in it, in words.
    pub(super) traits: Vec<String>,
    folder: tempfile::TempDir,
}

/// Who sends to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) from: (&'static str, &'static str),
    pub(super) to: (&'static str, &'static str),
    /// What a subscriber wants; without it all is for one of the receivers.
    pub(super) topic: Option<&'static str>,
}

struct Draw {
    chance: StdRng,
    nodes: String,
    names: Vec<&'static str>,
    /// Those with handlers.
    handlers: Vec<&'static str>,
    /// Nodes that are linked.
    lines: Vec<(&'static str, &'static str)>,
    sources: Vec<&'static str>,
    flows: Vec<Flow>,
    traits: Vec<String>,
    address: u32,
    folder: String,
    endpoints: u32,
}

impl Drawn {
    /// The topology and the test of that seed.
    pub(super) fn new(seed: u64, allowed: Allowed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut draw = Draw {
            chance: StdRng::seed_from_u64(seed),
            nodes: "nodes:\n".to_owned(),
            names: Vec::new(),
            handlers: Vec::new(),
            lines: Vec::new(),
            sources: Vec::new(),
            flows: Vec::new(),
            traits: Vec::new(),
            address: address(),
            folder: folder.path().display().to_string(),
            endpoints: 0,
        };
        draw.shape();
        let steps = draw.steps(allowed);
        let Draw { nodes, flows, mut traits, .. } = draw;
        std::fs::write(folder.path().join("a.yaml"), &nodes).unwrap();
        let tests = format!("topology: a.yaml\ntests:\n  - name: drawn\n    steps:\n{steps}");
        let loaded = load_tests_text(&folder.path().join("a.test.yaml"), &tests, &|_| None);
        let faults: Vec<_> = loaded.diagnostics.iter().filter(|it| it.is_error()).collect();
        let (Some(file), Some(topology)) = (loaded.file, loaded.topology) else {
            panic!("seed {seed}: {faults:#?}\n{nodes}\n{tests}");
        };
        let test = file.tests[0].clone();
        traits.sort_unstable();
        traits.dedup();
        Self { topology, test, texts: (nodes, tests), flows, traits, folder }
    }

    /// Another version of the topology.
    pub(super) fn save(&self, saved: &Saved) -> Result<Topology, String> {
        let file = self.folder.path().join("a.yaml");
        let loaded = match saved {
            Saved::File(other) => load(other, &|_| None),
            Saved::Set(values) => {
                load_text(Path::new(&file), &with_values(&self.texts.0, values)?, &|_| None)
            }
        };
        loaded.topology.ok_or_else(|| format!("{:#?}", loaded.diagnostics))
    }
}

/// An address of this machine alone that no other topology has.
fn address() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(8, Ordering::Relaxed);
    let process = std::process::id().wrapping_mul(104_729 * 8);
    (127 << 24) | (256 + process.wrapping_add(next) % (0x00ff_ffff - 512))
}

impl Draw {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(&mut self.chance).unwrap()
    }

    fn endpoint(&mut self) -> String {
        self.endpoints += 1;
        let number = self.endpoints;
        let transport = self.one(&["tcp", "ipc", "inproc"]);
        self.traits.push(format!("transport {transport}"));
        match transport {
            "tcp" => {
                format!("'tcp://{}:23021'", std::net::Ipv4Addr::from_bits(self.address + number))
            }
            "ipc" => format!("'ipc://{}/{number}'", self.folder),
            _ => format!("'inproc://{number}'"),
        }
    }

    /// Marks of a socket; a REP or ROUTER of 1 drops what it answers, so that it cannot have it.
    fn hwm(&mut self) -> String {
        format!("hwm: {}", self.chance.random_range(2..=10))
    }

    fn node(&mut self, name: &'static str, text: &str) {
        let _ = writeln!(self.nodes, "  {name}: {{{text}}}");
        self.names.push(name);
        if text.contains("on_message") {
            self.handlers.push(name);
        }
        let words = [
            "pair", "pub", "sub", "req", "rep", "dealer", "router", "push", "pull", "xpub", "xsub",
        ];
        for word in words.iter().filter(|word| text.contains(&format!("role: {word},"))) {
            self.traits.push(format!("role {word}"));
        }
    }

    fn flow(&mut self, from: (&'static str, &'static str), to: (&'static str, &'static str)) {
        self.flows.push(Flow { from, to, topic: None });
    }

    fn shape(&mut self) {
        match self.chance.random_range(0..6) {
            0 | 1 => self.pipeline(),
            2 => self.publishing(),
            3 => self.asking(),
            4 => self.routing(),
            _ => self.pairing(),
        }
    }

    fn pipeline(&mut self) {
        let (in_, out) = (self.endpoint(), self.endpoint());
        let other = self.endpoint();
        let copies = self.chance.random_range(1..=2);
        let does = self.one(&[
            "on_message: 'msg'",
            "on_message: 'msg.text + \"!\"'",
            "on_message: 'if msg.text.contains(\"2\") { () } else { msg }'",
            "forward: [in, out]",
        ]);
        let hwm: [String; 4] = std::array::from_fn(|_| self.hwm());
        self.node("source", &format!("role: push, bind: {in_}, {}", hwm[0]));
        self.node("other", &format!("role: push, bind: {other}, {}", hwm[0]));
        self.node("worker", &format!(
            "replicas: {copies}, sockets: {{in: {{role: pull, connect: [source, other], {}}}, out: {{role: push, connect: sink, {}}}}}, {does}",
            hwm[1], hwm[2]
        ));
        self.node("sink", &format!("role: pull, bind: {out}, {}, on_message: '()'", hwm[3]));
        self.sources.extend(["source", "other"]);
        self.lines.extend([("source", "worker"), ("other", "worker"), ("worker", "sink")]);
        self.flow(("source", "push"), ("worker", "in"));
        self.flow(("other", "push"), ("worker", "in"));
        self.flow(("worker", "out"), ("sink", "pull"));
    }

    fn publishing(&mut self) {
        let (in_, out) = (self.endpoint(), self.endpoint());
        let hwm: [String; 5] = std::array::from_fn(|_| self.hwm());
        self.node("source", &format!("role: pub, bind: {in_}, format: plain, {}", hwm[0]));
        self.node("proxy", &format!(
            "sockets: {{in: {{role: xsub, connect: source, {}}}, out: {{role: xpub, bind: {out}, {}}}}}, forward: [in, out]",
            hwm[1], hwm[2]
        ));
        self.node(
            "one",
            &format!(
                "role: sub, connect: proxy.out, topics: [a], format: plain, {}, on_message: '()'",
                hwm[3]
            ),
        );
        self.node(
            "two",
            &format!(
                "role: sub, connect: source, topics: all, format: plain, {}, on_message: '()'",
                hwm[4]
            ),
        );
        self.sources.push("source");
        self.lines.extend([("source", "proxy"), ("proxy", "one"), ("source", "two")]);
        self.flows.push(Flow { from: ("source", "pub"), to: ("two", "sub"), topic: Some("") });
        self.flows.push(Flow { from: ("proxy", "out"), to: ("one", "sub"), topic: Some("a") });
    }

    fn asking(&mut self) {
        let is_brokered = self.chance.random_bool(0.5);
        let (in_, out) = (self.endpoint(), self.endpoint());
        let hwm: [String; 4] = std::array::from_fn(|_| self.hwm());
        if is_brokered {
            self.node("broker", &format!(
                "sockets: {{front: {{role: router, bind: {in_}, {}}}, back: {{role: dealer, bind: {out}, {}}}}}, forward: [front, back]",
                hwm[0], hwm[1]
            ));
            self.node(
                "server",
                &format!(
                    "role: rep, connect: broker.back, {}, on_message: 'msg.text + \"!\"'",
                    hwm[2]
                ),
            );
        } else {
            self.node(
                "server",
                &format!("role: rep, bind: {in_}, {}, on_message: 'msg.text + \"!\"'", hwm[2]),
            );
        }
        let to = if is_brokered { "broker.front" } else { "server" };
        let middle = if is_brokered { "broker" } else { "server" };
        self.lines.extend([("client", middle), ("other", middle)]);
        self.lines.extend(is_brokered.then_some(("broker", "server")));
        self.node("client", &format!("role: req, connect: {to}, {}, on_message: '()'", hwm[3]));
        self.node("other", &format!("role: req, connect: {to}, {}, on_message: '()'", hwm[3]));
        self.sources.extend(["client", "other"]);
    }

    fn routing(&mut self) {
        let in_ = self.endpoint();
        let hwm: [String; 2] = std::array::from_fn(|_| self.hwm());
        let does = self.one(&["msg", "reply(msg, msg.text + \"!\")"]);
        self.node(
            "server",
            &format!("role: router, bind: {in_}, {}, on_message: '{does}'", hwm[0]),
        );
        self.node(
            "client",
            &format!("role: dealer, connect: server, {}, on_message: '()'", hwm[1]),
        );
        self.node("other", &format!("role: dealer, connect: server, {}, on_message: '()'", hwm[1]));
        self.lines.extend([("client", "server"), ("other", "server")]);
        self.sources.extend(["client", "other"]);
    }

    fn pairing(&mut self) {
        let in_ = self.endpoint();
        let hwm: [String; 2] = std::array::from_fn(|_| self.hwm());
        self.node("one", &format!("role: pair, bind: {in_}, {}, on_message: 'if msg.text.contains(\"!\") {{ () }} else {{ msg.text + \"!\" }}'", hwm[0]));
        self.node("two", &format!("role: pair, connect: one, {}, on_message: '()'", hwm[1]));
        self.sources.push("two");
        self.lines.push(("one", "two"));
        self.flow(("two", "pair"), ("one", "pair"));
        self.flow(("one", "pair"), ("two", "pair"));
    }

    /// The steps of the test, as text.
    fn steps(&mut self, allowed: Allowed) -> String {
        let count = self.chance.random_range(3..=allowed.steps);
        let mut text = String::new();
        for number in 0..count {
            let fault = allowed.faults && self.chance.random_ratio(1, 3);
            if fault {
                self.fault(number, allowed, &mut text);
            } else {
                self.send(number, &mut text);
            }
        }
        text += "      - wait: 120ms\n";
        text
    }

    fn send(&mut self, number: usize, text: &mut String) {
        let sources = self.sources.clone();
        let from = self.one(&sources);
        let topic = self.one(&["a", "b"]);
        let _ = writeln!(text, "      - send: {{from: {from}, text: '{topic} {from} {number}'}}");
        text.push_str("      - wait: 30ms\n");
    }

    fn fault(&mut self, number: usize, allowed: Allowed, text: &mut String) {
        let (names, handlers) = (self.names.clone(), self.handlers.clone());
        let lines = self.lines.clone();
        let (node, (near, far)) = (self.one(&names), self.one(&lines));
        let slow = handlers.choose(&mut self.chance).copied();
        let most = if allowed.lines { 5 } else { 3 };
        let (word, begins, ends) = match (self.chance.random_range(0..most), slow) {
            (0, _) => (
                "kill",
                format!("      - kill: {node}\n      - wait: 60ms\n"),
                format!("      - start: {node}\n      - wait: 400ms\n"),
            ),
            (1, Some(slow)) => (
                "slow",
                format!("      - slow: {{node: {slow}, by: 20ms}}\n"),
                format!("      - wait: 80ms\n      - slow: {{node: {slow}, by: 0ms}}\n"),
            ),
            (2, _) if node != "worker" && node != "proxy" && node != "broker" => {
                let hwm = self.chance.random_range(2..=10);
                let save = format!(
                    "      - save: {{set: {{nodes.{node}.hwm: {hwm}}}}}\n      - wait: 300ms\n"
                );
                ("reload", save, String::new())
            }
            (3, _) => (
                "cut",
                format!("      - cut: [{near}, {far}]\n"),
                format!(
                    "      - wait: 100ms\n      - heal: [{near}, {far}]\n      - wait: 400ms\n"
                ),
            ),
            (4, _) => (
                "delay",
                format!("      - delay: {{between: [{near}, {far}], by: 50ms}}\n"),
                format!(
                    "      - wait: 200ms\n      - delay: {{between: [{near}, {far}], by: 0ms}}\n"
                ),
            ),
            _ => return self.send(number, text),
        };
        self.traits.push(format!("fault {word}"));
        text.push_str(&begins);
        if word != "kill" && word != "reload" {
            self.send(number, text);
        }
        text.push_str(&ends);
    }
}
