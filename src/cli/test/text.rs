//! Results of tests for people.
//!
//! Owns how one looks in a terminal: a line, and where it failed the step with what was seen instead.

use std::fmt::Write as _;

use super::report::Done;
use crate::cli::draw::draw_failure;
use crate::duration::format_duration;
use crate::source::SourceMap;
use crate::test_file::TestSpec;
use crate::trial::{Failure, Verdict};
use crate::visible::visible;

/// One test.
pub(super) fn shown(
    done: &Done,
    test: &TestSpec,
    sources: &SourceMap,
    seeds: u64,
    colours: bool,
) -> String {
    let paint = |text: &str, code: u8| {
        if colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let name = visible(&test.name);
    let took = format_duration(std::time::Duration::from_millis(
        u64::try_from(done.outcome.took.as_millis()).unwrap_or(u64::MAX),
    ));
    match &done.outcome.verdict {
        Verdict::Passed if seeds > 1 => {
            let orders = match done.orders {
                1 => "always one order".to_owned(),
                orders => format!("{orders} different orders"),
            };
            format!("  {}  {name} ({took}, {orders})\n", paint("ok  ", 32))
        }
        Verdict::Passed => format!("  {}  {name} ({took})\n", paint("ok  ", 32)),
        Verdict::Impossible(why) => {
            let mut text = format!("  {}  {name}: not simulated; try --real\n", paint("skip", 33));
            for one in why {
                // Writing into a String cannot fail.
                let _ = writeln!(text, "        {}", visible(one));
            }
            text
        }
        Verdict::Failed(failure) => failed_test(&test.name, failure, done.seed, sources, colours),
    }
}

/// A test that does not hold: where, what was seen instead, and what happened last.
pub(in crate::cli) fn failed_test(
    name: &str,
    failure: &Failure,
    seed: u64,
    sources: &SourceMap,
    colours: bool,
) -> String {
    let word = if colours { "\u{1b}[31mFAIL\u{1b}[0m" } else { "FAIL" };
    let mut text = format!("  {word}  {}\n\n", visible(name));
    let at = format!("after {:.3} s, with --seed {seed}", failure.at.as_secs_f64());
    text.push_str(&draw_failure(failure.span, &failure.what, &at, sources, colours));
    text.push('\n');
    let mut list = |title: &str, lines: &[String]| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {title}");
        for line in lines {
            let _ = writeln!(text, "    {}", visible(line));
        }
    };
    if failure.instead.is_empty() {
        list("nothing of that kind was seen there", &[]);
    } else {
        list("what was seen there:", &failure.instead);
    }
    list("what happened last:", &failure.sequence);
    text.push('\n');
    text
}
