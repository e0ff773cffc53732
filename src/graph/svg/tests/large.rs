//! Pictures of many nodes: the shape of a slide, boxes and wires apart, small edits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::super::fold::Open;
use super::*;

/// A slide, in the points of a projector.
const SLIDE: (f64, f64) = (1920.0, 1080.0);
/// The least size that the names on boxes may have there.
const READABLE: f64 = 9.0;

fn name(at: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
    format!("node_{}{}{}", letter(at / 676), letter(at / 26), letter(at))
}

/// `before` tells from whom a node takes.
fn shape(nodes: usize, before: impl Fn(usize) -> Vec<usize>) -> String {
    let sources = |at: usize| -> Vec<usize> {
        let mut from = before(at);
        from.retain(|&from| from < at);
        from.sort_unstable();
        from.dedup();
        from
    };
    let given: Vec<usize> = (0..nodes).flat_map(sources).collect();
    let mut yaml = "description: A picture of many.\nnodes:\n".to_owned();
    for at in 0..nodes {
        let name_at = name(at);
        writeln!(yaml, "  {name_at}:\n    description: Number {at} of many which do something")
            .unwrap();
        writeln!(yaml, "    on_start: 'let n = {at};'\n    sockets:").unwrap();
        let from: Vec<String> = sources(at).into_iter().map(|from| name(from) + ".out").collect();
        if given.contains(&at) || from.is_empty() {
            let port = 5000 + at;
            writeln!(yaml, "      out: {{role: pub, bind: 'tcp://127.0.0.1:{port}'}}").unwrap();
        }
        if !from.is_empty() {
            let from = from.join(", ");
            writeln!(yaml, "      in: {{role: sub, topics: all, connect: [{from}]}}").unwrap();
        }
    }
    yaml
}

fn shapes(nodes: usize) -> Vec<(&'static str, String)> {
    vec![
        ("fan", shape(nodes, |_| vec![0])),
        ("chain", shape(nodes, |at| vec![at.wrapping_sub(1)])),
        ("pairs", shape(nodes, |at| if at % 2 == 1 { vec![at - 1] } else { Vec::new() })),
        (
            "trees",
            shape(nodes, |at| {
                if at % 12 == 0 { Vec::new() } else { vec![at - at % 12 + (at % 12 - 1) / 3] }
            }),
        ),
        (
            "strange",
            shape(nodes, |at| {
                vec![at.wrapping_sub(1 + at * 7 % 5), at.wrapping_sub(2 + at * 3 % 9)]
            }),
        ),
        ("around", shape(nodes, |at| vec![at % 7, at.wrapping_sub(1)])),
    ]
}

fn size(drawn: &Document<'_>) -> (f64, f64) {
    let root = drawn.root_element();
    (number(root, "width"), number(root, "height"))
}

/// How large a text of 15 points is on a slide.
fn size_of_names(drawn: &Document<'_>) -> f64 {
    let (width, height) = size(drawn);
    15.0 * (SLIDE.0 / width).min(SLIDE.1 / height).min(1.0)
}

/// What one box covers, by its name.
fn boxes(drawn: &Document<'_>) -> BTreeMap<String, Area> {
    let groups = of_class(drawn, "node").chain(of_class(drawn, "outside"));
    let boxes = groups.map(|group| {
        let name = ["data-node", "data-group", "data-outside"].map(|name| group.attribute(name));
        let frame = group.children().find(|part| is_of(*part, "box")).unwrap();
        (name.into_iter().flatten().next().unwrap().to_owned(), rectangle(frame))
    });
    boxes.collect()
}

/// Places on a line, a few points from each other.
fn points(line: &str) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut numbers = String::new();
    let mut commands: Vec<(char, Vec<f64>)> = Vec::new();
    for c in line.chars().chain(['M']) {
        if c.is_ascii_alphabetic() {
            let values = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
            if let Some((_, of_command)) = commands.last_mut() {
                *of_command = values;
            }
            commands.push((c, Vec::new()));
            numbers.clear();
        } else {
            numbers.push(c);
        }
    }
    commands.pop();
    for (command, values) in commands {
        let (x, y) = points.last().copied().unwrap_or_default();
        let handles = match command {
            'M' => {
                points.push((values[0], values[1]));
                continue;
            }
            'H' => [(x, y), (values[0], y), (values[0], y)],
            'V' => [(x, y), (x, values[0]), (x, values[0])],
            'C' => [(values[0], values[1]), (values[2], values[3]), (values[4], values[5])],
            other => panic!("{other} in {line}"),
        };
        for step in 1..=40 {
            let t = f64::from(step) / 40.0;
            let blend = |start: f64, [a, b, end]: [f64; 3]| {
                let u = 1.0 - t;
                u * u * u * start + 3.0 * u * u * t * a + 3.0 * u * t * t * b + t * t * t * end
            };
            points.push((blend(x, handles.map(|at| at.0)), blend(y, handles.map(|at| at.1))));
        }
    }
    points
}

