use std::collections::VecDeque;

use proptest::prelude::*;

use super::NAME;
use crate::message::Format;
use crate::script::collector::Room;
use crate::script::trial::{
    Trial, compiled, formatted, inbound_by, rewritten, script, shown, socket_view, view,
};
use crate::script::{Engine, NodeView, Program, SocketView};
use crate::zeromq::Role::{Pull, Push, Rep, Router};

/// How many fast expressions a handler's body has.
fn fast_expressions(body: &str) -> usize {
    rewritten(&format!("fn on_message(msg) {{ {body} }} fn f(x) {{ x }}"), NAME)
}

/// Sockets that a message of that format comes by, and that what a handler returns goes to.
fn sockets(format: Format) -> [Vec<SocketView>; 4] {
    let [pull, push, rep, router] = [("in", Pull), ("out", Push), ("in", Rep), ("in", Router)]
        .map(|(name, role)| socket_view(name, role));
    let of = |socket_view: &SocketView, format: Format| {
        formatted(vec![socket_view.clone()], format).remove(0)
    };
    [
        vec![of(&pull, format), push.clone()],
        vec![of(&pull, format), of(&push, Format::Msgid)],
        vec![of(&rep, format)],
        vec![of(&router, format)],
    ]
}

/// A node of that handler; `None` if it does not compile.
fn node(handler: &str) -> Option<(Trial, Program)> {
    let text = script(handler);
    Engine::new().compile(&text).ok()?;
    let trial = Trial::with(view(Vec::new()), &text);
    let program = compiled(&trial.engine, &text);
    Some((trial, program))
}

/// What comes of a message by the first of those sockets.
fn outcome(
    node: &mut Option<(Trial, Program)>,
    view: NodeView,
    frames: &[&[u8]],
) -> Option<Result<String, String>> {
    let (trial, program) = node.as_mut()?;
    let event = inbound_by(view.sockets[0].role, 0, frames);
    trial.handler.swap(program.clone(), view);
    let mut effects = VecDeque::new();
    let done = trial.handler.call_into(event, &mut effects);
    let told: String = effects.iter().map(shown).collect();
    Some(done.map(|()| told.clone()).map_err(|error| format!("{told} {}", error.message)))
}

/// How much calls may send: as much as ever, little, one byte, nothing.
const ROOMS: [Room; 4] = [
    Room { effects: 10, bytes: 1 << 20 },
    Room { effects: 1, bytes: 14 },
    Room { effects: 1, bytes: 1 },
    Room { effects: 0, bytes: 14 },
];

/// The same expression as a whole handler and as a part of one, each with its fast expressions and where
/// a function that has none evaluates it.
fn forms(expression: &str) -> [[String; 2]; 2] {
    let shown = "`${type_of(v)} ${v}`";
    [
        [
            format!("fn on_message(msg) {{ {expression} }}"),
            format!("fn on_message(msg) {{ f(msg) }} fn f(msg) {{ {expression} }}"),
        ],
        [
            format!("fn on_message(msg) {{ let v = {{ {expression} }}; {shown} }}"),
            format!(
                "fn on_message(msg) {{ let v = f(msg); {shown} }} fn f(msg) {{ {expression} }}"
            ),
        ],
    ]
}

/// Messages of every format, sound and odd ones.
fn messages() -> Vec<(Format, Vec<&'static [u8]>)> {
    vec![
        (Format::Msgid, vec![b"1000 text hello"]),
        (Format::Msgid, vec![b"7 text "]),
        (Format::Msgid, vec![b"1000 json {\"a\": [1, \"b\"]}"]),
        (Format::Msgid, vec![b"1000 json \"hello\""]),
        (Format::Msgid, vec![b"5 raw \xff\xfe"]),
        (Format::Envelope, vec![b"topic", b"hello"]),
        (Format::Envelope, vec![b"\xff", b"\xfe"]),
        (Format::Plain, vec![b"hello"]),
        (Format::Plain, vec![b"\xff"]),
        (Format::Plain, vec![b"{\"a\": 1}"]),
    ]
}

fn an_expression() -> impl Strategy<Value = String> {
    let properties = ["socket", "msgid", "msgtype", "topic", "body", "text", "json", "bytes"];
    let leaf = prop_oneof![
        3 => proptest::sample::select(properties.to_vec()).prop_map(|name| format!("msg.{name}")),
        1 => prop_oneof![Just(0_i64), Just(7), Just(1000), Just(i64::MAX)].prop_map(|n| n.to_string()),
        1 => prop_oneof![Just("\"hello\""), Just("\"\""), Just("true"), Just("false"), Just("1.5")]
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let operators =
            ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "&&", "||", "in", "??"];
        prop_oneof![
            6 => (inner.clone(), proptest::sample::select(operators.to_vec()), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            1 => inner.clone().prop_map(|inner| format!("!{inner}")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if true == {a} {{ {b} }} else {{ {c} }})")),
        ]
    })
}

