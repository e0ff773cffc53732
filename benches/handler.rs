//! What one call of a handler costs, in nanoseconds: `cargo bench --bench handler`.
//!
//! Times `Handler::call_into` alone: making the message and performing the effects are the
//! node's. Messages come in bursts of 64, as they do in a node.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use zrig::clock::RunClock;
use zrig::message::{Format, Frame};
use zrig::script::{
    Effect, Engine, Handler, Handlers, Inbound, Invocation, NodeView, ScriptText, SocketView,
};
use zrig::zeromq::Role;

use mimalloc as _;

#[global_allocator]
static ALLOCATOR: zrig::memory::Counted<std::alloc::System> =
    zrig::memory::Counted(std::alloc::System);

const BURST: usize = 64;
const ROUNDS: usize = 15;

struct Work {
    name: &'static str,
    format: Format,
    frame: &'static str,
    script: &'static str,
}

/// A function of handlers, by a message with a text.
const fn of_text(name: &'static str, script: &'static str) -> Work {
    Work { name, format: Format::Plain, frame: TEXT, script }
}

const TEXT: &str = "1000 text 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567";
const JSON: &str =
    r#"1000 json {"id": 17, "city": "Oslo", "celsius": 4.5, "tags": ["a", "b"], "ok": true}"#;

/// A body beside a large state.
macro_rules! large {
    ($body:literal) => {
        concat!(
            "const T = #{k1: 1, k2: 2, k3: 3, k4: 4, k5: 5, k6: 6, k7: 7, k8: 8, k9: 9, k10: 10, \
             l1: 1, l2: 2, l3: 3, l4: 4, l5: 5, l6: 6, l7: 7, l8: 8, l9: 9, l10: 10}; \
             fn on_start() { this.k = \"k7\"; this.m = #{}; this.l = []; \
             for i in 0..20000 { this.m[`k${i}`] = i; this.l.push(i); } } \
             fn own() { \"k7\" in this.m } fn on_message(msg) { ",
            $body,
            " }"
        )
    };
}

