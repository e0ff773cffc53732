//! A finding as a test that fails until it is mended.
//!
//! Owns what each symptom has a test ask for. Writes no file.

use std::fmt::Write as _;
use std::path::Path;

use super::words::{step_text, what};
use crate::trial::{Finding, Symptom};

/// The test.
pub(super) fn as_test(finding: &Finding, topology: &Path, at: &Path) -> String {
    let relative = pathname(topology, at);
    let name = what(&finding.symptom).replace(['"', '\\'], "'");
    let name = name.lines().next().unwrap_or_default();
    let mut text = format!(
        "# Found by `zrig explore`; `zrig test --seed {}` fails until that is mended.\n\
         topology: {relative}\ntests:\n  - name: \"{name}\"\n    steps:\n",
        finding.seed
    );
    // Writing into a String cannot fail.
    for step in &finding.steps {
        let _ = writeln!(text, "      - {}", step_text(step));
    }
    let _ = writeln!(text, "{}", asked(&finding.symptom));
    text
}

/// What does not hold as long as a symptom is there.
fn asked(symptom: &Symptom) -> String {
    let node_of = |instance: &str| instance.split('.').next().unwrap_or_default().to_owned();
    let figures = |instance: &str| format!("counters[\"{}\"]", node_of(instance));
    match symptom {
        Symptom::Failed { node, .. } => format!("    always: {}.failed == 0", figures(node)),
        Symptom::Dropped { node, .. } => format!("    always: {}.dropped == 0", figures(node)),
        Symptom::Broken { always } => format!("    always: {}", always.replace('\n', " ")),
        Symptom::Nowhere { from, ways, .. } => {
            let of = figures(from);
            format!("    always: {of}.sent == 0 || {of}.peers >= {ways}")
        }
        Symptom::Doubled { subscriber, publishers, .. } => {
            let sent: Vec<String> =
                publishers.iter().map(|name| format!("{}.sent", figures(name))).collect();
            format!("    always: {}.received <= {}", figures(subscriber), sent.join(" + "))
        }
        Symptom::Deadlocked { nodes, came, .. } => {
            let first = nodes.first().map_or("", String::as_str);
            expected(first, came + 1, "1m")
        }
        Symptom::Waits { socket, answers } => expected(socket, answers + 1, "1m"),
        Symptom::TurnedAway { whom, came, .. } => expected(whom, came + 1, "1m"),
        Symptom::Silent { node, receives: true, before } => expected(node, before + 1, "1m"),
        Symptom::Silent { node, before, .. } => {
            let count = before + 1;
            format!(
                "      - expect: {{at: {node}, sent: true, where: \"true\", count: {count}, within: 1m}}"
            )
        }
        Symptom::Unheard { subscriber, .. } => expected(subscriber, 1, "1ms"),
        // All that it is to get has to have come by then.
        Symptom::Missed { subscriber, count, came, .. } => {
            expected(subscriber, came + count, "1ms")
        }
        Symptom::Untaken { to, waiting, came, .. } => expected(to, came + waiting, "1m"),
        Symptom::Grows { to, waiting, came, .. } => expected(to, came + waiting, "1ms"),
        Symptom::Behind { slow, waiting, came, .. } => expected(slow, came + waiting, "1ms"),
        Symptom::Lost { flow, sent, .. } => {
            let to = flow.rsplit(" → ").next().unwrap_or_default();
            let first = to.split(", ").next().unwrap_or_default();
            expected(&node_of(first), *sent, "1ms")
        }
    }
}

/// A step that wants so many messages to have come to a place.
fn expected(at: &str, count: u64, within: &str) -> String {
    format!("      - expect: {{at: {at}, where: \"true\", count: {count}, within: {within}}}")
}

/// The topology as its test names it: from the folder of that.
fn pathname(topology: &Path, test: &Path) -> String {
    let folder = test.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let same = topology.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let (Some(name), true) = (topology.file_name(), folder == same) {
        return name.to_string_lossy().into_owned();
    }
    std::path::absolute(topology).unwrap_or_else(|_| topology.to_owned()).display().to_string()
}
