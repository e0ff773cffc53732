//! The least that has to be done for a finding, and the part of the story that shows it.
//!
//! Owns what is left out, and in which order.

use std::io;
use std::time::{Duration, Instant};

use super::schedule::Schedule;
use super::subject::Subject;
use super::symptom::Symptom;
use crate::sequence::{Sequence, What};

/// How long shortening takes at most, in real time.
const MOST: Duration = Duration::from_secs(5);
/// How many moments of a story are shown before the one that tells, and after it.
const SHOWN: (usize, usize) = (16, 4);
/// Times that are easier to read than others.
const ROUND: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_millis(500), Duration::from_millis(100)];

/// The shortest schedule that was found by which the same goes wrong, and how that looks then.
pub(super) fn shorten(
    subject: &Subject<'_>,
    symptom: Symptom,
    schedule: Schedule,
    seed: u64,
) -> io::Result<(Symptom, Schedule)> {
    let until = Instant::now() + MOST;
    let mut best = (symptom, schedule);
    let shorter = |best: &mut (Symptom, Schedule), other: Schedule| -> io::Result<bool> {
        if other == best.1 || Instant::now() > until {
            return Ok(false);
        }
        let found = goes_wrong(subject, &best.0, &other, seed)?;
        let is_found = found.is_some();
        found.into_iter().for_each(|symptom| *best = (symptom, other.clone()));
        Ok(is_found)
    };
    let mut at = 0;
    while at < best.1.faults.len() {
        let mut fewer = best.1.clone();
        fewer.faults.remove(at);
        if !shorter(&mut best, fewer)? {
            at += 1;
        }
    }
    // What is over sooner is read sooner.
    for time in [1, 2, 5].map(Duration::from_secs) {
        if best.1.faults.iter().all(|planned| planned.until <= time) {
            let sooner = Schedule { time: time.min(best.1.time), ..best.1.clone() };
            if shorter(&mut best, sooner)? {
                break;
            }
        }
    }
    for at in 0..best.1.faults.len() {
        for step in ROUND {
            let mut rounder = best.1.clone();
            let planned = &mut rounder.faults[at];
            (planned.from, planned.until) = (round(planned.from, step), round(planned.until, step));
            if planned.until > planned.from && shorter(&mut best, rounder)? {
                break;
            }
        }
    }
    Ok(best)
}

fn round(time: Duration, step: Duration) -> Duration {
    let (time, step) = (time.as_millis(), step.as_millis());
    Duration::from_millis(u64::try_from(time.div_ceil(step) * step).unwrap_or(u64::MAX))
}

/// Whether the same goes wrong by a schedule.
fn goes_wrong(
    subject: &Subject<'_>,
    symptom: &Symptom,
    schedule: &Schedule,
    seed: u64,
) -> io::Result<Option<Symptom>> {
    let Some(outcome) = subject.run(schedule, seed, false)? else { return Ok(None) };
    let found = subject.symptoms(&outcome, schedule, seed)?;
    Ok(found.into_iter().find(|it| it.is_like(symptom)))
}

/// The part of a story in which it goes wrong: with those who have to do with it.
pub(super) fn focus(story: &Sequence, symptom: &Symptom) -> Sequence {
    let places: Vec<usize> = symptom
        .instances()
        .iter()
        .filter_map(|name| story.lanes.iter().position(|lane| lane == name))
        .collect();
    if places.is_empty() {
        return story.last(SHOWN.0 + SHOWN.1);
    }
    let mut near = places.clone();
    for moment in &story.moments {
        if let What::Message { from, to: Some(to), .. } = &moment.what
            && (places.contains(from) || places.contains(to))
        {
            near.extend([*from, *to]);
        }
    }
    let has_part = |what: &What| match what {
        What::Message { from, to, .. } => {
            near.contains(from) && to.is_none_or(|to| near.contains(&to))
        }
        What::Note { lane, .. } => near.contains(lane),
        What::Step { .. } => true,
    };
    let moments = story.moments.iter().filter(|moment| has_part(&moment.what)).cloned().collect();
    let part = Sequence { lanes: story.lanes.clone(), moments };
    let telling = telling(&part, symptom, &places);
    let from = telling.saturating_sub(SHOWN.0);
    part.part(from, telling + SHOWN.1 + 1 - from)
}

/// The moment that tells most: the failure, or the last at which the places of a symptom did what they
/// do no more.
fn telling(part: &Sequence, symptom: &Symptom, places: &[usize]) -> usize {
    let last = part.moments.len().saturating_sub(1);
    let tells = |what: &What| match (symptom, what) {
        (Symptom::Failed { .. }, What::Note { lane, is_alarm, .. }) => {
            *is_alarm && places.contains(lane)
        }
        (Symptom::Failed { .. }, _) => false,
        (
            Symptom::Silent { receives: true, .. }
            | Symptom::Behind { .. }
            | Symptom::Grows { .. }
            | Symptom::Untaken { .. },
            What::Message { to, .. },
        ) => to.is_some_and(|to| places.contains(&to)),
        (Symptom::Missed { .. } | Symptom::Dropped { .. }, What::Message { from, to, .. }) => {
            to.is_none() && places.contains(from)
        }
        (Symptom::Missed { .. } | Symptom::Dropped { .. }, _) => false,
        (_, What::Message { from, to, .. }) => {
            places.contains(from) || to.is_some_and(|to| places.contains(&to))
        }
        (_, What::Note { .. } | What::Step { .. }) => false,
    };
    let mut at = part.moments.iter().map(|moment| tells(&moment.what));
    let is_the_first = matches!(
        symptom,
        Symptom::Failed { .. } | Symptom::Missed { .. } | Symptom::Dropped { .. }
    );
    let found = if is_the_first { at.position(|tells| tells) } else { at.rposition(|tells| tells) };
    found.unwrap_or(last)
}
