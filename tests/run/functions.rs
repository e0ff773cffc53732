//! Functions of handlers against Python's own library: hashes, codecs, compression, forms of values,
//! layouts, patterns, moments and tables, each on a thousand random inputs.

use crate::support::{Peer, Zrig, free_port};

/// Computes what the first frame names of what the others hold.
const SCRIPT: &str = r#"
fn on_message(msg) {
    let f = msg.frames;
    let name = f[0].as_string();
    switch name {
        "sha1" => sha1(f[1]),
        "sha256" => sha256(f[1]),
        "sha512" => sha512(f[1]),
        "md5" => md5(f[1]),
        "hmac_sha256" => hmac_sha256(f[1], f[2]),
        "crc32" => crc32(f[1]),
        "to_hex" => f[1].to_hex(),
        "from_hex" => from_hex(f[1].as_string()),
        "to_base64" => f[1].to_base64(),
        "from_base64" => from_base64(f[1].as_string()),
        "to_z85" => f[1].to_z85(),
        "from_z85" => from_z85(f[1].as_string()),
        "compress" => compress(f[1], f[2].as_string()),
        "decompress" => decompress(f[1], f[2].as_string()),
        "through msgpack" => to_msgpack(from_msgpack(f[1])),
        "from_msgpack" => to_json(from_msgpack(f[1])),
        "to_msgpack" => to_msgpack(parse_json(f[1].as_string())),
        "through cbor" => to_cbor(from_cbor(f[1])),
        "from_cbor" => to_json(from_cbor(f[1])),
        "to_cbor" => to_cbor(parse_json(f[1].as_string())),
        "pack" => pack(f[1].as_string(), from_msgpack(f[2])),
        "unpack" => to_msgpack(unpack(f[1].as_string(), f[2])),
        "matches" => f[1].as_string().matches(f[2].as_string()),
        "find" => to_msgpack(f[1].as_string().find(f[2].as_string())),
        "captures" => to_msgpack(f[1].as_string().captures(f[2].as_string())),
        "replace_all" => f[1].as_string().replace_all(f[2].as_string(), f[3].as_string()),
        "time_text" => time_text(from_msgpack(f[1])),
        "parse_time" => to_msgpack(parse_time(f[1].as_string())),
        "format" => format(from_msgpack(f[1]), f[2].as_string()),
        "parse_csv" => to_msgpack(parse_csv(f[1].as_string())),
        "to_csv" => to_csv(from_msgpack(f[1])),
        _ => { throw `there is no ${name}`; }
    }
}
"#;

#[test]
fn functions_do_what_pythons_library_does() {
    let port = free_port();
    let run = Zrig::of(&format!(
        "nodes: {{computer: {{role: rep, bind: {port}, script: functions.rhai}}}}"
    ))
    .with("functions.rhai", SCRIPT)
    .arguments(["--log", "error"])
    .start();
    let told = Peer::functions(&port.to_string()).well();
    assert!(told["functions"].as_u64().unwrap() >= 39, "{told}");
    run.stop();
}

/// What two runs with one seed print, and one with another.
#[test]
fn a_seed_makes_chance_repeat() {
    let printed = |seed: &str| {
        let ending = Zrig::of(
            "
nodes:
  thrower:
    role: pull
    bind: tcp://127.0.0.1:*
    replicas: 2
    on_message: print(msg)
    on_start: print(`throws ${random(1, 1000000)} ${random()} ${pick([1, 2, 3])} ${shuffle([1, 2, 3])} ${uuid()}`)
",
        )
        .arguments(["--seed", seed])
        .lasting("200ms")
        .ends();
        let lines = ending.log.iter().filter_map(|line| line.split_once("throws "));
        let mut thrown: Vec<String> = lines.map(|(_, thrown)| thrown.to_owned()).collect();
        thrown.sort();
        assert_eq!(thrown.len(), 2, "{}", ending.text());
        thrown
    };
    let first = printed("7");
    assert_ne!(first[0], first[1], "each copy throws its own");
    assert_eq!(printed("7"), first);
    assert_ne!(printed("8"), first);
}
