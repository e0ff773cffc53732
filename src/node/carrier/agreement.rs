//! Whether simulated sockets do what libzmq's do: the same calls of both, one after the other.
//!
//! Owns the comparison. Where both come to rest after each call libzmq has one way to answer only; where
//! calls follow each other at once it has several, and some seed of the simulation has to show each that
//! was seen.
#![expect(clippy::print_stdout, reason = "a soak says what it looked at")]

mod case;
mod choices;
mod found;
mod relay;
mod world;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};

use proptest::prelude::ProptestConfig;
use proptest::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{RngSeed, TestRunner};

use self::case::{Case, Draw, Transport, cases};
use self::world::{Kind, World};

/// The seed of what is drawn where nobody asks for others.
const SEED: u64 = 19;
/// How many seeds of the simulation are tried for one that shows what real sockets did.
const SEEDS: u64 = 2_000;
/// How many cases that differ are shown.
const MOST: u32 = 12;

/// What comes of each call of a case, and what is left in the end.
fn told(case: &Case, kind: Kind) -> Vec<String> {
    let mut world = World::new(case, kind);
    let mut told: Vec<String> = case.calls.iter().map(|call| world.call(call)).collect();
    told.extend(world.all_that_is_left());
    told
}

/// Says where real and simulated sockets differ, if they do: what was seen has to be what some seed shows.
fn compare(case: &Case) -> Result<(), String> {
    let mut is = told(case, Kind::Real { patience: 1 });
    for patience in [0, 5, 20] {
        if patience > 0 {
            // On a busy machine libzmq's threads may not have had their turn.
            is = told(case, Kind::Real { patience });
        }
        if (0..SEEDS).any(|seed| told(case, Kind::Simulated { seed }) == is) {
            return Ok(());
        }
    }
    let seems = told(case, Kind::Simulated { seed: 0 });
    let names = case.calls.iter().map(|call| format!("{call:?}"));
    let left = (0..=case.count).map(|at| format!("left in {at}"));
    let lines = names.chain(left).zip(is.iter().zip(&seems)).map(|(call, (is, seems))| {
        let sign = if is == seems { ' ' } else { '!' };
        format!("{sign} {call:28} real {is:?}, simulated {seems:?}\n")
    });
    Err(format!("{case:?}\n{}", lines.collect::<String>()))
}

fn is_soak() -> bool {
    std::env::var_os("ZRIG_SOAK").is_some()
}

/// The seed of what is drawn: the same one each time, `ZRIG_SEED`, or any in a soak.
fn seed() -> u64 {
    let asked = std::env::var("ZRIG_SEED").ok().and_then(|seed| seed.parse().ok());
    asked.unwrap_or_else(|| if is_soak() { any_number() } else { SEED })
}

fn any_number() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// Draws so many cases, and in a soak so many, and compares each; prints how many there were of what, and
/// every one that differs.
fn agree(
    name: &str,
    (usual, soak): (u32, u32),
    drawn: impl Strategy<Value = Case>,
    compare: impl Fn(&Case) -> Result<(), String>,
) {
    let seed = seed();
    let config = ProptestConfig { rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let cases = if is_soak() { soak } else { usual };
    let mut counts = BTreeMap::new();
    let mut differ = 0;
    let alone = std::env::var("ZRIG_CASE").ok().and_then(|number| number.parse().ok());
    for number in 0..cases {
        let case = drawn.new_tree(&mut runner).unwrap().current();
        if alone.is_some_and(|alone: u32| alone != number) {
            continue;
        }
        count(&mut counts, &case);
        if let Err(how) = compare(&case) {
            differ += 1;
            println!("case {number} of {name}, with ZRIG_SEED={seed}: {how}");
        }
        if differ == MOST {
            break;
        }
    }
    let told: Vec<String> = counts.iter().map(|(what, many)| format!("{what} {many}")).collect();
    println!(
        "{cases} cases of {name}, {differ} differ, with ZRIG_SEED={seed}: {}",
        told.join(", ")
    );
    assert_eq!(differ, 0, "{name}, with ZRIG_SEED={seed}: what differs stands above");
}

/// Notes what is in a case, each once.
fn count(counts: &mut BTreeMap<String, u32>, case: &Case) {
    let faults = case.calls.iter().filter_map(|call| call.fault());
    let mut all: Vec<String> = faults.map(|fault| format!("fault {fault}")).collect();
    all.extend([case.binds, case.connects].map(|role| format!("role {role}")));
    all.push(format!("transport {}", case.transport));
    all.sort_unstable();
    all.dedup();
    all.into_iter().for_each(|what| *counts.entry(what).or_default() += 1);
}

fn draw(transport: Transport, calls: usize, faults: bool) -> impl Strategy<Value = Case> {
    cases(Draw { transport, marks: 1..11, calls, faults })
}

#[test]
fn inside_a_process_simulated_sockets_do_what_libzmqs_do() {
    agree("inproc", (150, 3000), draw(Transport::Inproc, 60, false), compare);
}

#[test]
fn inside_a_process_they_do_when_sockets_vanish_and_are_changed() {
    agree("inproc, faults", (30, 1500), draw(Transport::Inproc, 40, true), compare);
}

#[test]
fn between_processes_they_do() {
    let drawn = prop_oneof![draw(Transport::Tcp, 30, false), draw(Transport::Ipc, 30, false)];
    agree("tcp and ipc", (8, 150), drawn, compare);
}

#[test]
fn between_processes_they_do_when_sockets_vanish_and_lines_are_cut() {
    let drawn = prop_oneof![
        1 => draw(Transport::Tcp, 24, true),
        1 => draw(Transport::Ipc, 24, true),
        2 => draw(Transport::Relay, 30, true),
    ];
    agree("tcp and ipc, faults", (6, 300), drawn, compare);
}
