//! That a picture has what was recorded, each message once, and says no more than is known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::json;

use super::*;
use crate::document::Document;
use crate::message::{Format, Frame};
use crate::node::Place;
use crate::recording::contents::{Channel, moment};
use crate::sequence::{What, text};
use crate::source::{Source, SourceMap};
use crate::topology::Neighbours;
use crate::zeromq::Role;

/// When a recording begins.
const BEGUN: u64 = 1_000_000_000_000;

/// A recording in lines: `MILLISECONDS NODE.SOCKET[:ROLE] in|out FRAMES`, frames parted by `|`, or
/// `MILLISECONDS NODE|- LEVEL ! WORDS`, or `MILLISECONDS NODE.SOCKET in|out lacks COUNT UNTIL`.
struct Tale {
    entries: Vec<Entry>,
    channels: BTreeMap<String, Channel>,
    neighbours: Neighbours,
    is_whole: bool,
    are_fixed: bool,
    is_from_start: bool,
    times: RangeInclusive<u64>,
}

fn tale(topology: &str, lines: &str) -> Tale {
    let source = Source::new("t.yaml", topology);
    let id = SourceMap::default().add(source.clone());
    let document = Document::parse(id, &source, &|_| None).ok();
    let mut tale = Tale {
        entries: Vec::new(),
        channels: BTreeMap::new(),
        neighbours: document.map(|it| Neighbours::as_far_as_written(&it)).unwrap_or_default(),
        is_whole: true,
        are_fixed: true,
        is_from_start: false,
        times: BEGUN..=u64::MAX,
    };
    lines.lines().filter(|line| !line.trim().is_empty()).for_each(|line| tale.add(line));
    tale
}

fn at(milliseconds: &str) -> u64 {
    let milliseconds: f64 = milliseconds.parse().unwrap();
    BEGUN + (milliseconds * 1e6) as u64
}

impl Tale {
    fn add(&mut self, line: &str) {
        let mut words = line.trim().splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (time, whose, way, said) = (at(word()), word(), word(), word());
        if let Some(words) = said.strip_prefix("! ") {
            return self.add_event(time, whose, way, words);
        }
        let (instance, socket) = whose.rsplit_once('.').unwrap();
        let (socket, role) = socket.split_once(':').unwrap_or((socket, socket));
        let direction = if way == "in" { Direction::In } else { Direction::Out };
        if let Some(lacks) = said.strip_prefix("lacks ") {
            let (count, until) = lacks.split_once(' ').unwrap();
            let gap = json!({
                "node": instance,
                "socket": socket,
                "direction": way,
                "messages": count.parse::<u64>().unwrap(),
                "until": at(until) as f64 / 1e9,
            });
            return self.entries.push(Entry::Gap { at: moment(time), gap });
        }
        let place = Arc::new(Place {
            instance: instance.into(),
            socket: socket.into(),
            role: Role::parse(role).unwrap(),
            format: Format::Plain,
            numbered: false,
        });
        let channel =
            Channel { place: Arc::clone(&place), direction, messages: 1, bytes: None, missing: 0 };
        self.channels.insert(format!("{whose} {way}"), channel);
        let frames = said.split('|').map(Frame::from).collect();
        let passed = Passed { at: moment(time), direction, place, number: 0, frames };
        self.entries.push(Entry::Message { passed, peer: None });
    }

    fn add_event(&mut self, time: u64, node: &str, level: &str, words: &str) {
        let happened = json!({
            "time": time as f64 / 1e9,
            "level": level,
            "node": (node != "-").then_some(node),
            "kind": "log",
            "details": {},
            "message": words,
            "repeated": 0,
        });
        self.entries.push(Entry::Event { at: moment(time), happened });
    }

    /// In this stretch, in milliseconds.
    fn between(mut self, from: &str, to: &str) -> Self {
        self.times = at(from)..=at(to);
        self
    }

    fn story(self) -> Story {
        self.story_of(&mut |_| true)
    }

