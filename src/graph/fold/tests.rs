//! Who is alike, and what their box says.

use super::super::tests::topology;
use super::*;

fn names(yaml: &str, open: &[&str]) -> Vec<String> {
    let picture = Picture::of(&topology(yaml)).folded(&Open::named(open.iter().copied()));
    picture.boxes.iter().map(NodeBox::title).collect()
}

const FEEDS: &str = "
nodes:
  feed0: {role: pub, bind: 'inproc://0'}
  feed1: {role: pub, bind: 'inproc://1'}
  feed2: {role: pub, bind: 'inproc://2'}
  feed3: {role: pub, bind: 'inproc://3'}
  oslo: {role: sub, topics: all, connect: [feed0, feed1, feed2, feed3]}
  rome: {role: sub, topics: all, connect: [feed0, feed1, feed2, feed3]}
  bern: {role: sub, topics: all, connect: [feed0, feed1, feed2, feed3]}
  kiev: {role: sub, topics: all, connect: [feed0, feed1, feed2, feed3]}
  wien: {role: sub, topics: [a], connect: [feed0, feed1, feed2, feed3]}
";

#[test]
fn nodes_are_alike_by_name_or_by_work_and_by_their_links() {
    assert_eq!(names(FEEDS, &[]), ["feed (4 nodes)", "oslo (4 nodes)", "wien"]);
    assert_eq!(names(FEEDS, &["feed"]).len(), 6);
    assert_eq!(names(FEEDS, &["rome"])[0], "feed (4 nodes)");
    assert_eq!(names(FEEDS, &["rome"]).len(), 6);
    assert_eq!(names(FEEDS, &["all"]).len(), 9);
    assert_eq!(names(FEEDS, &["nobody"]), names(FEEDS, &[]));
    let groups = Picture::of(&topology(FEEDS)).groups();
    assert_eq!(groups[1].members, ["oslo", "rome", "bern", "kiev"]);
}

#[test]
fn three_are_no_group_and_a_chain_is_none() {
    let three =
        FEEDS.replace("  feed3: {role: pub, bind: 'inproc://3'}\n", "").replace(", feed3", "");
    assert_eq!(names(&three, &[]), ["feed0", "feed1", "feed2", "oslo (4 nodes)", "wien"]);
    let mut chain = "nodes:\n  n0: {sockets: {out: {role: push, bind: 'inproc://0'}}}\n".to_owned();
    for at in 1..9 {
        let before = at - 1;
        chain += &format!(
            "  n{at}: {{sockets: {{in: {{role: pull, connect: n{before}.out}}, \
             out: {{role: push, bind: 'inproc://{at}'}}}}}}\n"
        );
    }
    assert_eq!(names(&chain, &[]).len(), 9);
}

#[test]
fn one_name_in_two_places_is_two_groups_with_names_of_their_own() {
    let mut yaml =
        "nodes:\n  a: {role: pub, bind: 'inproc://a'}\n  b: {role: pub, bind: 'inproc://b'}\n"
            .to_owned();
    for at in 0..10 {
        let to = if at < 5 { "a" } else { "b" };
        yaml += &format!("  view{at}: {{role: sub, topics: [t{at}], connect: {to}}}\n");
    }
    assert_eq!(names(&yaml, &[]), ["a", "b", "view0 (5 nodes)", "view5 (5 nodes)"]);
}

#[test]
fn a_group_keeps_the_number_of_its_links_and_what_all_have_in_common() {
    let picture = Picture::of(&topology(FEEDS)).folded(&Open::default());
    let links: Vec<usize> = picture.wires.iter().map(|wire| wire.links).collect();
    assert_eq!(links, [16, 4]);
    assert_eq!(picture.boxes[0].description.as_deref(), Some("feed0 … feed3"));
    assert_eq!(picture.boxes[1].description.as_deref(), Some("oslo, rome, bern, kiev"));
    assert_eq!(picture.boxes[0].ports[0].binds.len(), 4);
}

#[test]
fn places_outside_that_only_a_group_knows_are_one() {
    let mut yaml = "nodes:\n".to_owned();
    for at in 0..5 {
        yaml += &format!("  probe{at}: {{role: push, connect: 'tcp://far:{}'}}\n", 6000 + at);
        yaml += &format!("  open{at}: {{role: pull, bind: 'tcp://127.0.0.1:{}'}}\n", 7000 + at);
    }
    let picture = Picture::of(&topology(&yaml)).folded(&Open::default());
    let outside: Vec<String> = picture.terminals.iter().map(Terminal::title).collect();
    assert_eq!(outside, ["tcp://far:6000 +4", "outside ×5"]);
    assert_eq!(Picture::of(&topology(&yaml)).folded(&Open::all()).terminals.len(), 10);
}
