//! Measures what was drawn: boxes, texts and labels of every shipped topology, and of some that
//! are harder.

use roxmltree::{Document, Node};

use super::super::layout::lay_out;
use super::super::picture::{End, Live, Picture};
use super::super::tests::{shipped, topology};
use super::svg;
use crate::ink::Type;

const HARD: &str = r#"
description: "<all> at once & more: ends outside, long names, a way back, a node wired to itself"
nodes:
  a-source-whose-name-is-much-longer-than-any-box-would-ever-want-to-be-wide:
    description: It reads lines and pushes them, at a pace, to whoever takes them, and this text is
      longer than what three lines of a box can hold, so that it has to be cut.
    role: push
    bind: [5001, "ipc:///tmp/a/very/long/path/to/a/socket/that/is/cut.sock"]
    read: {file: "-", rate: 100/s}
  middle:
    replicas: 4
    timers: {flush: 2s, report: 1m, a_timer_with_a_rather_long_name_that_is_cut: 5s}
    sockets:
      incoming_work_from_upstream: {role: pull, connect: 5001}
      outgoing_results_and_more: {role: push, connect: "tcp://collector.example:7000"}
      feedback: {role: sub, connect: tail.feedback, topics: [a., b., c., orders.eu.france., d.]}
      results: {role: push, connect: tail.in}
    on_message: send_to("results", msg)
  tail:
    sockets: {in: {role: pull, bind: 5002}, feedback: {role: pub, bind: 5003}}
    write: {file: out/results.log, append: true}
  tee:
    sockets:
      front: {role: pull, bind: 5010}
      back: {role: push, bind: 5011}
      copy: {role: pub, bind: "tcp://*:5012", connect: "tcp://10.0.0.1:6000"}
    forward: {front: back}
    capture: copy
  itself:
    sockets: {a: {role: pair, bind: "inproc://x"}, b: {role: pair, connect: "inproc://x"}}
    on_a: msg
"#;

/// Left, top, right, bottom.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Area([f64; 4]);

impl Area {
    fn overlaps(self, other: Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        a < g && e < c && b < h && f < d
    }

    fn holds(self, other: Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        a <= e && b <= f && c >= g && d >= h
    }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn rectangle(node: Node<'_, '_>) -> Area {
    let (x, y) = (number(node, "x"), number(node, "y"));
    Area([x, y, x + number(node, "width"), y + number(node, "height")])
}

/// What a text covers, accents and descenders included.
fn text_area(node: Node<'_, '_>) -> Area {
    let size = number(node, "font-size");
    let set = Type { size, bold: node.attribute("font-weight").is_some() };
    let width = set.width(node.text().unwrap_or_default());
    let (x, y) = (number(node, "x"), number(node, "y"));
    let left = match node.attribute("text-anchor") {
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        _ => x,
    };
    Area([left, y - 0.8 * size, left + width, y + 0.25 * size])
}

fn of_class<'d>(
    drawn: &'d Document<'d>,
    class: &'static str,
) -> impl Iterator<Item = Node<'d, 'd>> {
    drawn.descendants().filter(move |node| is_of(*node, class))
}

fn is_of(node: Node<'_, '_>, class: &str) -> bool {
    node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
}

fn all() -> Vec<(String, String)> {
    let mut all = shipped();
    all.push(("hard".to_owned(), topology(HARD)));
    let pictures = all.into_iter().flat_map(|(name, topology)| {
        let picture = Picture::of(&topology);
        [(format!("{name}, live"), svg(&live(&picture))), (name, svg(&picture))]
    });
    pictures.collect()
}

/// The same of a run in which everything is large.
fn live(picture: &Picture) -> Picture {
    let live: Vec<Live> = picture
        .boxes
        .iter()
        .map(|node| Live {
            node: node.name.clone(),
            flow: node
                .ports
                .iter()
                .map(|port| format!("{}: 12.34M/s in, 12.34M/s out, 1000 peers", port.title()))
                .collect(),
            trouble: Some("1234567890 waiting, blocked 100 %, 1234567890 dropped".to_owned()),
            slow: Some("handler busy 100 %, 12.3ms a call".to_owned()),
        })
        .collect();
    let mut picture = picture.clone();
    picture.show_live(&live, "Live, generation 1000, 86400 s after the start.");
    picture
}

