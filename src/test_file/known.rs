//! Every word of a test file: the keys of tests, peers and steps, and the figures of `counters`.
//!
//! Owns these lists, which the checker reads by, and with which others complete and explain.

/// The keys of the whole file.
pub const TOP: &[&str] = &["topology", "tests"];
/// The keys of a test.
pub const TEST: &[&str] = &["name", "without", "peers", "steps", "always"];
/// The keys of a peer.
pub const PEER: &[&str] =
    &["role", "connect", "bind", "format", "identity", "msgids", "topics", "hwm"];
/// What a message is made of.
pub const MESSAGE: &[&str] = &["text", "json", "frames", "msgid", "topic"];
/// What a frame is made of that is no text.
pub const FRAME: &[&str] = &["rhai"];
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
    /// What it does, in one line.
    pub meaning: &'static str,
}

/// Every step.
pub const STEPS: &[Step] = &[
    Step {
        name: "send",
        keys: &[SEND, MESSAGE],
        example: "send: {from: station, text: hello}",
        meaning: "A node or a peer sends a message, or a node takes one as received.",
    },
    Step {
        name: "expect",
        keys: &[EXPECT, SEEN, LINES],
        example: "expect: {at: display, log: hello, within: 1s}",
        meaning: "This has to be seen within the time.",
    },
    Step {
        name: "never",
        keys: &[NEVER, SEEN, LINES],
        example: "never: {at: display, text: hello, for: 1s}",
        meaning: "This must not be seen for the time.",
    },
    Step { name: "wait", keys: &[], example: "wait: 500ms", meaning: "Time passes." },
    Step {
        name: "tick",
        keys: &[TICK],
        example: "tick: station",
        meaning: "A timer of a node falls now.",
    },
    Step {
        name: "kill",
        keys: &[],
        example: "kill: worker.2",
        meaning: "A node, or one copy, vanishes without a word.",
    },
    Step {
        name: "start",
        keys: &[],
        example: "start: worker.2",
        meaning: "One that was killed is back, with nothing but what it persists.",
    },
    Step {
        name: "cut",
        keys: &[],
        example: "cut: [station, display]",
        meaning: "Nothing passes between two nodes or peers any more.",
    },
    Step {
        name: "heal",
        keys: &[],
        example: "heal: [station, display]",
        meaning: "What was cut passes again.",
    },
    Step {
        name: "delay",
        keys: &[DELAY],
        example: "delay: {between: [station, display], by: 100ms}",
        meaning: "Each message between two takes so long.",
    },
    Step {
        name: "slow",
        keys: &[SLOW],
        example: "slow: {node: display, by: 100ms}",
        meaning: "Each call of a handler of a node takes so long.",
    },
    Step {
        name: "save",
        keys: &[SAVE],
        example: "save: {set: {nodes.display.hwm: 5}}",
        meaning: "Another version of the topology is saved, which reloads.",
    },
    Step {
        name: "call",
        keys: &[CALL, MESSAGE],
        example: "call: {node: display, text: hello, returns: 1}",
        meaning: "One handler alone is called, with an empty state and without a socket.",
    },
];

/// The step of that name.
#[must_use]
pub fn step(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

/// A figure that `always` reads of `counters`, a whole number.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Whether a socket has it too, `counters.NODE.SOCKET.FIGURE`; every node does,
    /// `counters.NODE.FIGURE`.
    pub of_sockets: bool,
    /// What it counts.
    pub meaning: &'static str,
}

const fn figure(name: &'static str, of_sockets: bool, meaning: &'static str) -> Figure {
    Figure { name, of_sockets, meaning }
}

/// Every figure: of a node the sum of its copies and sockets, those that are gone among them.
pub const FIGURES: &[Figure] = &[
    figure("sent", true, "messages handed to ZeroMQ"),
    figure("received", true, "messages that came in"),
    figure("dropped", true, "messages dropped, for whatever reason"),
    figure("peers", true, "connections that are up"),
    figure("waiting", false, "messages handled and not yet taken by a socket"),
    figure("handled", false, "events that a handler was called for"),
    figure("failed", false, "calls of handlers that failed"),
    figure("lines_read", false, "lines that `read` took"),
    figure("lines_written", false, "lines that `write` wrote"),
];

