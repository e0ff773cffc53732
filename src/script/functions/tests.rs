use std::time::{Duration, UNIX_EPOCH};

use crate::clock::{self, RunClock};
use crate::message::Format;
use crate::script::trial::{Trial, formatted, script, shown, socket_view, view};
use crate::script::{Invocation, SocketView};
use crate::zeromq::Role::{
    self, Dealer, Pair, Pub, Pull, Push, Rep, Router, Stream, Sub, Xpub, Xsub,
};

/// What a body does on a tick: its effects, or the message it fails with.
fn ticked(sockets: Vec<SocketView>, body: &str) -> Vec<String> {
    let mut view = view(sockets);
    view.params = serde_json::from_str(
        r#"{"rate": 5, "big": 18446744073709551615, "list": [1, {"a": null}]}"#,
    )
    .unwrap();
    let mut trial =
        Trial::with(view, &script(&format!("fn on_tick() {{ {body} }} fn on_timer(name) {{}}")));
    match trial.invoke(Invocation::Tick) {
        Ok(effects) => effects.iter().map(shown).collect(),
        Err(error) => vec![format!("failed: {}", error.message)],
    }
}

fn table(sockets: &[(&str, Role)], rows: &[(&str, &str)]) {
    for (body, want) in rows {
        let sockets = sockets.iter().map(|(name, role)| socket_view(name, *role)).collect();
        assert_eq!(ticked(sockets, body), [*want], "{body}");
    }
}

