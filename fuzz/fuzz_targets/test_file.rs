//! `zrig check` on any text as a test file of a topology: never a panic, and a place for every fault.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zrig::cli::{Look, draw};
use zrig::load::load_tests_text;

/// What is tested.
const TOPOLOGY: &str = r#"
nodes:
  station: {role: pub, bind: 15556, every: 500ms, on_tick: 'publish(1000, "x")'}
  display: {role: sub, connect: station, msgids: [1000], on_message: print(msg.text)}
  broker:
    sockets: {frontend: {role: router, bind: 15557}, backend: {role: dealer, bind: 15558}}
    forward: [frontend, backend]
  worker: {role: rep, connect: broker.backend, replicas: 3, timers: {check: 1s}, on_message: msg.text}
"#;

/// A folder with the topology `a.yaml`, which lasts as long as the process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for the topology").keep();
    std::fs::write(folder.join("a.yaml"), TOPOLOGY).expect("the topology is written");
    folder
});

fuzz_target!(|text: &str| {
    // Most of a text is tests; only some name a topology themselves.
    let text = match text.starts_with("topology:") {
        true => text.to_owned(),
        false => format!("topology: a.yaml\ntests:\n{text}"),
    };
    let loaded = load_tests_text(&FOLDER.join("fuzzed.test.yaml"), &text, &|_| None);
    let _ = draw(&loaded.diagnostics, &loaded.sources, Look::Full { colours: false });
    let has_error = loaded.diagnostics.iter().any(|fault| fault.is_error());
    assert_eq!(loaded.file.is_none(), has_error);
});
