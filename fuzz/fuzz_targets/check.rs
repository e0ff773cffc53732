//! `zrig check` on any text as a topology: never a panic, and a place for every fault.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zrig::cli::{Look, draw};
use zrig::load::load_text;

fuzz_target!(|text: &str| {
    let loaded = load_text("fuzzed/topology.yaml".as_ref(), text, &|_| None);
    let _ = draw(&loaded.diagnostics, &loaded.sources, Look::Full { colours: false });
    let has_error = loaded.diagnostics.iter().any(|fault| fault.is_error());
    assert_eq!(loaded.topology.is_none(), has_error);
});
