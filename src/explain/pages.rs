//! The pages of `docs/explain`, as part of the program.
//!
//! Owns the list of their names; a test holds it against the folder. Never reads a page.

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        /// Every page with its name, which is its path without `.md`.
        pub(super) const PAGES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../docs/explain/", $name, ".md")))),*
        ];
    };
}

pages! {
    "address", "allow", "back-pressure", "binary-star", "bind", "capture", "clone", "command", "environment", "on-exit", "process", "ready", "stop-of-a-program", "espresso", "freelance",
    "majordomo", "paranoid-pirate", "simple-pirate", "suicidal-snail", "titanic",
    "conflate", "connect", "counts", "credit", "curve",
    "dealer", "defaults", "delimiter", "deny", "drain",
    "dropped-message", "endpoint", "envelope", "every",
    "fair-queueing", "format", "forward", "frame",
    "handler-state", "handlers", "handshake", "head-of-line-blocking",
    "heartbeat", "high-water-mark", "identity", "inproc",
    "idle", "ipc", "isolate", "kill-signal", "last-value-cache",
    "lazy-pirate", "linger", "load-balancing", "lockstep",
    "low-water-mark", "monitor", "msg", "msgid", "msgids",
    "multipart", "name", "nodes", "on", "on-error",
    "options", "pair", "params", "persist", "places", "plain",
    "prefix-matching", "pub", "pull", "push",
    "read", "reconnect", "records", "reload", "rep",
    "replicas", "req", "role", "round-robin",
    "router", "script", "security", "self-connect", "sequence",
    "slow-joiner", "sockets", "start-barrier", "stream",
    "sub", "subscription", "synchronized-publisher", "tcp",
    "timers", "topics", "version", "when-full",
    "wildcard", "write", "ws", "xpub",
    "xsub", "zap", "codes/ZR0101", "codes/ZR0102",
    "codes/ZR0103", "codes/ZR0104", "codes/ZR0105", "codes/ZR0106",
    "codes/ZR0107", "codes/ZR0108", "codes/ZR0109", "codes/ZR0110",
    "codes/ZR0111", "codes/ZR0112", "codes/ZR0113", "codes/ZR0114",
    "codes/ZR0115", "codes/ZR0116", "codes/ZR0117", "codes/ZR0118",
    "codes/ZR0119", "codes/ZR0120", "codes/ZR0121", "codes/ZR0122", "codes/ZR0124", "codes/ZR0201", "codes/ZR0202", "codes/ZR0203",
    "codes/ZR0204", "codes/ZR0205", "codes/ZR0206", "codes/ZR0207",
    "codes/ZR0208", "codes/ZR0209", "codes/ZR0210", "codes/ZR0211",
    "codes/ZR0212", "codes/ZR0213", "codes/ZR0214", "codes/ZR0215", "codes/ZR0216", "codes/ZR0217", "codes/ZR0218", "codes/ZR0220",
    "codes/ZR0301", "codes/ZR0302", "codes/ZR0303", "codes/ZR0304",
    "codes/ZR0305", "codes/ZR0306", "codes/ZR0307", "codes/ZR0308",
    "codes/ZR0309", "codes/ZR0310", "codes/ZR0311", "codes/ZR0312",
    "codes/ZR0313", "codes/ZR0314", "codes/ZR0315", "codes/ZR0316",
    "codes/ZR0317", "codes/ZR0318", "codes/ZR0319", "codes/ZR0320",
    "codes/ZR0321", "codes/ZR0322", "codes/ZR0323", "codes/ZR0324",
    "codes/ZR0325", "codes/ZR0326", "codes/ZR0327", "codes/ZR0328",
    "codes/ZR0329", "codes/ZR0330", "codes/ZR0331", "codes/ZR0332",
    "codes/ZR0333", "codes/ZR0334", "codes/ZR0335",
    "codes/ZR0336", "codes/ZR0337", "codes/ZR0338", "codes/ZR0339", "codes/ZR0340", "codes/ZR0341",
    "codes/ZR0342", "codes/ZR0343", "codes/ZR0344", "codes/ZR0345", "codes/ZR0346", "codes/ZR0347", "codes/ZR0348",
    "codes/ZR0355", "codes/ZR0356", "codes/ZR0357", "codes/ZR0358", "codes/ZR0359", "codes/ZR0360", "codes/ZR0361",
    "codes/ZR0401", "codes/ZR0402", "codes/ZR0403", "codes/ZR0404", "codes/ZR0405", "codes/ZR0406", "codes/ZR0407",
    "codes/ZR0408", "codes/ZR0409", "always", "steps", "tests",
    "functions/after", "functions/bind", "functions/blob", "functions/busy", "functions/call", "functions/compress",
    "functions/connect", "functions/count", "functions/crc32",
    "functions/format", "functions/hmac_sha256", "functions/import", "functions/last_endpoint", "functions/later",
    "functions/matches", "functions/node", "functions/now",
    "functions/pack", "functions/param", "functions/parse_csv", "functions/pause",
    "functions/print", "functions/publish", "functions/random",
    "functions/reply", "functions/send", "functions/send_to",
    "functions/sha256", "functions/stop", "functions/subscribe",
    "functions/time_text", "functions/to_cbor", "functions/to_hex",
    "functions/to_json", "functions/to_msgpack",
}
