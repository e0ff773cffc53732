//! What drawing a picture of many nodes costs, in milliseconds: `cargo bench --bench picture`.
//!
//! Times finding groups, laying out and writing the SVG, of shapes that are hard in different ways,
//! every node shown by itself.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends where it cannot go on")]

use std::fmt::Write as _;
use std::time::Instant;

use zrig::graph::{Open, Picture, svg};
use zrig::load::load;

use mimalloc as _;

const NODES: [usize; 3] = [60, 200, 1000];
const ROUNDS: usize = 7;

fn main() {
    println!(
        "{:<8} {:>6} {:>10} {:>10} {:>12}",
        "shape", "nodes", "folded ms", "drawn ms", "bytes"
    );
    for (shape, write) in
        [("fan", fan as fn(usize) -> String), ("chain", chain), ("pairs", pairs), ("mesh", mesh)]
    {
        for nodes in NODES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("drawn.yaml");
            std::fs::write(&path, write(nodes)).unwrap();
            let picture = Picture::of(&load(&path, &|_| None).topology.unwrap());
            let folded = fastest(|| picture.folded(&Open::default()).boxes.len());
            let mut bytes = 0;
            let drawn = fastest(|| {
                bytes = svg(&picture).len();
                bytes
            });
            println!("{shape:<8} {nodes:>6} {folded:>10.2} {drawn:>10.2} {bytes:>12}");
        }
    }
}

fn fastest(mut work: impl FnMut() -> usize) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(work());
        begun.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::INFINITY, f64::min)
}

/// One publisher and many subscribers.
fn fan(nodes: usize) -> String {
    let mut yaml = "nodes:\n  hub: {role: pub, bind: 'inproc://hub'}\n".to_owned();
    for at in 1..nodes {
        writeln!(yaml, "  n{at}: {{role: sub, connect: hub, topics: ['{at}.']}}").unwrap();
    }
    yaml
}

/// Each hands on to the next.
fn chain(nodes: usize) -> String {
    let mut yaml = "nodes:\n  n0: {sockets: {out: {role: push, bind: 'inproc://0'}}}\n".to_owned();
    for at in 1..nodes {
        let before = at - 1;
        writeln!(
            yaml,
            "  n{at}: {{sockets: {{in: {{role: pull, connect: n{before}.out}}, \
             out: {{role: push, bind: 'inproc://{at}'}}}}}}"
        )
        .unwrap();
    }
    yaml
}

/// Nobody knows more than one other.
fn pairs(nodes: usize) -> String {
    let mut yaml = "nodes:\n".to_owned();
    for at in 0..nodes / 2 {
        writeln!(yaml, "  a{at}: {{role: push, bind: 'inproc://{at}'}}").unwrap();
        writeln!(yaml, "  b{at}: {{role: pull, connect: a{at}}}").unwrap();
    }
    yaml
}

/// Each takes from three before it.
fn mesh(nodes: usize) -> String {
    let mut yaml = "nodes:\n  n0: {sockets: {out: {role: pub, bind: 'inproc://0'}}}\n".to_owned();
    for at in 1..nodes {
        let before = [1, 4, 11].map(|back| format!("n{}.out", at.saturating_sub(back)));
        writeln!(
            yaml,
            "  n{at}: {{sockets: {{in: {{role: sub, topics: all, connect: [{}]}}, \
             out: {{role: pub, bind: 'inproc://{at}'}}}}}}",
            before.join(", ")
        )
        .unwrap();
    }
    yaml
}