/// An expression alone, or in the branches of an `if`.
fn a_body() -> impl Strategy<Value = String> {
    let part = an_expression;
    prop_oneof![
        3 => part(),
        1 => part().prop_map(|a| format!("if {a} == {a} {{ msg }}")),
        1 => (part(), part()).prop_map(|(a, b)| format!("if true == {a} {{ {b} }}")),
        1 => (part(), part()).prop_map(|(a, b)| format!("if true == {a} {{ {b}; }}")),
        1 => (part(), part(), part())
            .prop_map(|(a, b, c)| format!("if {a} {{ {b} }} else if true == {c} {{ msg }} else {{ }}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_shortcut_leads_where_the_engine_goes(body in a_body()) {
        for [quick, plain] in forms(&body) {
            let [mut quickly, mut plainly] = [&quick, &plain].map(|handler| node(handler));
            prop_assert_eq!(quickly.is_some(), plainly.is_some(), "{}", quick);
            for (format, frames) in messages() {
                for (sockets, writes, room) in sockets(format).iter().flat_map(settings) {
                    let [quick_came_to, plain_came_to] =
                        [&mut quickly, &mut plainly].map(|node| {
                            if let Some((trial, _)) = node {
                                trial.engine.context.collector().bound(room);
                            }
                            let view = NodeView { writes, ..view(sockets.clone()) };
                            outcome(node, view, &frames)
                        });
                    prop_assert_eq!(
                        quick_came_to, plain_came_to,
                        "{} of {:?}, to a sink: {}, {:?}", quick, frames, writes, room
                    );
                }
            }
        }
    }
}

/// Those sockets with and without a sink beside them, and with every room.
fn settings(sockets: &Vec<SocketView>) -> impl Iterator<Item = (&Vec<SocketView>, bool, Room)> {
    let rooms = || ROOMS.into_iter();
    [false, true]
        .into_iter()
        .flat_map(move |writes| rooms().map(move |room| (sockets, writes, room)))
}

#[test]
fn what_only_reads_the_message_has_shortcuts() {
    for (body, count) in [
        ("if msg.msgid == 1000 { msg.body + \"!\" }", 2),
        ("let m = msg.json; m.celsius += 1; m", 1),
        ("this.n += msg.msgid; [msg.text, #{a: msg.body}, `${msg.topic}`]", 4),
        ("f(msg.body); f(msg)", 1),
        ("switch msg.msgid { 1 if msg.text == \"x\" => msg.body, _ => msg }", 3),
        ("for i in 0..3 { while msg.msgid > i { return msg.body } }", 2),
        ("msg.body.len()", 0),
        ("msg.bytes", 0),
        ("1 + 2", 0),
        ("msg", 0),
    ] {
        assert_eq!(fast_expressions(body), count, "{body}");
    }
}

#[test]
fn a_name_that_may_mean_something_else_has_none() {
    for body in [
        "let msg = #{body: 1}; msg.body + 1",
        "msg = #{body: 1}; msg.body + 1",
        "for msg in [#{body: 1}] { msg.body + 1 }",
        "for (i, msg) in [#{body: 1}] { msg.body + 1 }",
        "try { throw #{body: 1} } catch (msg) { msg.body + 1 }",
        "let f = || { msg = #{body: 1}; }; f.call(); msg.body + 1",
        "msg.call(|| { this = 5 }); msg.body + 1",
        "msg[0]; msg.body + 1",
        "import \"x\" as msg; msg.body + 1",
    ] {
        let engine = Engine::new();
        let text = script(&format!("fn on_message(msg) {{ {body} }}"));
        // What does not even compile needs none.
        if engine.compile(&text).is_ok() {
            assert_eq!(fast_expressions(body), 0, "{body}");
        }
    }
}

#[test]
fn an_error_beside_a_shortcut_has_its_place() {
    let mut trial = Trial::on_message(&[("in", Pull), ("out", Push)], "\n  msg.body - 1");
    let error = trial.message(0, &[b"text"]).unwrap_err();
    let place = error.position.unwrap();
    assert_eq!((place.line, place.column), (2, 12), "{}", error.message);
}