/// A broker after the guide's Majordomo, with so many requests waiting; the oldest is the last of its array,
/// as in `scripts/balancer.rhai`.
macro_rules! broker {
    ($waiting:literal) => {
        concat!(
            "fn on_start() { this.services = #{echo: #{coming: [], requests: [], workers: []}}; for i in 0..",
            $waiting,
            r#" { this.services.echo.coming.push(#{text: `${i}`}); } }
            fn on_message(msg) { this.ask("echo", msg); this.free("echo", "worker 1"); }
            fn ask(name, request) {
                if name !in this.services { this.services[name] = #{coming: [], requests: [], workers: []}; }
                this.services[name].coming.push(request);
                this.dispatch(name);
            }
            fn free(name, worker) {
                this.services[name].workers.push(worker);
                this.dispatch(name);
            }
            fn dispatch(name) {
                if this.services[name] == () || this.services[name].workers == [] { return; }
                while this.has_request(name) && len(this.services[name].workers) > 0 {
                    let worker = this.services[name].workers.shift();
                    let request = this.services[name].requests.pop();
                    send_to("out", [worker, request.text]);
                }
            }
            fn has_request(name) {
                if this.services[name].requests == [] {
                    this.services[name].requests = this.services[name].coming;
                    this.services[name].requests.reverse();
                    this.services[name].coming = [];
                }
                this.services[name].requests != []
            }"#
        )
    };
}

const WORKS: &[Work] = &[
    Work {
        name: "empty, plain",
        format: Format::Plain,
        frame: "x",
        script: "fn on_message(msg) {}",
    },
    Work {
        name: "empty, msgid text",
        format: Format::Msgid,
        frame: TEXT,
        script: "fn on_message(msg) {}",
    },
    Work {
        name: "empty, msgid json",
        format: Format::Msgid,
        frame: JSON,
        script: "fn on_message(msg) {}",
    },
    Work { name: "msg", format: Format::Plain, frame: TEXT, script: "fn on_message(msg) { msg }" },
    Work {
        name: "if msg.msgid == 1000 { msg.body + \"!\" }",
        format: Format::Msgid,
        frame: TEXT,
        script: r#"fn on_message(msg) { if msg.msgid == 1000 { msg.body + "!" } }"#,
    },
    Work {
        name: "filter that drops",
        format: Format::Msgid,
        frame: TEXT,
        script: "fn on_message(msg) { if msg.msgid == 7 { msg } }",
    },
    Work {
        name: "filter that drops, json",
        format: Format::Msgid,
        frame: JSON,
        script: "fn on_message(msg) { if msg.msgid == 7 { msg.body } }",
    },
    Work {
        name: "let b = msg.body; b.celsius += 1; b",
        format: Format::Msgid,
        frame: JSON,
        script: "fn on_message(msg) { let b = msg.body; b.celsius += 1; b }",
    },
    Work {
        name: "`${msg.body.city} ${msg.body.id}`",
        format: Format::Msgid,
        frame: JSON,
        script: "fn on_message(msg) { `${msg.body.city} ${msg.body.id}` }",
    },
    Work {
        name: "this.n += 1; msg",
        format: Format::Plain,
        frame: TEXT,
        script: "fn on_message(msg) { this.n += 1; msg }",
    },
    Work {
        name: "send_to(\"out\", msg.text)",
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { send_to("out", msg.text); }"#,
    },
    of_text("sha1, 100 bytes", r#"fn on_message(msg) { sha1(msg.bytes); }"#),
    of_text("sha256, 100 bytes", r#"fn on_message(msg) { sha256(msg.bytes); }"#),
    of_text("sha512, 100 bytes", r#"fn on_message(msg) { sha512(msg.bytes); }"#),
    of_text("md5, 100 bytes", r#"fn on_message(msg) { md5(msg.bytes); }"#),
    of_text("crc32, 100 bytes", r#"fn on_message(msg) { crc32(msg.bytes); }"#),
    of_text("hmac_sha256, 100 bytes", r#"fn on_message(msg) { hmac_sha256("key", msg.bytes); }"#),
    of_text("to_hex, 100 bytes", r#"fn on_message(msg) { msg.bytes.to_hex(); }"#),
    of_text(
        "from_hex, 100 bytes",
        r#"const H = blob(100, 7).to_hex(); fn on_message(msg) { from_hex(H); }"#,
    ),
    of_text("to_base64, 100 bytes", r#"fn on_message(msg) { msg.bytes.to_base64(); }"#),
    of_text(
        "from_base64, 100 bytes",
        r#"const H = blob(100, 7).to_base64(); fn on_message(msg) { from_base64(H); }"#,
    ),
    of_text("to_z85, 100 bytes", r#"fn on_message(msg) { blob(100, 7).to_z85(); }"#),
    of_text(
        "from_z85, 100 bytes",
        r#"const H = blob(100, 7).to_z85(); fn on_message(msg) { from_z85(H); }"#,
    ),
    of_text("compress zlib, 100 bytes", r#"fn on_message(msg) { compress(msg.bytes, "zlib"); }"#),
    of_text(
        "decompress zlib, 100 bytes",
        r#"const Z = compress(blob(100, 7), "zlib"); fn on_message(msg) { decompress(Z, "zlib"); }"#,
    ),
    of_text("compress gzip, 100 bytes", r#"fn on_message(msg) { compress(msg.bytes, "gzip"); }"#),
    of_text(
        "decompress gzip, 100 bytes",
        r#"const Z = compress(blob(100, 7), "gzip"); fn on_message(msg) { decompress(Z, "gzip"); }"#,
    ),
    of_text(
        "compress deflate, 100 bytes",
        r#"fn on_message(msg) { compress(msg.bytes, "deflate"); }"#,
    ),
    of_text(
        "decompress deflate, 100 bytes",
        r#"const Z = compress(blob(100, 7), "deflate"); fn on_message(msg) { decompress(Z, "deflate"); }"#,
    ),
    of_text("compress zstd, 100 bytes", r#"fn on_message(msg) { compress(msg.bytes, "zstd"); }"#),
    of_text(
        "decompress zstd, 100 bytes",
        r#"const Z = compress(blob(100, 7), "zstd"); fn on_message(msg) { decompress(Z, "zstd"); }"#,
    ),
    of_text("compress lz4, 100 bytes", r#"fn on_message(msg) { compress(msg.bytes, "lz4"); }"#),
    of_text(
        "decompress lz4, 100 bytes",
        r#"const Z = compress(blob(100, 7), "lz4"); fn on_message(msg) { decompress(Z, "lz4"); }"#,
    ),
    of_text(
        "to_json, five fields",
        r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_json(V); }"#,
    ),
    of_text(
        "parse_json, five fields",
        r#"const V = to_json(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { parse_json(V); }"#,
    ),
    of_text(
        "to_msgpack, five fields",
        r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_msgpack(V); }"#,
    ),
    of_text(
        "from_msgpack, five fields",
        r#"const V = to_msgpack(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { from_msgpack(V); }"#,
    ),
    of_text(
        "to_cbor, five fields",
        r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_cbor(V); }"#,
    ),
    of_text(
        "from_cbor, five fields",
        r#"const V = to_cbor(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { from_cbor(V); }"#,
    ),
    of_text("pack, four numbers", r#"fn on_message(msg) { pack("<IHqd", [1, 2, 3, 4.5]); }"#),
    of_text(
        "unpack, four numbers",
        r#"const B = pack("<IHqd", [1, 2, 3, 4.5]); fn on_message(msg) { unpack("<IHqd", B); }"#,
    ),
    of_text("matches, 100 bytes", r#"fn on_message(msg) { msg.text.matches("x[0-9]+y"); }"#),
    of_text("find, 100 bytes", r#"fn on_message(msg) { msg.text.find("[0-9]+"); }"#),
    of_text(
        "captures, 100 bytes",
        r#"fn on_message(msg) { msg.text.captures("([0-9]+) (\\w+)"); }"#,
    ),
    of_text(
        "replace_all, 100 bytes",
        r#"fn on_message(msg) { msg.text.replace_all("[0-9]{20}", "-"); }"#,
    ),
    of_text("time_text", r#"fn on_message(msg) { time_text(1764340200.5); }"#),
    of_text("parse_time", r#"fn on_message(msg) { parse_time("2025-11-28T14:30:00Z"); }"#),
    of_text("format", r#"fn on_message(msg) { format(3.14159, "08.2"); }"#),
    of_text(
        "parse_csv, five fields",
        r#"fn on_message(msg) { parse_csv("17,Oslo,4.5,\"a, b\",true"); }"#,
    ),
    of_text(
        "to_csv, five fields",
        r#"fn on_message(msg) { to_csv([17, "Oslo", 4.5, "a, b", true]); }"#,
    ),
    of_text("random", r#"fn on_message(msg) { random(); }"#),
    of_text("random, an integer", r#"fn on_message(msg) { random(1, 6); }"#),
    of_text(
        "pick of ten",
        r#"const A = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; fn on_message(msg) { pick(A); }"#,
    ),
    of_text(
        "shuffle of ten",
        r#"const A = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; fn on_message(msg) { shuffle(A); }"#,
    ),
    of_text("uuid", r#"fn on_message(msg) { uuid(); }"#),
    of_text("this.m.contains(key), of 20,000", large!(r#"this.m.contains("k7");"#)),
    of_text("key in this.m, of 20,000", large!(r#""k7" in this.m;"#)),
    of_text("this.m[key] == (), of 20,000", large!(r#"this.m["k7"] == ();"#)),
    of_text("this.m == (), of 20,000", large!("this.m == ();")),
    of_text("len(this.m), of 20,000", large!("len(this.m);")),
    of_text("this.l.push(shift()), of 20,000", large!("this.l.push(this.l.shift());")),
    of_text("this.l == [], of 20,000", large!("this.l == [];")),
    of_text("key in this.m in a function, of 20,000", large!("this.own();")),
    of_text("CONSTANT[key], of 20", large!("T[this.k];")),
    of_text("a broker's request, none waiting", broker!("0")),
    of_text("a broker's request, 20,000 waiting", broker!("20_000")),
];

/// Bursts a round; fewer than the default is for counting instructions under a tool.
fn bursts() -> usize {
    std::env::var("BURSTS").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000)
}

fn main() {
    let bursts = bursts();
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    println!("{:44} {:>8} {:>8} {:>8}", "handler", "min ns", "median", "max");
    for work in WORKS
        .iter()
        .filter(|work| only.as_ref().is_none_or(|only| work.name.contains(only.as_str())))
    {
        let mut handler = handler_of(work);
        let mut times: Vec<Duration> =
            (0..ROUNDS).map(|_| round(&mut handler, work, bursts)).collect();
        times.sort();
        let nanos = |time: Duration| time.as_nanos() as f64 / (BURST * bursts) as f64;
        println!(
            "{:44} {:8.1} {:8.1} {:8.1}",
            work.name,
            nanos(times[0]),
            nanos(times[ROUNDS / 2]),
            nanos(times[ROUNDS - 1])
        );
    }
}

fn round(handler: &mut Handler, work: &Work, bursts: usize) -> Duration {
    let mut time = Duration::ZERO;
    let mut effects: VecDeque<Effect> = VecDeque::new();
    for _ in 0..bursts {
        let burst: Vec<Invocation> = (0..BURST).map(|_| message(work.frame)).collect();
        let start = Instant::now();
        for event in burst {
            if let Err(error) = handler.call_into(event, &mut effects) {
                panic!("{}: {error}", work.name);
            }
        }
        time += start.elapsed();
        black_box(&effects);
        effects.clear();
    }
    time
}

fn message(frame: &str) -> Invocation {
    Invocation::Message(Inbound {
        socket: 0,
        payload: [Frame::from(frame)].into_iter().collect(),
        route: None,
    })
}

fn handler_of(work: &Work) -> Handler {
    let engine = Rc::new(Engine::new());
    let script = match work.script.contains("fn on_start") {
        true => work.script.to_owned(),
        false => format!("fn on_start() {{ this.n = 0; }} {}", work.script),
    };
    let text = ScriptText {
        path: "bench.rhai".into(),
        handlers: Handlers::File(script.into()),
        modules: Default::default(),
    };
    let program = match engine.compile(&text) {
        Ok(program) => program,
        Err(faults) => panic!("{faults:?}"),
    };
    let socket_view =
        |name: &str, role| SocketView { name: name.into(), role, format: work.format, msgid: 1000 };
    let view = NodeView {
        node: "bench".into(),
        replica: "bench".into(),
        replica_index: 1,
        seed: None,
        params: serde_json::Map::new(),
        sockets: vec![socket_view("in", Role::Pull), socket_view("out", Role::Push)],
        clock: RunClock::begun(),
        writes: false,
        state_limit: usize::MAX,
    };
    let mut handler = Handler::new(&engine, program, view);
    if let Err(error) = handler.call_into(Invocation::Start, &mut VecDeque::new()) {
        panic!("{error}");
    }
    handler
}
