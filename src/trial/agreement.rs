//! Whether a test comes to the same simulated as on real sockets: small topologies, drawn.
//!
//! Owns the comparison of runs, and the sums of what was sent and came. What sockets do call by call is
//! compared by the carriers.
#![expect(clippy::print_stdout, reason = "a soak says what it looked at")]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::drawn::{Allowed, Drawn, Flow};
use super::outcome::{Outcome, Verdict};
use super::symptom::Symptom;
use super::{Manner, carry_out};

/// The seed of the first topology where nobody asks for others.
const SEED: u64 = 1900;
/// How many seeds of the simulation are tried for one that shows what was seen.
const SEEDS: u64 = 200;
/// How often real sockets are tried: a machine that is busy is late for what a test waits for.
const TRIES: usize = 3;

/// What was seen at each socket, each way, of each source in order, and whether the test held.
type View = (bool, BTreeMap<(String, String, String), Vec<String>>);

fn is_soak() -> bool {
    std::env::var_os("ZRIG_SOAK").is_some()
}

/// The first seed: the same one each time, `ZRIG_SEED`, or any in a soak.
fn seed() -> u64 {
    let asked = std::env::var("ZRIG_SEED").ok().and_then(|seed| seed.parse().ok());
    let any = || std::hash::RandomState::new().build_hasher().finish() >> 16;
    asked.unwrap_or_else(|| if is_soak() { any() } else { SEED })
}

fn run(drawn: &Drawn, manner: Manner) -> Outcome {
    carry_out(&drawn.test, &drawn.topology, &|saved| drawn.save(saved), manner).unwrap()
}

/// The messages of a run: the place, the way, and the text.
fn messages(outcome: &Outcome) -> impl Iterator<Item = (&str, &str, String)> {
    outcome.seen.lines().filter_map(|line| {
        let (place, rest) = line.split_once(' ')?;
        let (way, text) = rest.split_once(' ')?;
        matches!(way, "sent" | "got").then(|| (place, way, comparable(text.trim())))
    })
}

/// A message as it is known again: one frame reads alike in a format of frames and in one of texts, and the
/// routing ids that a ROUTER gives are others in each run.
fn comparable(text: &str) -> String {
    let Ok(Value::Array(frames)) = serde_json::from_str(text) else { return text.to_owned() };
    let is_given = |frame: &Value| {
        frame.is_object() || frame.as_str().is_some_and(|text| text.starts_with('\0'))
    };
    let word = |frame: &Value| if is_given(frame) { "id".to_owned() } else { frame.to_string() };
    frames.iter().map(word).collect::<Vec<_>>().join(",")
}

fn view(outcome: &Outcome) -> View {
    let mut seen: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (place, way, text) in messages(outcome) {
        let source = text.split(' ').nth(1).unwrap_or_default();
        let key = (place.to_owned(), way.to_owned(), source.to_owned());
        seen.entry(key).or_default().push(text);
    }
    (outcome.verdict == Verdict::Passed, seen)
}

/// How often the real run was tried, or how it differs from all simulated ones.
fn agrees(drawn: &Drawn) -> Result<usize, String> {
    let simulated = |seed| view(&run(drawn, Manner::simulated(seed)));
    let mut shown = BTreeSet::new();
    let mut next = 0;
    let mut real = Vec::new();
    for tries in 1..=TRIES {
        let is = view(&run(drawn, Manner { real: true, ..Manner::simulated(0) }));
        while !shown.contains(&is) && next < SEEDS {
            shown.insert(simulated(next));
            next += 1;
        }
        if shown.contains(&is) {
            return Ok(tries);
        }
        real.push(is);
    }
    let (topology, test) = &drawn.texts;
    let seems = shown.first();
    Err(format!("{topology}{test}\nreal {:#?}\n{} simulated, one {seems:#?}", real[0], shown.len()))
}

#[test]
fn what_real_topologies_do_some_seed_of_the_simulation_does() {
    let first = seed();
    let count = if is_soak() { 150 } else { 4 };
    let mut traits: BTreeMap<String, u32> = BTreeMap::new();
    let (mut again, mut differ) = (0, 0);
    for seed in first..first + count {
        let drawn = Drawn::new(seed, Allowed { faults: true, lines: false, steps: 7 });
        drawn.traits.iter().for_each(|it| *traits.entry(it.clone()).or_default() += 1);
        match agrees(&drawn) {
            Ok(tries) => again += u32::from(tries > 1),
            Err(how) => {
                differ += 1;
                println!("with ZRIG_SEED={seed}: {how}");
            }
        }
        if differ == 6 {
            break;
        }
    }
    println!(
        "{count} topologies from ZRIG_SEED={first}, {differ} differ, {again} were tried again: {traits:?}"
    );
    assert_eq!(differ, 0, "what differs stands above");
}

