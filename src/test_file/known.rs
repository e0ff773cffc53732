//! Every word of a test file: the keys of tests, peers and steps, and the figures of `counters`.
//!
//! Owns these lists, which the checker reads by, and with which others complete and explain.

/// The keys of the whole file.
pub const TOP: &[&str] = &["topology", "tests"];
/// The keys of a test.
pub const TEST: &[&str] = &["name", "peers", "steps", "always"];
/// The keys of a peer.
pub const PEER: &[&str] =
    &["role", "connect", "bind", "format", "identity", "msgids", "topics", "hwm"];
/// What a message is made of.
pub const MESSAGE: &[&str] = &["text", "json", "frames", "msgid", "topic"];
/// What else `send` takes.
pub const SEND: &[&str] = &["from", "to"];
/// What a message that is looked for has to be.
pub const SEEN: &[&str] = &["text", "json", "msgid", "topic", "where", "sent"];
/// What else can be looked for: each alone.
pub const LINES: &[&str] = &["log", "fails", "file"];
/// What else `expect` takes.
pub const EXPECT: &[&str] = &["at", "count", "within"];
/// What else `never` takes.
pub const NEVER: &[&str] = &["at", "count", "for"];
/// What `tick` takes.
pub const TICK: &[&str] = &["node", "timer"];
/// What `delay` takes.
pub const DELAY: &[&str] = &["between", "by"];
/// What `slow` takes.
pub const SLOW: &[&str] = &["node", "by"];
/// What `save` takes.
pub const SAVE: &[&str] = &["file", "set"];
/// What `call` takes beside a message.
pub const CALL: &[&str] = &["node", "handler", "socket", "state", "returns", "sends", "this"];

/// A kind of step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its key.
    pub name: &'static str,
    /// The keys below it; none where it takes no map.
    pub keys: &'static [&'static [&'static str]],
    /// What it can look like.
    pub example: &'static str,
}

/// Every step.
pub const STEPS: &[Step] = &[
    Step {
        name: "send",
        keys: &[SEND, MESSAGE],
        example: "send: {from: station, text: hello}",
    },
    Step {
        name: "expect",
        keys: &[EXPECT, SEEN, LINES],
        example: "expect: {at: display, log: hello, within: 1s}",
    },
    Step {
        name: "never",
        keys: &[NEVER, SEEN, LINES],
        example: "never: {at: display, text: hello, for: 1s}",
    },
    Step { name: "wait", keys: &[], example: "wait: 500ms" },
    Step { name: "tick", keys: &[TICK], example: "tick: station" },
    Step { name: "kill", keys: &[], example: "kill: worker.2" },
    Step { name: "start", keys: &[], example: "start: worker.2" },
    Step { name: "cut", keys: &[], example: "cut: [station, display]" },
    Step { name: "heal", keys: &[], example: "heal: [station, display]" },
    Step {
        name: "delay",
        keys: &[DELAY],
        example: "delay: {between: [station, display], by: 100ms}",
    },
    Step { name: "slow", keys: &[SLOW], example: "slow: {node: display, by: 100ms}" },
    Step { name: "save", keys: &[SAVE], example: "save: {set: {nodes.display.hwm: 5}}" },
    Step {
        name: "call",
        keys: &[CALL, MESSAGE],
        example: "call: {node: display, text: hello, returns: 1}",
    },
];

/// The step of that name.
#[must_use]
pub fn step(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

/// A figure that `always` reads of `counters`.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Whether a node as a whole has it, `counters.NODE.FIGURE`: the sum of its copies.
    pub of_nodes: bool,
    /// Whether a socket has it, `counters.NODE.SOCKET.FIGURE`.
    pub of_sockets: bool,
    /// Whether a peer of the test has it, `counters.PEER.FIGURE`.
    pub of_peers: bool,
    /// What it counts.
    pub meaning: &'static str,
}

const fn figure(name: &'static str, of: [bool; 3], meaning: &'static str) -> Figure {
    let [of_nodes, of_sockets, of_peers] = of;
    Figure { name, of_nodes, of_sockets, of_peers, meaning }
}

/// Every figure. `blocked` is true or false, the others are whole numbers.
pub const FIGURES: &[Figure] = &[
    figure("sent", [true, true, true], "messages handed to ZeroMQ"),
    figure("received", [true, true, true], "messages that came in"),
    figure("dropped", [true, true, false], "messages dropped, for whatever reason"),
    figure("blocked", [true, true, false], "whether a message waits for room in a full queue"),
    figure("connected", [false, true, false], "connections that are up"),
    figure("waiting", [true, false, false], "messages handled and not yet taken by a socket"),
    figure("handled", [true, false, false], "events that a handler was called for"),
    figure("failed", [true, false, false], "calls of handlers that failed"),
    figure("lines_read", [true, false, false], "lines that `read` took"),
    figure("lines_written", [true, false, false], "lines that `write` wrote"),
];