fn assert_apart(name: &str, drawn: &Document<'_>) {
    let boxes = boxes(drawn);
    let areas: Vec<&Area> = boxes.values().collect();
    for (at, one) in areas.iter().enumerate() {
        for other in &areas[..at] {
            assert!(!one.overlaps(**other), "{name}: {one:?} {other:?}");
        }
    }
    for wire in of_class(drawn, "wire") {
        let ends: Vec<&str> = ["from", "to", "from-outside", "to-outside"]
            .iter()
            .filter_map(|end| wire.attribute(&*format!("data-{end}")))
            .collect();
        let line = wire.children().find(|part| is_of(*part, "line")).unwrap();
        for (x, y) in points(line.attribute("d").unwrap()) {
            let point = Area([x - 0.1, y - 0.1, x + 0.1, y + 0.1]);
            for (of, area) in &boxes {
                let is_own = ends.contains(&of.as_str());
                let inner = area.0;
                let inner = Area([inner[0] + 1.0, inner[1] + 1.0, inner[2] - 1.0, inner[3] - 1.0]);
                assert!(
                    is_own || !inner.overlaps(point),
                    "{name}: a wire of {ends:?} crosses {of}"
                );
                assert!(
                    !is_own || !inner.overlaps(point),
                    "{name}: a wire of {ends:?} enters {of}"
                );
            }
        }
    }
}

#[test]
fn sixty_different_nodes_fit_a_slide_whatever_their_shape() {
    for nodes in [24, 60] {
        for (shape, yaml) in shapes(nodes) {
            let drawn = svg(&Picture::of(&topology(&yaml)));
            let drawn = Document::parse(&drawn).unwrap();
            let (size, names) = (size(&drawn), size_of_names(&drawn));
            // A shape without any shape cannot be drawn as small as others.
            let least = if ["strange", "around"].contains(&shape) { 6.0 } else { READABLE };
            assert!(names >= least, "{shape} of {nodes}: {size:?} makes {names:.1}");
            assert_apart(&format!("{shape} of {nodes}"), &drawn);
        }
    }
}

#[test]
fn what_ships_is_apart_too() {
    for (name, topology) in shipped() {
        let drawn = svg(&Picture::of(&topology));
        let drawn = Document::parse(&drawn).unwrap();
        assert_apart(&name, &drawn);
        let names = size_of_names(&drawn);
        assert!(names >= 12.0, "{name}: {:?} makes {names:.1}", size(&drawn));
    }
}

#[test]
fn a_small_edit_moves_little() {
    for (shape, yaml) in shapes(40) {
        let drawn = |yaml: &str| {
            let drawn = svg(&Picture::of(&topology(yaml)));
            boxes(&Document::parse(&drawn).unwrap())
        };
        let before = drawn(&yaml);
        // Another column, or another place among those that were in it.
        let moved = |after: &BTreeMap<String, Area>| {
            let rank = |all: &BTreeMap<String, Area>, name: &str| {
                let own = all[name].0;
                let known = before.keys().filter_map(|name| all.get(name));
                known
                    .filter(|other| (other.0[0] - own[0]).abs() < 60.0 && other.0[1] < own[1])
                    .count()
            };
            let nodes = before.iter().filter(|(name, _)| name.starts_with("node"));
            let far = nodes.filter(|(name, area)| {
                (after[*name].0[0] - area.0[0]).abs() > 60.0
                    || rank(&before, name) != rank(after, name)
            });
            far.count()
        };
        // A handler's text and a port change no place at all.
        let other = yaml.replacen("let n = 7;", "let n = 777777;", 1);
        assert_ne!(other, yaml);
        assert_eq!(drawn(&other), before, "{shape}");
        // Parts that do not hang together are packed anew, each still as it is.
        if !["fan", "chain"].contains(&shape) {
            continue;
        }
        let more = format!(
            "{yaml}  extra: {{role: sub, topics: all, connect: {}.out, on_message: '()'}}\n",
            name(0)
        );
        let moved = moved(&drawn(&more));
        assert!(moved <= 14, "{shape}: {moved} of {} moved", before.len());
    }
}

#[test]
fn many_alike_are_one_box_that_opens() {
    let mut yaml = "nodes:\n  station: {role: pub, bind: 5556}\n".to_owned();
    for at in 0..20 {
        writeln!(yaml, "  view{at}: {{role: sub, connect: station, topics: [t{at}.], hwm: 50}}")
            .unwrap();
    }
    let picture = Picture::of(&topology(&yaml));
    let drawn = svg(&picture.folded(&Open::default()));
    let drawn = Document::parse(&drawn).unwrap();
    let group = of_class(&drawn, "group").next().unwrap();
    assert_eq!(group.attribute("data-group"), Some("view"));
    assert_eq!(group.attribute("data-count"), Some("20"));
    assert!(is_of(group, "node"));
    let wire = of_class(&drawn, "wire").next().unwrap();
    assert_eq!(wire.attribute("data-to"), Some("view"));
    assert_eq!(wire.attribute("data-links"), Some("20"));
    let texts: Vec<&str> = drawn.descendants().filter_map(|node| node.text()).collect();
    for want in ["20 nodes", "view0 … view19"] {
        assert!(texts.contains(&want), "{want} of {texts:?}");
    }
    assert!(texts.iter().any(|text| text.ends_with("hwm 50")), "{texts:?}");
    let opened = svg(&picture.folded(&Open::named(["view"])));
    assert_eq!(of_class(&Document::parse(&opened).unwrap(), "node").count(), 21);
    assert_eq!(opened, svg(&picture));
}