/// What does not add up in a run: each message comes once at most, only if it was sent, and where
/// nothing went wrong all that was sent came or was counted as dropped.
fn sums(drawn: &Drawn, outcome: &Outcome, faults: bool) -> Result<(), String> {
    let belongs = |place: &str, (node, socket): (&str, &str)| {
        let mut parts = place.split('.');
        parts.next() == Some(node) && parts.next_back() == Some(socket)
    };
    for flow in &drawn.flows {
        let sent: Vec<String> = messages(outcome)
            .filter(|(place, way, text)| {
                let topic = flow.topic.map(|topic| format!("\"{topic}"));
                let is_wanted = topic.is_none_or(|topic| text.starts_with(&topic));
                *way == "sent" && belongs(place, flow.from) && is_wanted
            })
            .map(|(_, _, text)| text)
            .collect();
        let got: Vec<String> = messages(outcome)
            .filter(|(place, way, _)| *way == "got" && belongs(place, flow.to))
            .map(|(_, _, text)| text)
            .collect();
        let mut once = BTreeSet::new();
        if let Some(twice) = got.iter().find(|text| !once.insert(*text)) {
            return Err(format!("{twice} came twice by {flow:?}"));
        }
        let is_all = drawn.flows.iter().filter(|it| it.to == flow.to).count() == 1;
        let never = got.iter().find(|text| !sent.contains(text));
        if let Some(text) = never.filter(|_| is_all && !faults) {
            return Err(format!("{text} came by {flow:?} and was never sent"));
        }
        let missed: u64 = outcome.symptoms.iter().map(|it| dropped(it, flow)).sum();
        let came = got.iter().filter(|text| sent.contains(text)).count() as u64;
        if !faults && came + missed != sent.len() as u64 {
            return Err(format!("{} sent, {came} came, {missed} dropped by {flow:?}", sent.len()));
        }
    }
    Ok(())
}

/// How many messages of a flow were dropped, and counted.
fn dropped(symptom: &Symptom, flow: &Flow) -> u64 {
    let is_of = |instance: &str, node: &str| instance.split('.').next() == Some(node);
    if let Symptom::Missed { publisher, subscriber, count, .. } = symptom {
        let is_flow = is_of(publisher, flow.from.0) && is_of(subscriber, flow.to.0);
        return if is_flow { *count } else { 0 };
    }
    if let Symptom::Dropped { node, count, .. } = symptom {
        return if is_of(node, flow.from.0) { *count } else { 0 };
    }
    0
}

/// In a soak for so long.
const SOAK: Duration = Duration::from_secs(20 * 60);

#[test]
fn whatever_is_drawn_ends_and_its_sums_add_up() {
    let first = seed();
    let begun = Instant::now();
    let soak = std::env::var("ZRIG_SOAK").ok().and_then(|it| it.parse().ok());
    let time = soak.filter(|time| *time > 1).map_or(SOAK, Duration::from_secs);
    let goes_on = |done: u64| if is_soak() { begun.elapsed() < time } else { done < 6 };
    let (mut done, mut messages_seen, mut slowest) = (0, 0, Duration::ZERO);
    let mut traits: BTreeMap<String, u32> = BTreeMap::new();
    while goes_on(done) {
        let seed = first + done;
        let faults = !seed.is_multiple_of(3);
        let drawn = Drawn::new(
            seed,
            Allowed { faults, lines: faults, steps: if is_soak() { 40 } else { 10 } },
        );
        drawn.traits.iter().for_each(|it| *traits.entry(it.clone()).or_default() += 1);
        let one = Instant::now();
        let outcome = run(&drawn, Manner::simulated(seed));
        slowest = slowest.max(one.elapsed());
        let shown = || format!("with ZRIG_SEED={seed}\n{}{}", drawn.texts.0, drawn.texts.1);
        assert!(one.elapsed() < Duration::from_secs(20), "it hangs, {}", shown());
        if let Err(why) = sums(&drawn, &outcome, faults) {
            panic!("{why}, {}\n{}", shown(), outcome.seen);
        }
        messages_seen += messages(&outcome).count();
        done += 1;
    }
    println!(
        "{done} topologies from ZRIG_SEED={first}, {messages_seen} messages sent and received, the slowest took {slowest:?}: {traits:?}"
    );
}

#[test]
fn a_socket_that_only_receives_is_rebuilt_while_time_stands_still() {
    // A soak found it: 1902 changes the marks of who binds and only receives, which waited for last words.
    let allowed = Allowed { faults: true, lines: true, steps: 40 };
    let drawn = Drawn::new(1902, allowed);
    let outcome = run(&drawn, Manner::simulated(1902));
    sums(&drawn, &outcome, true).unwrap();
}