    fn story_of(self, message: &mut dyn FnMut(&Passed) -> bool) -> Story {
        let calls = self.is_whole.then(|| HashSet::from(["desk", "client"]));
        let places = Places::of(self.channels.values(), calls, &self.neighbours);
        let wish = Wish {
            times: None,
            message,
            node: &|node, _| node != "unwanted",
            has_events: true,
            label: &|passed| {
                let frames = passed.frames.iter().map(|frame| String::from_utf8_lossy(frame));
                frames.collect::<Vec<_>>().join("|")
            },
            lookup: &|_| None,
        };
        let mut teller = Teller {
            times: self.times,
            begun: BEGUN,
            is_from_start: self.is_from_start,
            known_until: BEGUN + 10_000_000_000,
            are_fixed: self.are_fixed,
            places,
            pairing: Pairing::default(),
            rows: Rows::default(),
            count: 0,
            wish,
        };
        let mut together = Vec::new();
        let mut before = SystemTime::UNIX_EPOCH;
        for entry in self.entries {
            let at = moment(time_of(&entry));
            if at != before {
                teller.take_all(&mut together);
            }
            before = at;
            together.push(entry);
        }
        teller.take_all(&mut together);
        teller.finish(true)
    }

    fn drawn(self) -> String {
        text(&self.story().sequence)
    }
}

