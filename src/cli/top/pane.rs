//! The lower pane: the messages of a node as they pass, or its log.
//!
//! Owns what is kept of them and which part is seen. Pure; never asks a run.

use std::collections::VecDeque;

use super::super::message;
use super::text::broken;
use super::tree::Key;
use crate::control::Message;
use crate::observe::{Happened, Line};
use crate::script::Level;
use crate::visible::visible;

/// Messages that are kept of a tap.
const MESSAGES: usize = 1_000;
/// Lines that are kept of the log of the whole run.
const EVENTS: usize = 10_000;
/// Characters of an event that are kept.
const EVENT_MAX: usize = 2_000;

/// What the pane shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shows {
    /// The messages of this target.
    Tap(String),
    /// The log of this row.
    Log(Key, String),
    /// The log of the whole run.
    WholeLog,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    Received,
    Sent,
    Plain,
    Warning,
    Error,
    /// It is no message and no event, but said of them.
    Aside,
}

/// A line for a person; nothing in it acts on a terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) look: Look,
}

impl Said {
    pub(super) fn aside(text: &str) -> Self {
        Self { text: format!("… {}", visible(text)), look: Look::Aside }
    }

    /// A message that passed.
    pub(super) fn message(passed: &Message) -> Self {
        let look = match passed.direction {
            Some(crate::node::Direction::Out) => Look::Sent,
            Some(crate::node::Direction::In) | None => Look::Received,
        };
        let look = if passed.malformed.is_some() { Look::Error } else { look };
        Self { text: message::line(passed), look }
    }
}

/// The pane, while it is open.
#[derive(Debug)]
pub(super) struct Pane {
    pub(super) shows: Shows,
    /// What a tap has shown.
    messages: VecDeque<Said>,
    /// Lines between the end and the last one seen; none where it goes along with the end.
    back: Option<usize>,
}

/// What happened since the beginning, whoever looks.
#[derive(Default, Debug)]
pub(super) struct Log {
    lines: VecDeque<Logged>,
}

#[derive(Debug)]
struct Logged {
    node: Option<String>,
    said: Said,
}

impl Log {
    /// An event.
    pub(super) fn add(&mut self, happened: &Happened) {
        let level = Level::ALL.into_iter().find(|level| level.word() == happened.level);
        let level = level.unwrap_or(Level::Info);
        let look = match level {
            Level::Error => Look::Error,
            Level::Warn => Look::Warning,
            Level::Info | Level::Debug | Level::Trace => Look::Plain,
        };
        let mut text = happened.message.clone();
        if let Some((end, _)) = text.char_indices().nth(EVENT_MAX) {
            text.truncate(end);
            text.push('…');
        }
        let line = Line {
            level,
            node: happened.node.as_deref().unwrap_or_default().into(),
            socket: happened.socket.as_deref().map(Into::into),
            message: text,
            fault: None,
        };
        let text = line.for_person(happened.repeated, message::moment(happened.time), false);
        for text in text.lines() {
            let said = Said { text: text.to_owned(), look };
            self.push(Logged { node: happened.node.clone(), said });
        }
    }

    /// Something that concerns every node.
    pub(super) fn aside(&mut self, text: &str) {
        self.push(Logged { node: None, said: Said::aside(text) });
    }

    fn push(&mut self, logged: Logged) {
        if self.lines.len() == EVENTS {
            self.lines.pop_front();
        }
        self.lines.push_back(logged);
    }

    /// The lines of a row, or all; what concerns the whole run is among those of every row.
    fn of<'l>(&'l self, row: Option<&'l Key>) -> impl DoubleEndedIterator<Item = &'l Said> {
        let is_of = move |logged: &&Logged| match (row, &logged.node) {
            (None, _) => true,
            (Some(row), Some(node)) => row.covers(node),
            (Some(_), None) => logged.said.look == Look::Aside,
        };
        self.lines.iter().filter(is_of).map(|logged| &logged.said)
    }
}

impl Pane {
    pub(super) fn of(shows: Shows) -> Self {
        Self { shows, messages: VecDeque::new(), back: None }
    }

