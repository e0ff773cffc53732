//! What a node does where somebody looks at all that passes.

use std::time::Duration;

use super::{Bench, ECHO, mill, rounds};
use crate::clock;
use crate::node::control::Control;
use crate::node::interception::Direction;
use crate::node::whole_tap::{Seen, WholeReader};
use crate::topology::{WhenFull, sound};

#[test]
fn a_node_waits_for_a_tap_that_wants_all_and_goes_on_when_it_has_room() {
    rounds(async {
        let bench = Bench::of(&mill(ECHO)).await;
        let (input, out) = (bench.wire("in"), bench.wire("out"));
        let target = "n".parse().unwrap();
        let reader = bench.interceptors.whole_tap(target, None, 2_000, WhenFull::Wait);
        for n in 0..100 {
            input.arrives(&[&n.to_string()]);
        }
        clock::sleep(Duration::from_secs(10)).await;
        let (taken, sent) = (100 - input.waiting(), out.sent());
        assert!(taken < 20 && sent.len() <= taken, "{taken} taken, {} sent", sent.len());
        let mut seen = 0;
        for _ in 0..200 {
            seen += std::iter::from_fn(|| reader.try_next()).count();
            clock::sleep(Duration::from_millis(5)).await;
        }
        let all: Vec<String> = sent.into_iter().chain(out.sent()).collect();
        assert_eq!(all, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(seen, 200, "each on its way in and out");
    });
}

#[test]
fn a_server_that_waits_for_a_tap_answers_all_in_order_and_ends_in_time() {
    rounds(async {
        let keys = "nodes: {n: {role: rep, bind: 'inproc://n', on_message: msg.text}}";
        let mut bench = Bench::of(&sound(keys)).await;
        let wire = bench.wire("rep");
        let target = "n".parse().unwrap();
        let reader = bench.interceptors.whole_tap(target, None, 500, WhenFull::Wait);
        for n in 0..50 {
            wire.arrives(&["me", "", &n.to_string()]);
        }
        clock::sleep(Duration::from_secs(1)).await;
        assert!(wire.waiting() > 0);
        for _ in 0..200 {
            while reader.try_next().is_some() {}
            clock::sleep(Duration::from_millis(5)).await;
        }
        let answers: Vec<String> = (0..50).map(|n| format!("me||{n}")).collect();
        assert_eq!(wire.sent(), answers);
        for n in 0..50 {
            wire.arrives(&["me", "", &n.to_string()]);
        }
        clock::sleep(Duration::from_secs(1)).await;
        let begun = clock::now();
        let deadline = begun + Duration::from_millis(300);
        bench.tell(Control::Stop { deadline, alone: false, succeeded: false });
        (&mut bench.task).await.unwrap();
        assert!(clock::since(begun) <= Duration::from_millis(300), "it waits for nobody");
    });
}

/// What waits for a reader: how many messages came, how many of them are missing, and the calls: how many,
/// how many are missing, and before how many of them it was told how the node stands.
fn waiting(reader: &WholeReader) -> [u64; 5] {
    let mut found = [0; 5];
    while let Some(seen) = reader.try_next() {
        match seen {
            Seen::Message(passed) => found[0] += u64::from(passed.direction == Direction::In),
            Seen::Missing(missing) if missing.direction == Direction::In => {
                found[1] += missing.messages;
            }
            Seen::Missing(_) => {}
            Seen::Calls { calls, missing } => {
                found[2] += calls.calls.len() as u64;
                found[3] += missing;
                found[4] += u64::from(calls.stand.is_some());
            }
        }
    }
    found
}

#[test]
fn calls_that_find_no_room_are_counted_and_the_next_one_comes_with_how_the_node_stands() {
    rounds(async {
        let bench = Bench::of(&mill(ECHO)).await;
        let input = bench.wire("in");
        let target = "n".parse().unwrap();
        let reader = bench.interceptors.whole_tap_with_calls(target, 3_000, WhenFull::Drop);
        let arrives = async |count: u64| {
            for n in 0..count {
                input.arrives(&[&n.to_string()]);
                bench.settle().await;
            }
        };
        arrives(3).await;
        assert_eq!(waiting(&reader), [3, 0, 3, 0, 1], "it stands as the calls have left it");
        arrives(100).await;
        let [came, missing, called, unseen, _] = waiting(&reader);
        assert!((1..50).contains(&came) && came + missing == 100, "{came} and {missing}");
        assert!((1..50).contains(&called) && unseen == 0, "{called} and {unseen}");
        arrives(2).await;
        assert_eq!(waiting(&reader), [2, 0, 2, 100 - called, 1]);
    });
}
