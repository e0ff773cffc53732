//! The screen as a person sees it, at several sizes, and under any keys.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use serde_json::json;

use super::look::Theme;
use super::pane::Said;
use super::state::{State, Wish};
use super::tree::Key;
use super::view::draw;
use crate::control::Message;
use crate::node::Direction;
use crate::observe::Happened;
use crate::snapshot::{
    Bucket, ConnectionSnapshot, Dropped, Histogram, NodeSnapshot, NodeStatus, Snapshot,
    SocketSnapshot,
};

const COLOURS: Theme = Theme { colours: true };
const PLAIN: Theme = Theme { colours: false };

fn socket(name: &str, role: &str) -> SocketSnapshot {
    SocketSnapshot {
        name: name.into(),
        role: role.into(),
        peers: 1,
        hwm_send: 50,
        hwm_receive: 50,
        connections: Some(vec![ConnectionSnapshot::default()]),
        ..SocketSnapshot::default()
    }
}

fn node(instance: &str, node: &str, sockets: Vec<SocketSnapshot>) -> NodeSnapshot {
    NodeSnapshot {
        instance: instance.into(),
        node: node.into(),
        status: NodeStatus::Running,
        sockets,
        ..NodeSnapshot::default()
    }
}

fn calls(count: u64, each: f64) -> Histogram {
    Histogram {
        count,
        sum: count as f64 * each,
        buckets: [1e-4, 1e-2, 1.0].map(|le| Bucket { le, count }).to_vec(),
    }
}

/// A feed that stands still, what it feeds, a publisher that drops, two readers, a worker that
/// failed, and five views that are alike.
fn mill(second: u32) -> Snapshot {
    let at = u64::from(second);
    let mut out = socket("push", "push");
    out.messages_out = 900 * at + (at % 7) * 300;
    out.blocked_seconds = 0.6 * f64::from(second);
    out.blocked = true;
    out.connections = Some(vec![ConnectionSnapshot { outbound: 50, ..Default::default() }]);
    let mut into = socket("pull", "pull");
    into.messages_in = 900 * at;
    let feed = NodeSnapshot { waiting: 1, ..node("feed", "feed", vec![out]) };
    let mill = NodeSnapshot {
        handler: calls(900 * at, 0.001),
        ..node("mill", "mill", vec![into, socket("out", "push")])
    };
    let mut publisher = socket("pub", "pub");
    publisher.messages_out = 10 * at;
    publisher.dropped = Dropped { full: 3 * at, ..Dropped::default() };
    let calm = node(
        "a-station-with-quite-a-long-name",
        "a-station-with-quite-a-long-name",
        vec![publisher],
    );
    let reader = |copy: u32| {
        let mut sub = socket("sub", "sub");
        sub.messages_in = at * u64::from(copy);
        NodeSnapshot {
            handler: calls(at, 1e-5),
            ..node(&format!("reader.{copy}"), "reader", vec![sub])
        }
    };
    let broken = NodeSnapshot {
        status: NodeStatus::Failed,
        failed: 2,
        ..node("broken", "broken", vec![socket("rep", "rep")])
    };
    let view = |n: u32| node(&format!("view{n}"), &format!("view{n}"), vec![socket("sub", "sub")]);
    let nodes = [calm, broken, feed, mill, reader(1), reader(2)];
    Snapshot {
        topology: "mill".into(),
        generation: 3,
        seconds: f64::from(second),
        started: true,
        nodes: nodes.into_iter().chain((1..=5).map(view)).collect(),
        ..Snapshot::default()
    }
}

/// A screen that has been there for a minute.
fn watched(width: u16, height: u16) -> State {
    let mut state = State::new((width, height), true);
    for second in 0..=60 {
        state.sampled(f64::from(second), mill(100 + second));
    }
    state
}

fn press(state: &mut State, code: KeyCode) -> Wish {
    state.pressed(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_all(state: &mut State, keys: &str) {
    for key in keys.chars() {
        press(state, KeyCode::Char(key));
    }
}

fn screen(state: &State, theme: Theme) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal.draw(|frame| draw(frame, state, theme, 1.0)).unwrap();
    terminal.backend().clone()
}

fn text(state: &State) -> String {
    screen(state, PLAIN).to_string()
}

fn happened(node: &str, level: &str, message: &str) -> Happened {
    Happened {
        time: 0.0,
        level: level.to_owned(),
        node: Some(node.to_owned()),
        socket: None,
        kind: "log".to_owned(),
        details: json!(null),
        message: message.to_owned(),
        repeated: 0,
    }
}

#[track_caller]
fn shows(state: &State, words: &[&str]) {
    let text = text(state);
    for word in words {
        assert!(text.contains(word), "no {word:?}:\n{text}");
    }
}

#[test]
fn the_screen_looks_like_this_at_any_size() {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for (width, height) in [(120, 30), (70, 20), (40, 10), (30, 5)] {
            let state = watched(width, height);
            insta::assert_snapshot!(format!("top_{width}x{height}"), text(&state));
        }
        let mut state = watched(70, 20);
        press(&mut state, KeyCode::Char('+'));
        press(&mut state, KeyCode::Char('w'));
        press(&mut state, KeyCode::Home);
        press(&mut state, KeyCode::Char('t'));
        let passed = Message {
            direction: Some(Direction::Out),
            node: "feed".into(),
            socket: "push".into(),
            body: Some(json!("\u{1b}[31mred\u{202e}")),
            ..Message::default()
        };
        // The time of day is another one elsewhere.
        let said = Said::message(&passed);
        let said = Said { text: format!("12:00:00.000{}", &said.text[12..]), ..said };
        state.tapped("feed", said);
        state.tapped("feed", Said::aside("12 more messages have passed and not been shown"));
        insta::assert_snapshot!("top_unfolded_sorted_and_tapped", text(&state));
        let mut state = watched(70, 20);
        press(&mut state, KeyCode::Char('?'));
        insta::assert_snapshot!("top_help", text(&state));
    });
}

