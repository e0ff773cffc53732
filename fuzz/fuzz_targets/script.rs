//! `zrig check` on any text as a handler: never a panic, and a place for every fault.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zrig::cli::{Look, draw};
use zrig::load::load_text;

/// A node with two sockets, so that rules about which of them is meant come into play.
const HEAD: &str = "nodes:
  hub:
    sockets: {in: {role: pull, bind: 5557}, out: {role: push, bind: 5558}}
    params: {limit: 1}
    on_in: |
";

fuzz_target!(|text: &str| {
    let mut yaml = HEAD.to_owned();
    for line in text.lines() {
        yaml.push_str("      ");
        yaml.push_str(line);
        yaml.push('\n');
    }
    let loaded = load_text("fuzzed/topology.yaml".as_ref(), &yaml, &|_| None);
    let _ = draw(&loaded.diagnostics, &loaded.sources, Look::Full { colours: false });
});