#[test]
fn no_box_overlaps_another() {
    for (name, drawn) in all() {
        let drawn = Document::parse(&drawn).unwrap();
        let groups = of_class(&drawn, "node").chain(of_class(&drawn, "outside"));
        let boxes: Vec<Vec<Area>> = groups
            .map(|group| {
                let is_box = |node: &Node<'_, '_>| is_of(*node, "box") || is_of(*node, "sheet");
                group.children().filter(is_box).map(rectangle).collect()
            })
            .collect();
        assert!(boxes.iter().all(|areas| !areas.is_empty()));
        for (at, one) in boxes.iter().enumerate() {
            for other in &boxes[..at] {
                let overlaps = one.iter().any(|a| other.iter().any(|b| a.overlaps(*b)));
                assert!(!overlaps, "{name}: {one:?} {other:?}");
            }
        }
    }
}

#[test]
fn no_text_leaves_its_box_or_meets_another() {
    for (name, drawn) in all() {
        let drawn = Document::parse(&drawn).unwrap();
        for group in of_class(&drawn, "node").chain(of_class(&drawn, "outside")) {
            let frame = group.children().find(|node| is_of(*node, "box")).map(rectangle).unwrap();
            let is_inside =
                |node: &Node<'_, '_>| node.has_tag_name("text") && !is_of(*node, "label");
            let texts: Vec<_> = group.descendants().filter(is_inside).collect();
            assert!(!texts.is_empty());
            for (at, text) in texts.iter().enumerate() {
                let area = text_area(*text);
                assert!(frame.holds(area), "{name}: {:?} {area:?} in {frame:?}", text.text());
                for other in &texts[..at] {
                    let meets = area.overlaps(text_area(*other));
                    assert!(!meets, "{name}: {:?} {:?}", text.text(), other.text());
                }
            }
        }
    }
}

#[test]
fn every_text_is_on_the_canvas_and_every_label_in_the_open() {
    for (name, drawn) in all() {
        let drawn = Document::parse(&drawn).unwrap();
        let root = drawn.root_element();
        let canvas = Area([0.0, 0.0, number(root, "width"), number(root, "height")]);
        for text in drawn.descendants().filter(|node| node.has_tag_name("text")) {
            assert!(canvas.holds(text_area(text)), "{name}: {:?}", text.text());
        }
        let labels: Vec<_> = of_class(&drawn, "label").collect();
        let boxes: Vec<Area> = of_class(&drawn, "box").map(rectangle).collect();
        for (at, label) in labels.iter().enumerate() {
            let area = text_area(*label);
            let covered = boxes.iter().any(|frame| frame.overlaps(area));
            assert!(!covered, "{name}: {:?} is on a box", label.text());
            for other in &labels[..at] {
                let meets = area.overlaps(text_area(*other));
                assert!(!meets, "{name}: {:?} {:?}", label.text(), other.text());
            }
        }
    }
}

#[test]
fn a_picture_says_what_it_shows() {
    for (name, drawn) in all() {
        let drawn = Document::parse(&drawn).unwrap();
        let root = drawn.root_element();
        let labelled = root.attribute("aria-labelledby").unwrap();
        for (tag, id) in ["title", "desc"].into_iter().zip(labelled.split(' ')) {
            let said = root.children().find(|node| node.has_tag_name(tag)).unwrap();
            assert_eq!(said.attribute("id"), Some(id), "{name}");
            assert!(said.text().is_some_and(|text| !text.is_empty()), "{name}");
        }
    }
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    assert_eq!(all(), all());
}

