//! What a picture shows, as tables; its renderings, as snapshots.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::load::load;
use crate::topology::Topology;

/// A topology as it is written, without handlers.
pub(super) fn topology(yaml: &str) -> Topology {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drawn.yaml");
    std::fs::write(&path, yaml).unwrap();
    sound(&path)
}

/// Every topology that ships, by its name.
pub(super) fn shipped() -> Vec<(String, Topology)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/topologies"));
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), sound(path))).collect()
}

fn sound(path: &Path) -> Topology {
    let loaded = load(path, &|_| None);
    loaded.topology.unwrap_or_else(|| panic!("{}: {:?}", path.display(), loaded.diagnostics))
}

/// The wires as `from > to` or `from <> to`, with `*` at the end that binds.
fn wires(yaml: &str) -> Vec<String> {
    let picture = Picture::of(&topology(yaml));
    let say = |wire: &Wire| {
        let (from, to) = if wire.bound_at_from { ("*", "") } else { ("", "*") };
        let arrow = if wire.both_ways { "<>" } else { ">" };
        let ends = [wire.from, wire.to].map(|end| picture.end_name(end));
        format!("{}{from} {arrow} {}{to}", ends[0], ends[1])
    };
    picture.wires.iter().map(say).collect()
}

#[test]
fn a_wire_goes_where_its_messages_go() {
    for (nodes, want) in [
        ("{a: {role: pub, bind: 5}, b: {role: sub, connect: a, topics: all}}", &["a* > b"][..]),
        ("{a: {role: sub, bind: 5, topics: all}, b: {role: pub, connect: a}}", &["b > a*"]),
        ("{a: {role: rep, bind: 5}, b: {role: req, connect: a}}", &["b <> a*"]),
        ("{a: {role: router, bind: 5}, b: {role: dealer, connect: a}}", &["b <> a*"]),
        ("{a: {role: pair, bind: 5}, b: {role: pair, connect: a}}", &["a* <> b"]),
        ("{a: {role: pull, bind: 5}}", &["outside > a*"]),
        ("{a: {role: push, connect: 'tcp://far:5'}}", &["a > tcp://far:5*"]),
        ("{a: {role: dealer, bind: 5}}", &["a* <> outside"]),
        ("{a: {role: router, bind: 5}}", &["outside <> a*"]),
    ] {
        assert_eq!(wires(&format!("nodes: {nodes}\n")), want, "{nodes}");
    }
}

#[test]
fn sockets_that_share_an_outside_endpoint_share_its_terminal() {
    let yaml = "nodes:\n  a: {role: push, connect: 'tcp://far:5'}\n  b: {role: push, connect: 'tcp://far:5'}\n";
    assert_eq!(Picture::of(&topology(yaml)).terminals.len(), 1);
}

#[test]
fn a_balancer_stands_between_those_who_ask_it() {
    let yaml = "
nodes:
  balancer:
    sockets: {front: {role: router, bind: 5}, back: {role: router, bind: 6}}
    on_front: send_to(\"back\", msg)
    on_back: send_to(\"front\", msg)
  worker: {role: req, connect: balancer.back}
  client: {role: req, connect: balancer.front}
";
    assert_eq!(wires(yaml), ["balancer.back* <> worker", "client <> balancer.front*"]);
}

#[test]
fn subscriptions_that_come_back_are_no_messages() {
    let yaml = "
nodes:
  bus:
    sockets: {out: {role: xpub, bind: 6}, in: {role: xsub, bind: 5}}
    forward: [out, in]
";
    let picture = Picture::of(&topology(yaml));
    assert_eq!(picture.boxes[0].forwards, [Forward { from: 1, to: 0, kind: ForwardKind::OneWay }]);
}

#[test]
fn pictures_are_written_as_text() {
    for (name, topology) in shipped() {
        if ["weather", "broker"].contains(&name.as_str()) {
            let picture = Picture::of(&topology);
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}_text"), text(&picture));
                insta::assert_snapshot!(format!("{name}_mermaid"), mermaid(&picture));
                insta::assert_snapshot!(format!("{name}_dot"), dot(&picture));
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_picture_gives_the_same_bytes(description in "\\PC{0,60}") {
        let mut picture = Picture::of(&topology("nodes: {a: {role: pull, bind: 5}}"));
        picture.description = Some(description.clone());
        picture.boxes[0].description = Some(description);
        let again = picture.clone();
        prop_assert_eq!(svg(&picture), svg(&again));
        prop_assert!(roxmltree::Document::parse(&svg(&picture)).is_ok());
    }
}