#[test]
fn trouble_is_in_colour_and_without_colours_still_to_be_seen() {
    let state = watched(120, 30);
    let colours = |theme| {
        let screen = screen(&state, theme);
        let cells = screen.buffer().content.iter();
        let mut found: Vec<Color> =
            cells.map(|cell| cell.fg).filter(|it| *it != Color::Reset).collect();
        found.dedup();
        found
    };
    let found = colours(COLOURS);
    assert!([Color::Red, Color::Yellow, Color::Cyan].iter().all(|one| found.contains(one)));
    assert_eq!(colours(PLAIN), []);
    let text = text(&state);
    for (name, sign) in [("feed", "‼"), ("broken", "‼"), ("a-station", "!"), ("mill  ", " ")] {
        let row = text.lines().find(|line| line.contains(&format!(" {name}"))).unwrap();
        assert!(row.starts_with(&format!("\"{sign}")), "{name}: {row}");
    }
}

#[test]
fn a_filter_finds_sockets_too_and_goes_with_escape() {
    let mut state = watched(80, 24);
    type_all(&mut state, "/PULL");
    let names: Vec<&str> = state.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["mill", "pull"]);
    shows(&state, &["/PULL█", "Enter keeps it"]);
    press(&mut state, KeyCode::Enter);
    assert_eq!(press(&mut state, KeyCode::Char('n')), Wish::Nothing, "keys are keys again");
    shows(&state, &["only /PULL"]);
    assert_eq!(press(&mut state, KeyCode::Esc), Wish::Nothing);
    assert!(state.filter.is_empty() && state.rows.len() > 5);
    type_all(&mut state, "/nothing has this");
    assert!(state.rows.is_empty());
    shows(&state, &["no row has that in its name"]);
    press(&mut state, KeyCode::Esc);
    assert_eq!(press(&mut state, KeyCode::Esc), Wish::Leave);
}

#[test]
fn a_node_is_tapped_and_its_log_opened_where_it_is_chosen() {
    let mut state = watched(80, 24);
    type_all(&mut state, "jj");
    assert_eq!(state.chosen, Some(Key::Instance("feed".into())));
    assert_eq!(press(&mut state, KeyCode::Char('t')), Wish::Tap("feed".into()));
    shows(&state, &["messages of feed", "waiting for a message"]);
    assert_eq!(press(&mut state, KeyCode::Char('t')), Wish::Untap);
    state.happened(&happened("feed", "warn", "it is late\u{7}"));
    state.happened(&happened("mill", "info", "all is well"));
    assert_eq!(press(&mut state, KeyCode::Char('l')), Wish::Untap);
    shows(&state, &["log of feed", "warn  feed  it is late\\x07"]);
    assert!(!text(&state).contains("all is well"));
    press(&mut state, KeyCode::Char('L'));
    shows(&state, &["log of the whole run", "it is late", "all is well"]);
    press(&mut state, KeyCode::End);
    assert_eq!(state.chosen, Some(Key::Group("view".into())));
    assert_eq!(press(&mut state, KeyCode::Char('t')), Wish::Nothing);
    shows(&state, &["a group cannot be tapped"]);
    press(&mut state, KeyCode::Right);
    press(&mut state, KeyCode::Right);
    press(&mut state, KeyCode::Right);
    press(&mut state, KeyCode::Right);
    assert_eq!(press(&mut state, KeyCode::Char('t')), Wish::Tap("view1.sub".into()));
    assert_eq!(press(&mut state, KeyCode::Esc), Wish::Untap);
    for _ in 0..4 {
        press(&mut state, KeyCode::Left);
    }
    assert_eq!(state.chosen, Some(Key::Group("view".into())), "out again, one by one");
    let mut address = State::new((80, 24), false);
    address.sampled(0.0, mill(1));
    assert_eq!(press(&mut address, KeyCode::Char('t')), Wish::Nothing);
    shows(&address, &["an address has figures alone"]);
}

