//! What one call of a handler costs, in nanoseconds: `cargo bench --bench handler`.
//!
//! Times `Handler::call_into` alone: making the message and performing the effects are the
//! node's. Messages come in bursts of 64, as they do in a node.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

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

const TEXT: &str = "1000 text 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567";
const JSON: &str =
    r#"1000 json {"id": 17, "city": "Oslo", "celsius": 4.5, "tags": ["a", "b"], "ok": true}"#;

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
    Work {
        name: r#"sha1, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { sha1(msg.bytes); }"#,
    },
    Work {
        name: r#"sha256, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { sha256(msg.bytes); }"#,
    },
    Work {
        name: r#"sha512, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { sha512(msg.bytes); }"#,
    },
    Work {
        name: r#"md5, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { md5(msg.bytes); }"#,
    },
    Work {
        name: r#"crc32, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { crc32(msg.bytes); }"#,
    },
    Work {
        name: r#"hmac_sha256, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { hmac_sha256("key", msg.bytes); }"#,
    },
    Work {
        name: r#"to_hex, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.bytes.to_hex(); }"#,
    },
    Work {
        name: r#"from_hex, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const H = blob(100, 7).to_hex(); fn on_message(msg) { from_hex(H); }"#,
    },
    Work {
        name: r#"to_base64, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.bytes.to_base64(); }"#,
    },
    Work {
        name: r#"from_base64, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const H = blob(100, 7).to_base64(); fn on_message(msg) { from_base64(H); }"#,
    },
    Work {
        name: r#"to_z85, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { blob(100, 7).to_z85(); }"#,
    },
    Work {
        name: r#"from_z85, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const H = blob(100, 7).to_z85(); fn on_message(msg) { from_z85(H); }"#,
    },
    Work {
        name: r#"compress zlib, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { compress(msg.bytes, "zlib"); }"#,
    },
    Work {
        name: r#"decompress zlib, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const Z = compress(blob(100, 7), "zlib"); fn on_message(msg) { decompress(Z, "zlib"); }"#,
    },
    Work {
        name: r#"compress gzip, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { compress(msg.bytes, "gzip"); }"#,
    },
    Work {
        name: r#"decompress gzip, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const Z = compress(blob(100, 7), "gzip"); fn on_message(msg) { decompress(Z, "gzip"); }"#,
    },
    Work {
        name: r#"compress deflate, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { compress(msg.bytes, "deflate"); }"#,
    },
    Work {
        name: r#"decompress deflate, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const Z = compress(blob(100, 7), "deflate"); fn on_message(msg) { decompress(Z, "deflate"); }"#,
    },
    Work {
        name: r#"compress zstd, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { compress(msg.bytes, "zstd"); }"#,
    },
    Work {
        name: r#"decompress zstd, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const Z = compress(blob(100, 7), "zstd"); fn on_message(msg) { decompress(Z, "zstd"); }"#,
    },
    Work {
        name: r#"compress lz4, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { compress(msg.bytes, "lz4"); }"#,
    },
    Work {
        name: r#"decompress lz4, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const Z = compress(blob(100, 7), "lz4"); fn on_message(msg) { decompress(Z, "lz4"); }"#,
    },
    Work {
        name: r#"to_json, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_json(V); }"#,
    },
    Work {
        name: r#"parse_json, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = to_json(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { parse_json(V); }"#,
    },
    Work {
        name: r#"to_msgpack, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_msgpack(V); }"#,
    },
    Work {
        name: r#"from_msgpack, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = to_msgpack(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { from_msgpack(V); }"#,
    },
    Work {
        name: r#"to_cbor, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = #{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}; fn on_message(msg) { to_cbor(V); }"#,
    },
    Work {
        name: r#"from_cbor, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const V = to_cbor(#{id: 17, city: "Oslo", celsius: 4.5, tags: ["a", "b"], ok: true}); fn on_message(msg) { from_cbor(V); }"#,
    },
    Work {
        name: r#"pack, four numbers"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { pack("<IHqd", [1, 2, 3, 4.5]); }"#,
    },
    Work {
        name: r#"unpack, four numbers"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const B = pack("<IHqd", [1, 2, 3, 4.5]); fn on_message(msg) { unpack("<IHqd", B); }"#,
    },
    Work {
        name: r#"matches, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.text.matches("x[0-9]+y"); }"#,
    },
    Work {
        name: r#"find, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.text.find("[0-9]+"); }"#,
    },
    Work {
        name: r#"captures, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.text.captures("([0-9]+) (\\w+)"); }"#,
    },
    Work {
        name: r#"replace_all, 100 bytes"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { msg.text.replace_all("[0-9]{20}", "-"); }"#,
    },
    Work {
        name: r#"time_text"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { time_text(1764340200.5); }"#,
    },
    Work {
        name: r#"parse_time"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { parse_time("2025-11-28T14:30:00Z"); }"#,
    },
    Work {
        name: r#"format"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { format(3.14159, "08.2"); }"#,
    },
    Work {
        name: r#"parse_csv, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { parse_csv("17,Oslo,4.5,\"a, b\",true"); }"#,
    },
    Work {
        name: r#"to_csv, five fields"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { to_csv([17, "Oslo", 4.5, "a, b", true]); }"#,
    },
    Work {
        name: r#"random"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { random(); }"#,
    },
    Work {
        name: r#"random, an integer"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { random(1, 6); }"#,
    },
    Work {
        name: r#"pick of ten"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const A = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; fn on_message(msg) { pick(A); }"#,
    },
    Work {
        name: r#"shuffle of ten"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"const A = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; fn on_message(msg) { shuffle(A); }"#,
    },
    Work {
        name: r#"uuid"#,
        format: Format::Plain,
        frame: TEXT,
        script: r#"fn on_message(msg) { uuid(); }"#,
    },
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
    let script = format!("fn on_start() {{ this.n = 0; }} {}", work.script);
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
        started: Instant::now(),
        writes: false,
        state_limit: usize::MAX,
    };
    let mut handler = Handler::new(&engine, program, view);
    if let Err(error) = handler.call_into(Invocation::Start, &mut VecDeque::new()) {
        panic!("{error}");
    }
    handler
}