    /// A line of the tap.
    pub(super) fn add(&mut self, said: Said) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(said);
        if let Some(back) = &mut self.back {
            // Who reads what was there goes on reading that.
            *back += 1;
        }
    }

    /// Whether new lines are seen as they come.
    pub(super) fn goes_along(&self) -> bool {
        self.back.is_none()
    }

    /// Moves by so many lines, towards the end where they are positive.
    pub(super) fn scroll(&mut self, lines: isize, log: &Log) {
        let last = self.count(log).saturating_sub(1);
        let back = self.back.unwrap_or(0).saturating_add_signed(-lines).min(last);
        self.back = (back > 0).then_some(back);
    }

    fn count(&self, log: &Log) -> usize {
        match &self.shows {
            Shows::Tap(_) => self.messages.len(),
            Shows::Log(row, _) => log.of(Some(row)).count(),
            Shows::WholeLog => log.of(None).count(),
        }
    }

    /// What is seen in a room of so many cells and lines, the newest last.
    pub(super) fn seen(&self, log: &Log, width: usize, height: usize) -> Vec<Said> {
        let back = self.back.unwrap_or(0);
        match &self.shows {
            Shows::Tap(_) => window(self.messages.iter(), back, width, height),
            Shows::Log(row, _) => window(log.of(Some(row)), back, width, height),
            Shows::WholeLog => window(log.of(None), back, width, height),
        }
    }
}

/// The last lines of those before the last ones, broken to a width.
fn window<'s>(
    said: impl DoubleEndedIterator<Item = &'s Said>,
    back: usize,
    width: usize,
    height: usize,
) -> Vec<Said> {
    let mut seen: Vec<Said> = Vec::new();
    for said in said.rev().skip(back) {
        let parts = broken(&said.text, width);
        seen.extend(parts.into_iter().rev().map(|text| Said { text, look: said.look }));
        if seen.len() >= height {
            break;
        }
    }
    seen.truncate(height);
    seen.reverse();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(said: &[Said]) -> Vec<&str> {
        said.iter().map(|said| said.text.as_str()).collect()
    }

    fn happened(node: Option<&str>, message: &str) -> Happened {
        Happened {
            time: 0.0,
            level: "info".to_owned(),
            node: node.map(str::to_owned),
            socket: None,
            kind: "log".to_owned(),
            details: serde_json::Value::Null,
            message: message.to_owned(),
            repeated: 0,
        }
    }

    #[test]
    fn who_reads_what_was_goes_on_reading_it() {
        let mut pane = Pane::of(Shows::Tap("a".to_owned()));
        let log = Log::default();
        let add = |pane: &mut Pane, n: usize| {
            pane.add(Said { text: n.to_string(), look: Look::Plain });
        };
        (0..10).for_each(|n| add(&mut pane, n));
        assert_eq!(texts(&pane.seen(&log, 20, 3)), ["7", "8", "9"]);
        pane.scroll(-4, &log);
        assert_eq!(texts(&pane.seen(&log, 20, 3)), ["3", "4", "5"]);
        add(&mut pane, 10);
        assert_eq!(texts(&pane.seen(&log, 20, 3)), ["3", "4", "5"]);
        pane.scroll(-100, &log);
        assert_eq!(texts(&pane.seen(&log, 20, 3)), ["0"]);
        pane.scroll(100, &log);
        assert!(pane.goes_along());
        (0..2 * MESSAGES).for_each(|n| add(&mut pane, n));
        assert_eq!(pane.count(&log), MESSAGES);
    }

    #[test]
    fn the_log_of_a_node_is_that_of_its_copies_and_nobody_elses() {
        let mut log = Log::default();
        log.add(&happened(Some("worker.1"), "one"));
        log.add(&happened(Some("worker.2"), "two"));
        log.add(&happened(Some("worker-b"), "another"));
        log.add(&happened(None, "the run"));
        log.aside("gone");
        let seen = |shows: Shows| -> usize { Pane::of(shows).seen(&log, 200, 50).len() };
        let row = |key: Key| Shows::Log(key, String::new());
        assert_eq!(seen(row(Key::Node("worker".to_owned()))), 3);
        assert_eq!(seen(row(Key::Instance("worker.1".to_owned()))), 2);
        assert_eq!(seen(row(Key::Socket("worker.2".to_owned(), "in".to_owned()))), 2);
        assert_eq!(seen(Shows::WholeLog), 5);
    }

    #[test]
    fn what_peers_say_is_shown_and_not_done_and_takes_the_lines_it_needs() {
        let mut log = Log::default();
        log.add(&happened(Some("a"), "\u{1b}[2J\u{202e}x"));
        log.add(&happened(Some("a"), &"x".repeat(100_000)));
        let pane = Pane::of(Shows::WholeLog);
        let seen = pane.seen(&log, 40, 5);
        assert_eq!(seen.len(), 5);
        assert!(seen.iter().all(|said| said.text.chars().count() <= 40));
        let all = pane.seen(&log, 10_000, 5);
        assert!(all[0].text.ends_with("\\x1b[2J\\u{202e}x"), "{all:?}");
    }
}
