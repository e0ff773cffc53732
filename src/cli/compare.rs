//! `zrig replay FILE TOPOLOGY --compare`: what the handlers would do otherwise than they did.
//!
//! Owns what is accepted, the exit status and what is printed. How it is found is `replay`'s.

mod changes;
mod text;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::ValueEnum;
use serde_json::{Value, json};

use self::changes::changes;
use super::output::{FAILED, INVALID, aside, invalid, show_faults};
use super::variables::Variables;
use crate::clock::since_epoch;
use crate::control::{Opened, find};
use crate::load::{load, text_of};
use crate::message::JsonFrame;
use crate::recording::Reader;
use crate::replay::{Accepted, Comparison, Difference, Group, Report, Sent, look_up};

/// How a comparison is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// For a person
    Text,
    /// One JSON object
    Json,
}

/// What is to be compared with what.
pub(super) struct Compare<'c> {
    pub(super) file: &'c Path,
    pub(super) target: &'c str,
    pub(super) accept: &'c [String],
    pub(super) format: Format,
}

impl Compare<'_> {
    /// Compares, and prints what differs.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self, mut reader: Reader, variables: &Variables) -> io::Result<ExitCode> {
        let accepted = match self.accepted() {
            Ok(accepted) => accepted,
            Err(why) => return Ok(invalid(&why)),
        };
        let target = if Path::new(self.target).is_file() {
            self.target.to_owned()
        } else {
            match find(self.target) {
                Ok(client) => client.hello.file,
                Err(failed) => return Ok(invalid(&failed.to_string())),
            }
        };
        let loaded = load(Path::new(&target), &|name| variables.get(name));
        let Some(topology) = &loaded.topology else {
            show_faults(&loaded);
            return Ok(ExitCode::from(INVALID));
        };
        if reader.calls().next().is_none() {
            let file = self.file.display();
            return Ok(invalid(&format!(
                "{file} has no calls of handlers, so nothing can be compared: it is of a part of the \
                 nodes' sockets, of messages chosen by --where, of nodes without handlers, or older than \
                 comparisons"
            )));
        }
        let mut comparison = Comparison::new(topology);
        let read = reader.read(None, |entry| {
            comparison.take(entry);
            ControlFlow::<()>::Continue(())
        });
        let mut report = comparison.finish(&reader);
        if let Err(error) = read.and_then(|_| look_up(&mut report, &mut reader)) {
            return Ok(invalid(&error.to_string()));
        }
        let mut out = io::stdout().lock();
        match self.format {
            Format::Text => out.write_all(text::text(&report, &accepted).as_bytes())?,
            Format::Json => writeln!(out, "{}", self.json(&report, &accepted))?,
        }
        self.tell_unused(&report, &accepted);
        Ok(ExitCode::from(if !report.is_same(&accepted) {
            FAILED
        } else if report.is_whole(&accepted) {
            0
        } else {
            INVALID
        }))
    }

    /// What is meant: groups, and files of them.
    fn accepted(&self) -> Result<Vec<Accepted>, String> {
        let mut accepted = Vec::new();
        for given in self.accept {
            let path = Path::new(given);
            if !path.is_file() {
                accepted.push(given.parse()?);
                continue;
            }
            let text = text_of(path).ok_or_else(|| format!("cannot read {given}"))?;
            accepted.extend(Accepted::all(&text).map_err(|why| format!("{given}: {why}"))?);
        }
        Ok(accepted)
    }

    /// Says of what was accepted and is not there that it can go.
    fn tell_unused(&self, report: &Report, accepted: &[Accepted]) {
        for one in accepted {
            let found = report.groups.iter().any(|it| it.is_accepted(std::slice::from_ref(one)))
                || report.missing.iter().any(|it| one.means_missing(&it.node));
            if !found && self.format == Format::Text {
                aside(&format!("… nothing is {one}, which --accept has"));
            }
        }
    }

    fn json(&self, report: &Report, accepted: &[Accepted]) -> Value {
        let groups = report.groups.iter().map(|group| group_json(group, accepted));
        let missing = report.missing.iter().map(|one| {
            json!({
                "node": one.instance,
                "since": one.since.map(seconds),
                "why": one.why,
                "calls": one.calls,
                "accepted": accepted.iter().any(|it| it.means_missing(&one.node)),
            })
        });
        json!({
            "recording": self.file.display().to_string(),
            "topology": self.target,
            "compared": report.compared,
            "same": report.is_same(accepted),
            "whole": report.is_whole(accepted),
            "groups": groups.collect::<Vec<_>>(),
            "missing": missing.collect::<Vec<_>>(),
            "notes": report.notes,
        })
    }
}

fn group_json(group: &Group, accepted: &[Accepted]) -> Value {
    json!({
        "kind": group.kind,
        "node": group.node,
        "handler": group.handler,
        "place": group.place,
        "count": group.count,
        "of": group.of,
        "group": group.text(),
        "accepted": group.is_accepted(accepted),
        "first": difference_json(&group.first),
    })
}

fn difference_json(first: &Difference) -> Value {
    let message = first.message.as_ref().map(|passed| Opened::of(passed.share()).read());
    let (gone, new) = first.deeds.clone().unwrap_or_default();
    json!({
        "node": &*first.instance,
        "time": seconds(first.at),
        "message": message,
        "then": first.then.iter().map(sent_json).collect::<Vec<_>>(),
        "now": first.now.iter().map(sent_json).collect::<Vec<_>>(),
        "changes": changes_json(&first.then, &first.now),
        "deeds": {"then": gone, "now": new},
        "error": first.error,
    })
}

fn sent_json(sent: &Sent) -> Value {
    let frames = sent.frames.as_ref();
    json!({
        "socket": sent.socket,
        "frames": frames.map(|all| all.iter().map(|it| json!(JsonFrame(it))).collect::<Vec<_>>()),
    })
}

/// What differs, by message, frame and key.
fn changes_json(then: &[Sent], now: &[Sent]) -> Vec<Value> {
    let mut all = Vec::new();
    for (at, (then, now)) in then.iter().zip(now).enumerate() {
        let (Some(then), Some(now)) = (&then.frames, &now.frames) else { continue };
        for (frame, (then, now)) in then.iter().zip(now).enumerate().filter(|(_, (a, b))| a != b) {
            all.extend(changes(then, now).into_iter().map(|change| {
                json!({
                    "message": at,
                    "frame": frame,
                    "path": change.path,
                    "then": change.then,
                    "now": change.now,
                })
            }));
        }
    }
    all
}

fn seconds(at: SystemTime) -> f64 {
    since_epoch(at).as_secs_f64()
}
