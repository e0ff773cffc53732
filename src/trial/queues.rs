//! What the queues of a run tell of what went wrong: who waits for ever, what nobody takes, what grows.
//!
//! Owns what counts as that. Looks at samples only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::symptom::Symptom;
use super::watch::{Questions, Sample, Watch};
use crate::simulation::Stretch;
use crate::zeromq::Role;

/// How long nothing may have moved before that counts as for ever.
pub(super) const FOR_EVER: Duration = Duration::from_secs(10);
/// By how many messages a queue has grown in each quarter of a run, and to how many at last, so that it
/// counts as one that grows and grows.
const GROWS: (u64, u64) = (10, 60);
/// From how many messages on one is behind that has them while others have none.
const BEHIND: u64 = 5;

/// A way, by whose sockets are at its ends; the far one is an endpoint where nobody is there.
type Way = (String, Result<String, String>);

/// What went wrong; `came` says how many messages came to an instance or a socket of one.
pub(super) fn of_queues(watch: &Watch, came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let samples = watch.samples();
    let Some(last) = samples.last() else { return Vec::new() };
    let begins = last.at.saturating_sub(FOR_EVER);
    let tail: Vec<&Sample> = samples.iter().filter(|sample| sample.at >= begins).collect();
    let mut found = turned_away(last, came);
    if last.at < FOR_EVER {
        return found;
    }
    found.extend(deadlock(&tail, came));
    found.extend(waits(&tail, came));
    found.extend(untaken(&tail, came));
    found.extend(behind(&tail, came));
    found.extend(growing(samples, came));
    found
}

fn turned_away(last: &Sample, came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let all = last.survey.turned_away.iter().map(|(by, whom)| {
        let is_pair =
            last.survey.stretches.iter().any(|it| it.from == *by && it.role == Role::Pair);
        let (by, whom) = (by.clone(), whom.clone());
        Symptom::TurnedAway { came: came(&whom), by, whom, is_pair }
    });
    all.collect()
}

/// Whether an instance has peers inside the file for what it sends by sockets of a role. What it waits for
/// outside of it nobody plays here.
fn has_peers(sample: &Sample, instance: &str, role: Role) -> bool {
    let mut ways = sample.survey.stretches.iter();
    ways.any(|it| it.from == instance && it.role == role && it.to.is_ok())
}

/// REQs that have asked, and for all the time got no answer and asked nothing else. One that may ask again, and
/// whose node hears others meanwhile, goes on without the answer.
fn waits(tail: &[&Sample], came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let (Some(first), Some(last)) = (tail.first(), tail.last()) else { return Vec::new() };
    let heard = |sample: &Sample, instance: &str| sample.moved.get(instance).map(|moved| moved.0);
    let is_unanswered = |(socket, now): &(&String, &Questions)| {
        let instance = socket.rsplit_once('.').map_or("", |(instance, _)| instance);
        now.asked > now.answered
            && first.questions.get(*socket) == Some(*now)
            && has_peers(last, instance, Role::Req)
            && !(now.may_ask_again && heard(first, instance) < heard(last, instance))
    };
    let waiting = last.questions.iter().filter(is_unanswered);
    waiting
        .map(|(socket, _)| Symptom::Waits { socket: socket.clone(), answers: came(socket) })
        .collect()
}

/// A circle of instances each of which waits for the next: for its answer, or for room.
fn deadlock(tail: &[&Sample], came: &dyn Fn(&str) -> u64) -> Option<Symptom> {
    let (first, last) = (tail.first()?, tail.last()?);
    let rests = |instance: &str| first.moved.get(instance) == last.moved.get(instance);
    let mut waits: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for (who, whom) in &last.survey.asked {
        let was = first.survey.asked.iter().any(|(before, of)| before == who && of == whom);
        if let (true, true, Some(whom)) = (was, rests(who), whom) {
            waits.entry(who).or_default().push((whom, true));
        }
    }
    let blocked = |who: &str| tail.iter().all(|sample| sample.blocked.contains(who));
    for stretch in last.survey.stretches.iter().filter(|stretch| stretch.is_full) {
        if let (true, true, Ok(to)) = (blocked(&stretch.from), rests(&stretch.from), &stretch.to) {
            waits.entry(&stretch.from).or_default().push((to, false));
        }
    }
    let circle = waits.keys().find_map(|start| circle(&waits, vec![start]))?;
    let asks = |who: &&str| waits[*who].iter().any(|(_, asks)| *asks);
    Some(Symptom::Deadlocked {
        asks: circle.iter().any(asks),
        came: came(circle[0]),
        nodes: circle.iter().map(|&name| name.to_owned()).collect(),
    })
}