/// A publisher, its subscribers, and a line of workers.
const SHOP: &str = "
nodes:
  news: {role: pub, bind: 5000}
  reader: {role: sub, connect: news, topics: all, replicas: 2}
  source: {role: push, bind: inproc://jobs}
  worker: {role: pull, connect: source, replicas: 2}
  desk: {role: router, bind: 5001, on_message: msg}
  client: {role: req, connect: desk, replicas: 2}
  far: {role: dealer, connect: tcp://example.org:5}
";

#[test]
fn a_message_that_one_sent_and_another_received_is_one_arrow() {
    insta::assert_snapshot!(
        tale(
            SHOP,
            "
            0 - info ! running live
            10 news.pub out tick
            10.4 reader.1.sub in tick
            10.5 reader.2.sub in tick
            20 source.push out one
            20 source.push out one
            20 worker.1.pull in one
            60 worker.2.pull in one
            70 client.1.req out ask
            70.1 client.2.req out ask
            70.2 desk.router in c1||ask
            70.3 desk.router out c1||answer
            70.4 desk.router in c2||ask
            70.5 desk.router out c2||answer
            70.6 client.2.req in answer
            70.7 client.1.req in answer
            80 worker.1 error ! it failed: \u{1b}[31m
            81 worker.1 debug ! connected
            90 - info ! reload applied
            "
        )
        .drawn()
    );
}

#[test]
fn what_cannot_be_paired_is_from_outside_or_to_there_or_that_is_not_known() {
    insta::assert_snapshot!(
        tale(
            SHOP,
            "
            1100 desk.router in c9||who is there
            1101 desk.router out c9||a desk
            1200 far.dealer out hello
            1201 far.dealer in hello yourself
            1300 news.pub out nobody wants that
            1400 source.push out lost
            1500 worker.1.pull in of nobody
            "
        )
        .drawn()
    );
}

#[test]
fn what_has_not_come_is_missed_only_where_all_is_known() {
    const LINES: &str = "
        1000 source.push out first
        1001 worker.1.pull in first
        1400 source.push out lost
    ";
    let is_missed = |tale: Tale| {
        let story = tale.story();
        let last = story.sequence.moments.last().unwrap().clone();
        matches!(last.what, What::Message { to: None, .. })
    };
    assert!(is_missed(tale(SHOP, LINES)));
    let in_part = Tale { is_whole: false, ..tale(SHOP, LINES) };
    assert!(!is_missed(in_part), "somebody may have got it who was not recorded");
    let moving = Tale { are_fixed: false, ..tale(SHOP, LINES) };
    assert!(!is_missed(moving), "a handler may have connected with somebody");
    let late = LINES.replace("1400 ", "10001 ");
    assert!(!is_missed(tale(SHOP, &late)), "it may have come after the recording's end");
    let open = SHOP.replace("inproc://jobs", "5002");
    assert!(!is_missed(tale(&open, LINES)), "somebody outside may have got it");
    let elsewhere = LINES.lines().filter(|line| !line.contains("worker"));
    let elsewhere: Vec<&str> = elsewhere.collect();
    let elsewhere = tale(SHOP, &elsewhere.join("\n"));
    assert!(!is_missed(elsewhere), "the worker may run at another place");
    let lacking = format!("900 worker.2.pull in lacks 3 1500\n{LINES}");
    assert!(!is_missed(tale(SHOP, &lacking)), "it may be one of those that are missing");
}

#[test]
fn what_comes_at_the_beginning_may_have_been_sent_before_it_unless_the_run_began_then_too() {
    let lines = "
        999 desk.router in c9||who is there
        1000 client.1.req out ask
    ";
    for (is_from_start, lane) in [(false, "?"), (true, "c9 (outside)")] {
        let lanes = Tale { is_from_start, ..tale(SHOP, lines) }.story().sequence.lanes;
        assert!(lanes.contains(&lane.to_owned()), "{lanes:?}");
    }
}

#[test]
fn what_is_missing_is_an_alarm_and_makes_unknown_who_sent_what() {
    let lines = "
        1000 client.1.req out lacks 2 1500
        1600 desk.router in c9||whose
        1700 unwanted.pull in lacks 2 1800
    ";
    insta::assert_snapshot!(tale(SHOP, &format!("999 client.1.req out x\n{lines}")).drawn());
}

#[test]
fn a_stretch_has_what_was_sent_before_it_and_came_in_it_and_when_its_last_came() {
    insta::assert_snapshot!(
        tale(
            SHOP,
            "
            1000 source.push out before
            1500 worker.1.pull in before
            1600 source.push out in it
            1700 reader.1 info ! seen
            2100 worker.1.pull in in it
            2200 source.push out after it
            2300 worker.1.pull in after it
            "
        )
        .between("1400", "2000")
        .drawn()
    );
}

#[test]
fn a_message_is_wanted_by_what_it_is_at_either_end() {
    let lines = "
        10 news.pub out tick
        11 reader.1.sub in tick
        12 reader.2.sub in tick
        20 source.push out one
        21 worker.1.pull in one
    ";
    let at = |name: &'static str| {
        let story = tale(SHOP, lines).story_of(&mut |passed| &*passed.place.instance == name);
        (story.sequence.lanes, story.sequence.moments.len())
    };
    let lanes = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(at("news"), (lanes(&["news", "reader.1", "reader.2"]), 2));
    assert_eq!(at("reader.2"), (lanes(&["news", "reader.2"]), 1));
    assert_eq!(at("worker.2"), (lanes(&[]), 0));
}

#[test]
fn without_a_text_messages_are_one_where_they_say_the_same_and_the_roles_fit() {
    let lines = "
        10 a.push out one
        11 b.pull in one
        12 c.sub in one
    ";
    let drawn = tale("", lines).story().sequence;
    assert_eq!(drawn.lanes, ["a", "b", "outside", "c"], "a sub gets nothing of a push");
}

#[test]
fn a_picture_has_a_bound_and_says_what_it_has_left_out() {
    let lines: String = (0..ROWS + 40)
        .map(|n| format!("{n} source.push out {n}\n{n}.5 worker.{}.pull in {n}\n", n % 60 + 1))
        .collect();
    let story = tale(SHOP, &lines).story();
    assert_eq!(story.left_out.messages, 40);
    assert_eq!(story.left_out.since, at("200"));
    assert!(story.sequence.lanes.len() <= LANES && story.left_out.crowded > 0);
    assert!(story.sequence.moments.len() <= ROWS + 2);
    let drawn = text(&story.sequence);
    // The last line names the lanes once more.
    let last: Vec<&str> = drawn.lines().rev().skip(1).take(2).collect();
    assert!(last[0].ends_with("── … from here on, not shown: 40 messages ──"), "{last:?}");
    assert!(last[1].contains("more with nodes that have no room here"), "{last:?}");
}