/// What a key means, in one line: of one owner (a step, `peers`), or wherever it stands.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("", "topology", "The topology that is tested, a path from the folder of this file."),
    ("", "tests", "The tests: each is a run of its own."),
    ("", "name", "What has to hold, as a sentence; `--filter` chooses by it."),
    ("", "peers", "Programs outside that the test plays, by name: one socket each."),
    ("", "without", "Nodes that do not run here: peers may play their part."),
    ("", "steps", "What is done and looked for, one after the other."),
    ("", "always", "Rhai expressions of `counters` that have to hold all the time."),
    ("", "role", "The socket type."),
    ("", "connect", "The node, its socket or the endpoint that it connects to."),
    ("", "bind", "The endpoint that it binds."),
    ("", "format", "How its messages are laid out; that of its role unless said."),
    ("", "identity", "Its routing id."),
    ("", "msgids", "The message ids that it takes."),
    ("", "topics", "The topics that it takes; `all` for everything."),
    ("", "hwm", "Its high-water marks."),
    ("", "text", "The body as text."),
    ("", "json", "The body as JSON."),
    ("", "frames", "All frames as they are, in place of a body."),
    ("", "rhai", "A Rhai expression that the frame comes to, a text or bytes."),
    ("", "msgid", "The message id."),
    ("", "topic", "The topic."),
    ("", "at", "The node, copy, socket or peer that is looked at."),
    ("", "where", "A Rhai expression of `msg` that has to be true."),
    ("", "sent", "Whether it is a message that goes out there, in place of one that arrives."),
    ("", "log", "A text that a line of the node's log has in it."),
    ("", "fails", "A text that the error of a handler has in it."),
    ("", "file", "A text that a line of the node's `write` file has in it."),
    ("", "count", "How many of them; 1 unless said."),
    ("", "within", "How long it may take; 1 s unless said."),
    ("", "for", "How long it must not be seen; 1 s unless said."),
    ("", "node", "The node, or one copy of it."),
    ("", "timer", "The timer's name under `timers`."),
    ("", "between", "The two nodes or peers."),
    ("", "by", "How much longer it takes; 0 ends it."),
    ("send", "from", "The node, its socket or the peer that sends it."),
    (
        "send",
        "to",
        "The node that takes it as received; beside `from` on a router, the routing id.",
    ),
    ("save", "file", "A file whose text is saved in place of the topology's."),
    ("save", "set", "Keys of the topology with other values; null takes one away."),
    ("call", "handler", "The handler; that of its message unless said."),
    ("call", "socket", "The socket that the message is of; the first that receives unless said."),
    ("call", "state", "What `this` is before."),
    ("call", "returns", "What it has to return."),
    ("call", "sends", "The bodies of all that it has to send, in order."),
    ("call", "this", "What `this` has to have after it."),
];

/// What a key means, in one line; `owner` is the step that it is a key of, or nothing.
#[must_use]
pub fn meaning(owner: &str, key: &str) -> Option<&'static str> {
    let of = |owner: &str| {
        let mut known = MEANINGS.iter();
        known.find(|(of, known, _)| *of == owner && *known == key).map(|(_, _, meaning)| *meaning)
    };
    of(owner).or_else(|| of(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_line() {
        let steps = STEPS.iter().flat_map(|step| step.keys.iter().map(|keys| (step.name, *keys)));
        let others = [("", TOP), ("", TEST), ("", PEER), ("", FRAME)];
        for (owner, keys) in others.into_iter().chain(steps) {
            for key in keys {
                assert!(meaning(owner, key).is_some(), "{owner} {key}");
            }
        }
        for (owner, key, _) in MEANINGS {
            let of_step =
                step(owner).is_some_and(|step| step.keys.iter().any(|it| it.contains(key)));
            assert!(owner.is_empty() || of_step, "{owner} {key}");
        }
    }
}
