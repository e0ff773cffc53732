//! A finding in words.
//!
//! Owns the sentence of each symptom and how a finding looks in a terminal. Finds nothing.

use std::fmt::Write as _;
use std::time::Duration;

use crate::listing::counted;
use crate::sequence::text;
use crate::test_file::{Action, Saved};
use crate::trial::{Finding, Progress, Symptom};
use crate::visible::visible;

/// `120 runs, 60 a second, 34 states seen`
pub(super) fn told(progress: Progress) -> String {
    let Progress { runs, states, took, .. } = progress;
    let a_second = runs as f64 / took.as_secs_f64().max(0.001);
    format!("{}, {a_second:.0} a second, {} seen", counted(runs, "run"), counted(states, "state"))
}

/// The same, with how long it goes on.
pub(super) fn told_on_the_way(progress: Progress) -> String {
    format!("{}, {} s left", told(progress), progress.left.as_secs())
}

/// What was found, for a person.
pub(super) fn shown(finding: &Finding) -> String {
    let mut text = format!("found: {}\n\n", visible(&what(&finding.symptom)));
    // Writing into a String cannot fail.
    let _ = writeln!(text, "by these steps, with seed {}:", finding.seed);
    for step in &finding.steps {
        let _ = writeln!(text, "  {}", step_text(step));
    }
    let _ = writeln!(text, "\nwhat happened:\n{}", self::text(&finding.story));
    let (lesson, page) = (finding.symptom.lesson(), finding.symptom.page());
    let _ = writeln!(text, "{lesson} See `zrig explain {page}`.");
    let _ = writeln!(text, "If that is meant: --except {}", finding.symptom.kind());
    text
}

/// What went wrong, in a sentence.
pub(super) fn what(symptom: &Symptom) -> String {
    match symptom {
        Symptom::Failed { node, error } => format!("a handler of {node} failed: {error}"),
        Symptom::Broken { always } => format!("this does not hold always: {always}"),
        Symptom::Deadlocked { nodes, .. } => {
            format!("{} wait for one another for ever", nodes.join(", "))
        }
        Symptom::Waits { socket, answers } => {
            format!("{socket} has asked and waits for ever; it had {answers} answers before")
        }
        Symptom::TurnedAway { by, whom, is_pair: true, .. } => {
            format!("{by} has a peer already, and {whom} waits until that one has gone")
        }
        Symptom::TurnedAway { by, whom, .. } => {
            format!("{by} ignores {whom}: it has a peer of that routing id already")
        }
        Symptom::Untaken { from, to, waiting, .. } => {
            format!("{waiting} messages of {from} wait for {to}, which takes none")
        }
        Symptom::Nowhere { from, endpoint, waiting, .. } => {
            format!("{waiting} messages of {from} wait for {endpoint}, where nobody is")
        }
        Symptom::Silent { node, receives, before } => {
            let gets = if *receives { "gets" } else { "sends" };
            format!(
                "{node} {gets} nothing any more though all is over, after {before} messages; \
                 without the faults it goes on"
            )
        }
        Symptom::Unheard { subscriber, publisher, fitting, nearly: None } => {
            format!("{subscriber} got none of {fitting} messages that {publisher} published for it")
        }
        Symptom::Unheard { subscriber, publisher, nearly: Some((wanted, published)), .. } => {
            format!("{subscriber} wants {wanted:?}, gets nothing: {publisher} says {published:?}")
        }
        Symptom::Doubled { subscriber, publishers, count } => {
            let publishers = publishers.join(", ");
            format!("{subscriber} got {count} messages of {publishers} once too often")
        }
        Symptom::Missed { publisher, subscriber, count, .. } => {
            format!("{subscriber} missed {count} messages of {publisher}: its queue was full")
        }
        Symptom::Lost { flow, count, sent } => {
            format!("{count} of {sent} messages never arrived, {flow}: the run ended before")
        }
        Symptom::Dropped { node, reason, count } => {
            format!("{count} messages were dropped at {node}: {reason}")
        }
        Symptom::Grows { from, to, waiting, .. } => {
            format!("the queue from {from} to {to} grows and grows; {waiting} messages wait in it")
        }
        Symptom::Behind { slow, idle, waiting, .. } => {
            format!("{waiting} messages wait for {slow} while {idle} has nothing to do")
        }
    }
}

/// A step as a test file has it.
pub(super) fn step_text(step: &Action) -> String {
    let ms = |time: &Duration| format!("{}ms", time.as_millis());
    match step {
        Action::Wait(time) => format!("wait: {}", ms(time)),
        Action::Kill(node) => format!("kill: {node}"),
        Action::Start(node) => format!("start: {node}"),
        Action::Cut(one, other) => format!("cut: [{one}, {other}]"),
        Action::Heal(one, other) => format!("heal: [{one}, {other}]"),
        Action::Delay { between: (one, other), by } => {
            format!("delay: {{between: [{one}, {other}], by: {}}}", ms(by))
        }
        Action::Slow { node, by } => format!("slow: {{node: {node}, by: {}}}", ms(by)),
        Action::Save(Saved::Set(values)) => {
            let set = |(key, value): &(Vec<String>, Option<String>)| {
                format!("{}: {}", key.join("."), value.as_deref().unwrap_or("null"))
            };
            let values: Vec<String> = values.iter().map(set).collect();
            format!("save: {{set: {{{}}}}}", values.join(", "))
        }
        // A search does nothing else.
        Action::Send { .. }
        | Action::Receive { .. }
        | Action::Expect(_)
        | Action::Never(_)
        | Action::Tick { .. }
        | Action::Save(Saved::File(_))
        | Action::Call(_) => String::new(),
    }
}
