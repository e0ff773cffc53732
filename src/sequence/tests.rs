//! That a sequence is drawn as it was, in each of its renderings, and that no text is markup.

use std::time::Duration;

use super::*;

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn example() -> Sequence {
    let moment = |at, what| Moment { at: ms(at), what };
    let message = |from, to, text: &str, arrived: Option<u64>| What::Message {
        from,
        to,
        text: text.to_owned(),
        arrived: arrived.map(ms),
    };
    Sequence {
        lanes: vec!["client".to_owned(), "broker".to_owned(), "worker.1".to_owned()],
        moments: vec![
            moment(0, message(0, Some(1), "ask <1>", Some(0))),
            moment(0, message(1, Some(2), "ask <1>", Some(250))),
            moment(300, What::Step { text: "killed worker.1".to_owned() }),
            moment(300, message(1, None, "ask 2", None)),
            moment(900, What::Note { lane: 0, text: "no \"answer\"".to_owned(), is_alarm: true }),
            moment(900, message(1, Some(0), "sorry", Some(900))),
        ],
    }
}

#[test]
fn a_terminal_shows_a_lane_each_and_a_line_a_moment() {
    insta::assert_snapshot!(text(&example()));
}

#[test]
fn mermaid_gets_the_same() {
    insta::assert_snapshot!(mermaid(&example(), "what; happened"));
}

#[test]
fn an_svg_is_well_formed_and_has_all_that_was_said() {
    let drawn = svg(&example(), "why a client waits");
    let document = roxmltree::Document::parse(&drawn).unwrap();
    let said: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    for wanted in ["ask <1>", "killed worker.1", "ask 2", "no \"answer\"", "worker.1", "0.300 s"] {
        assert!(said.contains(&wanted), "{wanted}: {said:?}");
    }
    assert_eq!(svg(&example(), "why a client waits"), drawn);
}

#[test]
fn the_last_moments_have_the_lanes_that_they_are_of() {
    let last = example().last(2);
    assert_eq!(last.lanes, ["client", "broker"]);
    assert!(matches!(last.moments[1].what, What::Message { from: 1, to: Some(0), .. }));
    assert_eq!(example().last(9), example());
}

#[test]
fn a_lane_may_be_put_behind_all_others() {
    let moved = example().with_last(0);
    assert_eq!(moved.lanes, ["broker", "worker.1", "client"]);
    assert!(matches!(moved.moments[0].what, What::Message { from: 2, to: Some(0), .. }));
    assert_eq!(example().with_last(2), example());
}

#[test]
fn a_long_picture_names_its_lanes_at_its_end_too() {
    let long = Sequence {
        moments: example().moments.into_iter().cycle().take(LONG).collect(),
        ..example()
    };
    for (sequence, times) in [(example(), 1), (long, 2)] {
        let named = |drawn: String| drawn.matches(">worker.1<").count();
        assert_eq!(named(svg(&sequence, "")), times);
        let heads = text(&sequence).lines().filter(|line| line.ends_with(" worker.1")).count();
        assert_eq!(heads, times);
    }
}