#[test]
fn it_is_said_when_the_run_is_held_silent_gone_and_back() {
    let mut state = watched(100, 12);
    let mut held = mill(161);
    held.nodes.iter_mut().for_each(|node| node.status = NodeStatus::Held);
    state.sampled(61.0, held);
    shows(&state, &["HELD: nodes take nothing"]);
    state.sampled(62.0, mill(162));
    assert!(!text(&state).contains("HELD"));
    state.passed(75.0);
    shows(&state, &["NO ANSWER 13s"]);
    type_all(&mut state, "jjt");
    state.gone(76.0, "the run is over");
    state.passed(80.0);
    shows(&state, &["GONE 4s: the run is over; waiting for it"]);
    assert_eq!(state.sampled(81.0, mill(0)), Wish::Tap("feed".into()), "what was tapped is again");
    shows(&state, &["BACK 0s"]);
    state.sampled(82.0, mill(1));
    state.passed(95.0);
    assert!(!text(&state).contains("BACK"));
    let quick = state.sampled(96.0, mill(0));
    assert_eq!(quick, Wish::Tap("feed".into()), "also when it was back before it was missed");
    let mut starting = mill(1);
    starting.started = false;
    let mut state = State::new((100, 12), true);
    state.sampled(0.0, starting);
    shows(&state, &["STARTING"]);
}

#[test]
fn who_has_gone_by_a_reload_leaves_the_choice_to_what_it_was_below() {
    let mut state = watched(100, 20);
    state.chosen = Some(Key::Socket("reader.2".into(), "sub".into()));
    state.folds.insert(Key::Instance("reader.2".into()), true);
    state.unfold();
    let at = |seconds: u32, keeps: fn(&NodeSnapshot) -> bool| {
        let mut now = mill(seconds);
        now.nodes.retain(keeps);
        now
    };
    state.sampled(61.0, at(161, |node| node.instance != "reader.2"));
    assert_eq!(state.chosen, Some(Key::Node("reader".into())));
    state.sampled(62.0, at(162, |node| node.node != "reader"));
    let place = state.chosen_at;
    assert_eq!(state.chosen, Some(state.rows[place].key.clone()));
    state.sampled(63.0, at(163, |_| false));
    assert_eq!((state.chosen.clone(), state.rows.len()), (None, 0));
    shows(&state, &["no nodes"]);
}

/// What can come from outside.
#[derive(Clone, Debug)]
enum Input {
    Key(KeyCode),
    Sample(u32),
    Size(u16, u16),
    Gone,
    Tapped,
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let codes = [
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Enter,
        KeyCode::Tab,
        KeyCode::Esc,
        KeyCode::Backspace,
        KeyCode::F(5),
    ];
    let code = prop_oneof![
        prop::sample::select(codes.to_vec()),
        prop::sample::select("qtlL/?+-iowdbnjkvé温".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
    ];
    let input = prop_oneof![
        8 => code.prop_map(Input::Key),
        3 => (0_u32..12).prop_map(Input::Sample),
        2 => (0_u16..140, 0_u16..40).prop_map(|(width, height)| Input::Size(width, height)),
        1 => Just(Input::Gone),
        1 => Just(Input::Tapped),
    ];
    prop::collection::vec(input, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_order_of_keys_and_news_is_too_much(inputs in inputs()) {
        let mut state = State::new((80, 24), true);
        let mut second = 0;
        for input in inputs {
            match input {
                Input::Key(code) => {
                    press(&mut state, code);
                }
                Input::Sample(missing) => {
                    second += 1;
                    let mut now = mill(second);
                    if (missing as usize) < now.nodes.len() && missing > 5 {
                        now.nodes.remove(missing as usize);
                    }
                    state.sampled(f64::from(second), now);
                }
                Input::Size(width, height) => state.resized(width, height),
                Input::Gone => state.gone(f64::from(second), "gone\u{1b}"),
                Input::Tapped => state.tapped("feed", Said::aside("温 said")),
            }
            let chosen = state.rows.get(state.chosen_at).map(|row| row.key.clone());
            prop_assert_eq!(&state.chosen, &chosen);
            if state.size.0 > 0 && state.size.1 > 0 {
                screen(&state, COLOURS);
            }
            let height = usize::from(state.areas().rows.height).max(1);
            prop_assert!(state.rows.is_empty() || (state.top..state.top + height).contains(&state.chosen_at));
        }
    }

    #[test]
    fn the_chosen_row_stays_the_chosen_node(
        downs in 0_usize..12,
        letter in prop::sample::select(vec!['n', 'i', 'o', 'w', 'd', 'b']),
        seconds in prop::collection::vec(1_u32..500, 1..20),
    ) {
        let mut state = watched(90, 8);
        press(&mut state, KeyCode::Char(letter));
        for _ in 0..downs {
            press(&mut state, KeyCode::Down);
        }
        let chosen = state.chosen.clone();
        for (at, second) in seconds.into_iter().enumerate() {
            state.sampled(100.0 + at as f64, mill(second));
            prop_assert_eq!(&state.chosen, &chosen);
            prop_assert_eq!(&state.rows[state.chosen_at].key, chosen.as_ref().unwrap());
        }
    }
}