/// The way on from the last of those that leads back to the first.
fn circle<'w>(
    waits: &BTreeMap<&'w str, Vec<(&'w str, bool)>>,
    path: Vec<&'w str>,
) -> Option<Vec<&'w str>> {
    for (next, _) in waits.get(path.last()?)? {
        if path[0] == *next {
            return Some(path);
        }
        if !path.contains(next) {
            let on = path.iter().copied().chain([*next]).collect();
            if let Some(found) = circle(waits, on) {
                return Some(found);
            }
        }
    }
    None
}

/// Messages that have waited for all the time without any of them being taken. Those of a REQ are its
/// question, which is told otherwise.
fn untaken(tail: &[&Sample], came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let ways: Vec<BTreeMap<Way, (u64, u64)>> = tail.iter().map(|sample| waiting(sample)).collect();
    let (Some(first), Some(last), Some(sample)) = (ways.first(), ways.last(), tail.last()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (way, (waiting, taken)) in last {
        let waits = ways.iter().all(|one| one.get(way).is_some_and(|(waiting, _)| *waiting > 0));
        let is_taken = first.get(way).is_some_and(|(_, before)| before != taken);
        let stretch = sample.survey.stretches.iter().find(|it| it.from == way.0 && it.to == way.1);
        let is_outside = way.1.is_err()
            && stretch.is_none_or(|stretch| !has_peers(sample, &way.0, stretch.role));
        if !waits || is_taken || is_outside {
            continue;
        }
        let (from, waiting) = (way.0.clone(), *waiting);
        found.push(match &way.1 {
            Ok(to) => Symptom::Untaken { from, to: to.clone(), waiting, came: came(to) },
            Err(endpoint) => {
                let ways = last.keys().filter(|other| other.0 == from).count() as u64;
                Symptom::Nowhere { from, endpoint: endpoint.clone(), waiting, ways }
            }
        });
    }
    found
}

/// On each way how many messages wait, and how many were taken of it.
fn waiting(sample: &Sample) -> BTreeMap<Way, (u64, u64)> {
    let mut ways: BTreeMap<Way, (u64, u64)> = BTreeMap::new();
    for stretch in sample.survey.stretches.iter().filter(|it| it.role != Role::Req) {
        let way = ways.entry((stretch.from.clone(), stretch.to.clone())).or_default();
        *way = (way.0 + stretch.waiting, way.1 + stretch.taken);
    }
    ways
}

/// One of several whom messages are dealt out to has a queue all the time, and another one none.
fn behind(tail: &[&Sample], came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let Some(last) = tail.last() else { return Vec::new() };
    let deals = |stretch: &&Stretch| matches!(stretch.role, Role::Push | Role::Dealer);
    let senders: BTreeSet<&str> =
        last.survey.stretches.iter().filter(deals).map(|stretch| &*stretch.from).collect();
    let mut found = Vec::new();
    for from in senders {
        // The fewest and the most that waited for each.
        let mut levels: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for stretch in tail.iter().flat_map(|sample| &sample.survey.stretches) {
            if let (true, Ok(to)) = (stretch.from == from, &stretch.to) {
                let level = levels.entry(to).or_insert((u64::MAX, 0));
                *level = (level.0.min(stretch.waiting), level.1.max(stretch.waiting));
            }
        }
        let slow = levels.iter().max_by_key(|(_, level)| level.0);
        let idle = levels.iter().find(|(_, level)| level.1 <= 1);
        if let (Some((slow, level)), Some((idle, _))) = (slow, idle)
            && level.0 >= BEHIND
        {
            found.push(Symptom::Behind {
                from: from.to_owned(),
                slow: (*slow).to_owned(),
                idle: (*idle).to_owned(),
                waiting: level.1,
                came: came(slow),
            });
        }
    }
    found
}

/// Queues that were longer at the end of each quarter of a run.
fn growing(samples: &[Sample], came: &dyn Fn(&str) -> u64) -> Vec<Symptom> {
    let Some(last) = samples.last() else { return Vec::new() };
    let quarter = |part: usize| waiting(&samples[(samples.len() * part / 4).saturating_sub(1)]);
    let quarters: Vec<_> = (1..=4).map(quarter).collect();
    let full: BTreeSet<(&str, &Result<String, String>)> = last
        .survey
        .stretches
        .iter()
        .filter(|it| it.is_full)
        .map(|it| (&*it.from, &it.to))
        .collect();
    let mut found = Vec::new();
    for (way, (now, _)) in &quarters[3] {
        let at = |part: usize| quarters[part].get(way).map_or(0, |(waiting, _)| *waiting);
        let grows = (1..4).all(|part| at(part) >= at(part - 1) + GROWS.0);
        if let (true, true, false, Ok(to)) =
            (grows, *now >= GROWS.1, full.contains(&(&*way.0, &way.1)), &way.1)
        {
            let (from, to) = (way.0.clone(), to.clone());
            found.push(Symptom::Grows { came: came(&to), from, to, waiting: *now });
        }
    }
    found
}