#[test]
fn plain_values_become_frames() {
    table(
        &[("out", Push)],
        &[
            (r#"send("text")"#, "0: text"),
            (r#"send("")"#, "0: "),
            (r#"send('c')"#, "0: c"),
            ("send(42)", "0: 42"),
            ("send(-7)", "0: -7"),
            ("send(1.0)", "0: 1.0"),
            ("send(2.5)", "0: 2.5"),
            ("send(true)", "0: true"),
            ("send(blob(2, 65))", "0: AA"),
            ("send(#{ b: 1, a: [1.0, (), \"x\", true] })", r#"0: {"a":[1.0,null,"x",true],"b":1}"#),
            (
                r#"send(["a", 1, (), "", blob(1, 66), #{ x: 1 }, [1, 2]])"#,
                r#"0: a | 1 |  |  | B | {"x":1} | [1,2]"#,
            ),
            ("send(())", "failed: () cannot be sent; an empty frame is \"\""),
            ("send([])", "failed: an empty array has no frames to send"),
            ("send(|x| x)", "failed: a function cannot be sent"),
            ("send(#{ f: |x| x })", "failed: a function has no JSON form"),
            ("send(#{ b: blob(1) })", "failed: a blob has no JSON form"),
            ("send(0.0 / 0.0)", "failed: NaN has no JSON form"),
            ("send(timestamp())", "failed: such a value cannot be sent"),
            (
                "let a = 1; for i in 0..130 { a = [a]; } send(#{ a: a })",
                "failed: the value is nested more than 64 deep",
            ),
        ],
    );
}

#[test]
fn a_publisher_tags_values_with_a_message_id() {
    table(
        &[("pub", Pub)],
        &[
            (r#"send("hello")"#, "0: 1000 text hello"),
            ("send('c')", "0: 1000 text c"),
            ("send(1)", "0: 1000 json 1"),
            ("send(true)", "0: 1000 json true"),
            ("send([1, \"a\"])", "0: 1000 json [1,\"a\"]"),
            ("send(#{ a: 1 })", "0: 1000 json {\"a\":1}"),
            ("send(blob(2, 65))", "0: 1000 text AA"),
            ("send(blob(2, 255))", "failed: a blob that is not UTF-8 has no form in format: msgid"),
            (r#"publish(7, "x")"#, "0: 7 text x"),
            (r#"publish(-7, 1.5)"#, "0: -7 json 1.5"),
            (r#"publish("pub", 7, "x")"#, "0: 7 text x"),
            (
                r#"publish("nope", 7, "x")"#,
                "failed: there is no socket \"nope\"; this node has pub",
            ),
            (
                r#"publish("weather", "x")"#,
                "failed: pub has format: msgid, so publish takes an integer id; topics come with format: envelope",
            ),
            (
                r#"publish(1.5, "x")"#,
                "failed: an id is an integer and a topic is text; this is a number",
            ),
            (
                r#"publish(1000000000000000000, "x")"#,
                "failed: the message id 1000000000000000000 has more than 18 digits",
            ),
            ("send(())", "failed: () cannot be sent; an empty frame is \"\""),
        ],
    );
}

#[test]
fn an_envelope_has_a_topic_and_a_body() {
    for (body, want) in [
        (r#"publish("a.b", "x")"#, "0: a.b | x"),
        (r#"publish("a.b", #{ n: 1 })"#, "0: a.b | {\"n\":1}"),
        (r#"publish("a.b", [1, 2])"#, "0: a.b | [1,2]"),
        (r#"publish(blob(1, 65), 1)"#, "0: A | 1"),
        (r#"send(["t", "b"])"#, "0: t | b"),
        (
            r#"send("b")"#,
            "failed: pub has format: envelope and needs a topic: publish(topic, v) or [topic, body]",
        ),
        (
            r#"send(["a", "b", "c"])"#,
            "failed: pub has format: envelope and needs a topic: publish(topic, v) or [topic, body]",
        ),
        (
            r#"publish(1000, "b")"#,
            "failed: pub has format: envelope, so publish takes a topic as text, such as \"1000\"",
        ),
    ] {
        let sockets = formatted(vec![socket_view("pub", Pub)], Format::Envelope);
        assert_eq!(ticked(sockets, body), [want], "{body}");
    }
}

#[test]
fn publish_finds_its_socket() {
    table(&[("out", Push), ("pub", Xpub)], &[(r#"publish(1, "x")"#, "1: 1 text x")]);
    table(
        &[("a", Pub), ("b", Xpub)],
        &[
            (
                r#"publish(1, "x")"#,
                "failed: several sockets could publish it, a and b: say which with publish(socket, id or topic, v)",
            ),
            (r#"publish("b", 1, "x")"#, "1: 1 text x"),
        ],
    );
    table(
        &[("out", Push)],
        &[
            (r#"publish(1, "x")"#, "failed: this node has no socket to publish on"),
            (
                r#"publish("out", 1, "x")"#,
                "failed: out has format: plain, without ids and topics; publish needs format: msgid or envelope",
            ),
        ],
    );
    table(
        &[("r", Router)],
        &[(r#"publish("r", 1, "x")"#, "failed: r is a router and cannot publish")],
    );
    let sockets = formatted(vec![socket_view("out", Push)], Format::Msgid);
    assert_eq!(ticked(sockets, "publish(1, 2)"), ["0: 1 json 2"]);
}

#[test]
fn sockets_that_route_take_the_routing_id_first() {
    for role in [Router, Stream] {
        table(
            &[("r", role)],
            &[
                (r#"send(["id", "", "x"])"#, "0: id |  | x"),
                (r#"send_to("r", [blob(1, 65), 1])"#, "0: A | 1"),
                (
                    r#"send(["id"])"#,
                    &format!(
                        "failed: r is a {role} and sends [routing id, frame, …]; to answer a message use reply(msg, v)"
                    ),
                ),
                (
                    r#"send("x")"#,
                    &format!(
                        "failed: r is a {role} and sends [routing id, frame, …]; to answer a message use reply(msg, v)"
                    ),
                ),
            ],
        );
    }
}

#[test]
fn send_to_names_a_socket() {
    table(
        &[("in", Pull), ("a", Push), ("b", Push), ("subs", Xsub), ("s", Sub), ("rep", Rep)],
        &[
            (r#"send_to("b", "x")"#, "2: x"),
            (r#"send_to("in", "x")"#, "failed: in is a pull, which only receives"),
            (r#"send_to("s", "x")"#, "failed: s is a sub, which only receives"),
            (
                r#"send_to("c", "x")"#,
                "failed: there is no socket \"c\"; this node has in, a, b, subs, s and rep",
            ),
            (r#"send_to("subs", blob(1, 1))"#, "3: \u{1}"),
            (
                r#"send_to("rep", "x")"#,
                "failed: rep is a rep and can only answer the request being handled",
            ),
            (
                r#"send("x")"#,
                "failed: several sockets could send it, a and b: say which with send_to(socket, v)",
            ),
        ],
    );
    assert_eq!(
        ticked(vec![], "send_to(\"x\", 1)"),
        ["failed: there is no socket \"x\": this node has none"]
    );
}

#[test]
fn a_message_sent_elsewhere_goes_as_it_came() {
    for (role, want) in [
        (Pull, "1: a | b"),
        (Rep, "1: a | b"),
        (Router, "1: me | a | b"),
        (Stream, "1: me | a | b"),
    ] {
        let mut trial =
            Trial::on_message(&[("in", role), ("out", Dealer)], r#"send_to("out", msg)"#);
        assert_eq!(trial.sent(0, &["a", "b"])[0], want, "{role}");
    }
    let mut trial = Trial::on_message(
        &[("in", Router), ("back", Router)],
        r#"send_to("back", msg); send_to("back", ["w", msg])"#,
    );
    assert_eq!(trial.sent(0, &["a"]), ["1: me | a", "1: w | a"]);
}

#[test]
fn a_message_changes_its_format_with_its_socket() {
    let sockets = [("in", Sub), ("pub", Pub), ("push", Push)];
    let mut trial = Trial::on_message(
        &sockets,
        r#"send_to("pub", msg); send_to("push", msg); publish(7, msg)"#,
    );
    assert_eq!(
        trial.sent(0, &["3 json {\"a\":1}"]),
        ["1: 3 json {\"a\":1}", "2: 3 json {\"a\":1}", "1: 7 json {\"a\":1}"]
    );
    let mut trial = Trial::on_message(&[("in", Pull), ("pub", Pub)], "msg");
    assert_eq!(trial.sent(0, &["x"]), ["1: 1000 text x"]);
    assert!(trial.message(0, &[b"\xff"]).is_err());
}

#[test]
fn reply_goes_to_the_sender_of_a_kept_message() {
    let mut trial = Trial::new(
        &[("r", Router), ("out", Push)],
        r#"
        fn on_message(msg) { this.kept = msg; }
        fn on_tick() { reply(this.kept, "one"); reply(this.kept, ["two", 2]); reply(this.kept, this.kept) }
    "#,
    );
    assert!(trial.sent(0, &["q"]).is_empty());
    let effects = trial.invoke(Invocation::Tick).unwrap();
    assert_eq!(
        effects.iter().map(shown).collect::<Vec<_>>(),
        ["0: me | one", "0: me | two | 2", "0: me | q"]
    );
}

#[test]
fn reply_needs_a_message_with_a_sender() {
    for (role, want) in [
        (Pair, "0: x"),
        (
            Dealer,
            "failed: a message from a dealer has no sender to reply to; router, rep and stream have",
        ),
        (
            Pull,
            "failed: a message from a pull has no sender to reply to; router, rep and stream have",
        ),
    ] {
        let mut trial = Trial::on_message(&[("s", role)], r#"reply(msg, "x")"#);
        assert_eq!(trial.sent(0, &["q"]), [want]);
    }
    assert_eq!(
        ticked(vec![socket_view("r", Router)], "reply(1, 2)"),
        ["failed: reply(msg, v) answers a message; its first argument is a number"]
    );
}

#[test]
fn subscriptions_come_and_go() {
    table(
        &[("sub", Sub), ("out", Push)],
        &[
            ("subscribe(1000)", "0: subscribe \"1000 \""),
            ("subscribe(\"weather.\")", "0: subscribe \"weather.\""),
            ("subscribe(\"\")", "0: subscribe \"\""),
            ("unsubscribe(1000)", "0: unsubscribe \"1000 \""),
            ("subscribe(\"sub\", 7)", "0: subscribe \"7 \""),
            ("unsubscribe(\"sub\", \"x\")", "0: unsubscribe \"x\""),
            ("subscribe(\"out\", 7)", "failed: out is a push; sub and xsub subscribe"),
            ("subscribe(1.5)", "failed: an id is an integer and a topic is text; this is a number"),
        ],
    );
    table(
        &[("a", Sub), ("b", Xsub)],
        &[
            (
                "subscribe(1)",
                "failed: several sockets subscribe, a and b: name one first, subscribe(socket, …)",
            ),
            ("subscribe(\"b\", 1)", "1: subscribe \"1 \""),
        ],
    );
    table(
        &[("out", Push)],
        &[(
            "unsubscribe(1)",
            "failed: this node has no socket that subscribes, so unsubscribe has nothing to act on",
        )],
    );
}

#[test]
fn connections_come_and_go() {
    table(
        &[("sub", Sub)],
        &[
            ("connect(5556)", "0: connect tcp://127.0.0.1:5556"),
            ("connect(\"tcp://example.org:1\")", "0: connect tcp://example.org:1"),
            ("disconnect(\"sub\", \"ipc:///tmp/x\")", "0: disconnect ipc:///tmp/x"),
            ("disconnect(5556)", "0: disconnect tcp://127.0.0.1:5556"),
            ("connect(0)", "failed: the port 0 is outside 1 to 65535"),
            ("connect(70000)", "failed: the port 70000 is outside 1 to 65535"),
            (
                "connect(\"tcp://*:5\")",
                "failed: \"tcp://*:5\": only bind takes a wildcard; connect needs the peer's own address",
            ),
            ("connect(true)", "failed: an endpoint is a port or a text; this is a boolean"),
        ],
    );
    table(
        &[("a", Sub), ("b", Push)],
        &[
            (
                "connect(1)",
                "failed: this node has several sockets, a and b: name one first, connect(socket, …)",
            ),
            ("connect(\"b\", 1)", "1: connect tcp://127.0.0.1:1"),
        ],
    );
}

#[test]
fn timers_params_names_and_counters() {
    table(
        &[("out", Push)],
        &[
            (r#"after("10ms", "x")"#, "after 10ms: x"),
            (r#"after(1500, "x")"#, "after 1.5s: x"),
            (r#"after(0.5, "x")"#, "after 500µs: x"),
            (
                r#"after("soon", "x")"#,
                "failed: \"soon\" is no duration; one is written 250us, 10ms, 1.5s, 2m or 1h",
            ),
            (r#"after(-1, "x")"#, "failed: a duration cannot be negative"),
            (
                r#"after((), "x")"#,
                "failed: a duration is a text such as \"10ms\" or a number of milliseconds; this is ()",
            ),
            (r#"param("rate")"#, "0: 5"),
            (r#"param("rate", 7)"#, "0: 5"),
            (r#"param("none", 7)"#, "0: 7"),
            (
                r#"param("none")"#,
                "failed: there is no param \"none\"; param(\"none\", default) gives one",
            ),
            (r#"param("big")"#, "0: 18446744073709551615"),
            (r#"param("list")[1]"#, "0: {\"a\":null}"),
            ("node()", "0: worker"),
            ("replica()", "0: worker.2"),
            ("now() > 1.6e9 && elapsed() >= 0.0 && elapsed() < 60.0", "0: true"),
            (r#"count("c")"#, "count c: 1"),
            (r#"count("c", 5)"#, "count c: 5"),
            (r#"count("c", -1)"#, "failed: a counter only grows, so count(\"c\", -1) is refused"),
            (r#"count("")"#, "failed: a counter needs a name"),
            ("stop()", "stop 0"),
            ("stop(3)", "stop 3"),
            ("stop(256)", "failed: the exit status 256 is outside 0 to 255"),
        ],
    );
}

#[test]
fn handlers_know_the_time_of_their_run() {
    clock::paused(async {
        let mut view = view(vec![socket_view("out", Push)]);
        view.clock = RunClock::begun_at(UNIX_EPOCH + Duration::from_secs(1_000_000));
        let text = script("fn on_tick() { send(`${elapsed()} ${now()}`) }");
        let mut trial = Trial::with(view, &text);
        let mut told = || -> Vec<String> {
            trial.invoke(Invocation::Tick).unwrap().iter().map(shown).collect()
        };
        assert_eq!(told(), ["0: 0.0 1000000.0"]);
        clock::sleep(Duration::from_millis(90_500)).await;
        assert_eq!(told(), ["0: 90.5 1000090.5"]);
    });
}

#[test]
fn what_is_said_goes_to_the_log() {
    table(
        &[],
        &[
            (r#"print("a")"#, "log Info: a"),
            ("print(#{ a: 1 })", "log Info: #{\"a\": 1}"),
            ("print()", "log Info: "),
            (r#"debug("a")"#, "log Debug: \"a\""),
            (r#"log("warn", "a")"#, "log Warn: a"),
            (r#"log("error", 1)"#, "log Error: 1"),
            (r#"log("trace", [1])"#, "log Trace: [1]"),
            (
                r#"log("loud", "a")"#,
                "failed: there is no level \"loud\"; use error, warn, info, debug or trace",
            ),
        ],
    );
}

#[test]
fn what_would_stall_the_thread_says_what_to_use_instead() {
    for body in ["sleep(1)", "sleep(0.5)"] {
        let failed = ticked(vec![], body);
        assert!(failed[0].contains("after(duration, name)"), "{failed:?}");
    }
}

#[test]
fn a_wrong_call_is_an_error_that_a_script_can_catch() {
    table(
        &[("out", Push)],
        &[
            (
                r#"try { send(()) } catch(e) { send("caught " + e) }"#,
                "0: caught () cannot be sent; an empty frame is \"\"",
            ),
            ("sned(1)", "failed: there is no function sned(integer)"),
            ("send(1, 2)", "failed: there is no function send(integer, integer)"),
        ],
    );
}
