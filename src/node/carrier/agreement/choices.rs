//! Calls that follow each other at once: libzmq's threads are somewhere, and several answers are right.
//!
//! Owns what it takes to agree there: whatever real sockets are seen to do, some seed of the simulation does.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, prop};
use proptest::prop_oneof;

use super::case::{Call, Case, Draw, Transport, cases};
use super::world::{Kind, World};
use super::{agree, is_soak};

/// How often real sockets are looked at.
const LOOKS: usize = 4;
/// How many seeds are tried to see the same.
const SEEDS: u64 = 30_000;

/// What comes of all calls, made at once but for the first ones, and what is left in the end.
fn told(case: &Case, kind: Kind) -> Vec<String> {
    let mut world = World::new(case, kind);
    let first = case.count;
    let mut told: Vec<String> = case.calls[..first].iter().map(|call| world.call(call)).collect();
    world.rests(false);
    told.extend(case.calls[first..].iter().map(|call| world.call(call)));
    world.rests(true);
    told.extend(world.all_that_is_left());
    told
}

/// Says what real sockets do and simulated ones never did, if there is anything, also where those have time
/// to be linked: on a busy machine they may not be yet when the case begins.
fn contained(case: &Case) -> Result<(), String> {
    shown(case, 2).or_else(|_| shown(case, 20))
}

/// The same of real sockets that have so many times the usual time.
fn shown(case: &Case, patience: u32) -> Result<(), String> {
    let looks = if is_soak() { 2 * LOOKS } else { LOOKS };
    let seen = (0..looks).map(|_| told(case, Kind::Real { patience }));
    let mut missing: BTreeSet<Vec<String>> = seen.collect();
    let mut shown = BTreeSet::new();
    for seed in 0..SEEDS {
        if missing.is_empty() {
            return Ok(());
        }
        let told = told(case, Kind::Simulated { seed });
        missing.remove(&told);
        shown.insert(told);
    }
    let some: Vec<_> = shown.iter().take(8).collect();
    Err(format!("{case:#?}\nreal {missing:#?}\nof {} simulated, such as {some:#?}", shown.len()))
}

/// Calls, few enough that all that may come of them can be seen.
fn hurried(transport: Transport) -> impl Strategy<Value = Case> {
    let call = prop_oneof![
        6 => (0..3_usize, 1..3_usize).prop_map(|(at, frames)| Call::Send(at, frames)),
        4 => (0..3_usize, 0..3_usize).prop_map(|(at, to)| Call::SendTo(at, to)),
        3 => (0..3_usize, 2..5_usize).prop_map(|(at, many)| Call::Flood(at, many)),
        3 => (0..3_usize, 1..4_usize).prop_map(|(at, most)| Call::Receive(at, most)),
        1 => (0..3_usize).prop_map(Call::Kill),
        1 => (0..3_usize, [1..6_i32, 1..6_i32]).prop_map(|(at, marks)| Call::Start(at, marks)),
    ];
    let draw = Draw { transport, marks: 1..6, calls: 2, faults: false };
    (cases(draw), prop::collection::vec(call, 1..6)).prop_map(|(mut case, calls)| {
        case.count = case.count.min(2);
        // All who can subscribe to everything do.
        let all = if case.binds == crate::zeromq::Role::Sub { 0..1 } else { 1..case.count + 1 };
        case.calls = (0..case.count)
            .map(|n| Call::Subscribe(all.clone().nth(n).unwrap_or(0), true, 0))
            .chain(calls)
            .collect();
        case
    })
}

#[test]
fn in_a_hurry_whatever_real_sockets_do_some_seed_of_the_simulation_does() {
    let drawn = prop_oneof![2 => hurried(Transport::Tcp), 1 => hurried(Transport::Ipc), 1 => hurried(Transport::Inproc)];
    agree("in a hurry", (6, 150), drawn, contained);
}