#[test]
fn a_page_finds_every_node_socket_and_wire() {
    let mut ways = Vec::new();
    let mut sockets: Vec<(String, String)> = Vec::new();
    let picture = Picture::of(&topology(HARD));
    let drawn = svg(&picture);
    let drawn = Document::parse(&drawn).unwrap();
    let said = |node: Node<'_, '_>, name: &str| node.attribute(name).unwrap_or("-").to_owned();
    for socket in of_class(&drawn, "socket") {
        let node = socket.parent().unwrap();
        assert!(is_of(node, "node"));
        assert!(socket.children().any(|part| is_of(part, "dot")));
        sockets.push((said(node, "data-node"), said(socket, "data-socket")));
    }
    let want: Vec<(String, String)> = picture
        .boxes
        .iter()
        .flat_map(|node| node.ports.iter().map(|port| (node.name.clone(), port.title().into())))
        .collect();
    assert_eq!(sockets, want);
    for (wire, drawn_wire) in picture.wires.iter().zip(of_class(&drawn, "wire")) {
        let mut ends = Vec::new();
        for (end, name) in [(wire.from, "from"), (wire.to, "to")] {
            let [node, socket, outside] = ["", "-socket", "-outside"]
                .map(|what| said(drawn_wire, &format!("data-{name}{what}")));
            match end {
                End::Port(_) => assert!(sockets.contains(&(node.clone(), socket.clone()))),
                End::Terminal(at) => assert_eq!(outside, at.to_string()),
            }
            ends.push(format!("{node}.{socket}.{outside}"));
        }
        ways.push(format!("{} > {}", ends[0], ends[1]));
    }
    assert_eq!(of_class(&drawn, "outside").count(), picture.terminals.len());
    assert_eq!(ways.len(), of_class(&drawn, "wire").count());
    let far = of_class(&drawn, "outside").map(|group| said(group, "data-endpoint"));
    assert!(far.collect::<Vec<_>>().contains(&"tcp://collector.example:7000".to_owned()));
    let back = "tail.feedback.- > middle.feedback.-".to_owned();
    assert!(ways.contains(&back), "{ways:?}");
}

#[test]
fn a_line_begins_where_its_messages_come_from() {
    for (name, topology) in shipped() {
        let picture = Picture::of(&topology);
        let (drawn, layout) = (svg(&picture), lay_out(&picture));
        let drawn = Document::parse(&drawn).unwrap();
        let lines = of_class(&drawn, "line").map(|line| line.attribute("d").unwrap());
        let mut begins = lines.map(|d| {
            let digits = d[1..].split(|c: char| c.is_ascii_alphabetic()).next().unwrap();
            let (x, y) = digits.split_once(' ').unwrap();
            [x, y].map(|number| number.parse::<f64>().unwrap())
        });
        let ends = picture.wires.iter().zip(&layout.routes).map(|(_, route)| {
            let at = if route.begins_at_from { route.begin } else { route.end };
            [at.x, at.y]
        });
        let mut moved = None;
        for want in ends {
            let is = begins.next().unwrap();
            let by = [is[0] - want[0], is[1] - want[1]];
            let first = *moved.get_or_insert(by);
            let is_same = by.iter().zip(first).all(|(a, b)| (a - b).abs() < 0.2);
            assert!(is_same, "{name}: {by:?} {first:?}");
        }
    }
}

#[test]
fn every_colour_has_a_class_of_its_own() {
    let mut known: std::collections::BTreeMap<String, String> = Default::default();
    for (name, drawn) in all() {
        let drawn = Document::parse(&drawn).unwrap();
        for node in drawn.descendants().filter(|node| node.is_element()) {
            for way in ["fill", "stroke"] {
                let Some(colour) = node.attribute(way).filter(|&colour| colour != "none") else {
                    continue;
                };
                let classes = node.attribute("class").unwrap_or_default().split(' ');
                let prefix = format!("{way}-");
                let words: Vec<&str> =
                    classes.filter_map(|class| class.strip_prefix(&*prefix)).collect();
                let [word] = words[..] else { panic!("{name}: {node:?} has {words:?}") };
                let before = known.entry(word.to_owned()).or_insert_with(|| colour.to_owned());
                assert_eq!(before, colour, "{word}");
            }
        }
    }
    for word in ["ground", "box", "ink", "text", "muted", "alarm", "pubsub-strong", "mixed-tint"] {
        assert!(known.contains_key(word), "{word} of {known:?}");
    }
}

mod large;
