use std::collections::VecDeque;

use crate::message::Format;
use crate::script::trial::{Trial, formatted, script, shown, socket_view, view};
use crate::script::{HandlerErrorKind, Invocation, PeerEvent, PeerEventKind};
use crate::zeromq::Role::{
    self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Stream, Sub, Xsub,
};

fn fails(trial: &mut Trial, socket: usize, frames: &[&[u8]]) -> String {
    match trial.message(socket, frames) {
        Ok(effects) => panic!("{effects:?}"),
        Err(error) => error.message,
    }
}

#[test]
fn each_event_calls_its_handler() {
    let mut trial = Trial::new(
        &[("out", Push)],
        r#"
        fn on_start() { "start" }
        fn on_tick() { "tick" }
        fn on_timer(name) { "timer " + name }
        fn on_line(line) { "line " + line }
        fn on_end() { "end" }
        fn on_peer(peer) { `${peer.event} ${peer.socket} ${peer.endpoint} ${peer.topic}` }
        fn on_reload() { "reload" }
        fn on_stop() { "stop" }
    "#,
    );
    let peer = PeerEvent {
        kind: PeerEventKind::Subscribed,
        user: None,
        reason: None,
        socket: 0,
        endpoint: Some("e".into()),
        topic: Some(b"t".to_vec()),
    };
    for (event, want) in [
        (Invocation::Start, "0: start"),
        (Invocation::Tick, "0: tick"),
        (Invocation::Timer("x".into()), "0: timer x"),
        (Invocation::Line(b"y".to_vec()), "0: line y"),
        (Invocation::End, "0: end"),
        (Invocation::Peer(peer), "0: subscribed out e t"),
        (Invocation::Reload, "0: reload"),
        (Invocation::Stop, "0: stop"),
    ] {
        let effects = trial.invoke(event).unwrap();
        assert_eq!(effects.iter().map(shown).collect::<Vec<_>>(), [want]);
    }
}

#[test]
fn a_handler_reaches_another_by_every_name_it_has() {
    for body in [
        "on_end()",
        r#"Fn("on_end").call()"#,
        r#"let name = "o" + "n_end"; Fn(name).call()"#,
        r#"let named = Fn("on_e" + "nd"); [1].map(|_x| named.call())[0]"#,
        r#"if is_def_fn("o" + "n_end", 0) { "end" }"#,
        r#"let plain = |x| x; plain.call("end")"#,
    ] {
        let script = format!("fn on_start() {{ {body} }} fn on_end() {{ \"end\" }}");
        let mut trial = Trial::new(&[("out", Push)], &script);
        let effects =
            trial.invoke(Invocation::Start).unwrap_or_else(|why| panic!("{body}: {why:?}"));
        assert_eq!(effects.iter().map(shown).collect::<Vec<_>>(), ["0: end"], "{body}");
    }
}

#[test]
fn an_event_without_a_handler_is_nothing() {
    let mut trial = Trial::new(&[("out", Push)], "fn on_start() {}");
    assert!(trial.invoke(Invocation::Tick).unwrap().is_empty());
    assert!(trial.handler.handles("on_start"));
    assert!(!trial.handler.handles("on_tick"));
}

#[test]
fn a_sockets_own_handler_goes_before_on_message() {
    let mut trial = Trial::new(
        &[("left", Pull), ("right", Pull), ("out", Push)],
        r#"fn on_left(msg) { "left" } fn on_message(msg) { msg.socket }"#,
    );
    assert_eq!(trial.sent(0, &["x"]), ["2: left"]);
    assert_eq!(trial.sent(1, &["x"]), ["2: right"]);
    assert!(trial.handler.takes(0) && trial.handler.takes(1));
}

#[test]
fn a_returned_value_goes_where_the_sockets_say() {
    let sockets: &[(&[(&str, Role)], &str)] = &[
        (&[("in", Pull), ("out", Push)], "1: v"),
        (&[("only", Pair)], "0: v"),
        (&[("only", Dealer)], "0: v"),
        (&[("only", Req)], "0: v"),
        (&[("rep", Rep)], "0: me |  | v"),
        (&[("rep", Rep), ("out", Push)], "0: me |  | v"),
        (&[("router", Router), ("out", Push)], "0: me | v"),
        (&[("stream", Stream)], "0: me | v"),
        (
            &[("in", Pull), ("a", Push), ("b", Push)],
            "failed: what it returns cannot be sent: several sockets could send it, a and b: say which with send_to(socket, v)",
        ),
        (
            &[("front", Pair), ("back", Pair)],
            "failed: what it returns cannot be sent: several sockets could send it, front and back: say which with send_to(socket, v)",
        ),
        (
            &[("in", Pull)],
            "failed: what it returns cannot be sent: a pull only receives, and this node has no other socket",
        ),
        (
            &[("in", Pull), ("x", Xsub)],
            "failed: what it returns cannot be sent: there is nothing to send on: no socket of this node can send by itself",
        ),
    ];
    for (sockets, want) in sockets {
        let mut trial = Trial::on_message(sockets, r#""v""#);
        assert_eq!(trial.sent(0, &["x"]), [*want], "{sockets:?}");
    }
}

#[test]
fn a_returned_unit_sends_nothing() {
    let mut trial =
        Trial::on_message(&[("in", Pull), ("out", Push)], "if msg.text == \"a\" { \"b\" }");
    assert_eq!(trial.sent(0, &["a"]), ["1: b"]);
    assert!(trial.sent(0, &["x"]).is_empty());
}

#[test]
fn a_returned_message_goes_on_as_it_came() {
    let mut trial = Trial::on_message(&[("in", Pull), ("out", Push)], "msg");
    assert_eq!(trial.sent(0, &["a", "", "b"]), ["1: a |  | b"]);
    // Frames longer than what libzmq keeps inline are moved, kept ones are shared.
    let long = "x".repeat(5000);
    assert_eq!(trial.sent(0, &[&long]), [format!("1: {long}")]);
    let mut keeps = Trial::on_message(&[("in", Pull), ("out", Push)], "this.last = msg; msg");
    assert_eq!(keeps.sent(0, &[&long, "y"]), [format!("1: {long} | y")]);
    assert_eq!(keeps.sent(0, &["z"]), ["1: z"]);
}

#[test]
fn a_message_returned_to_its_sender_goes_without_its_envelope() {
    for (role, want) in
        [(Rep, "0: me |  | a | b"), (Router, "0: me | a | b"), (Stream, "0: me | a | b")]
    {
        let mut trial = Trial::on_message(&[("s", role)], "msg");
        assert_eq!(trial.sent(0, &["a", "b"]), [want], "{role}");
    }
}

#[test]
fn a_request_is_answered_exactly_once() {
    for (body, want) in [
        ("", "0: me |  | "),
        ("()", "0: me |  | "),
        ("42", "0: me |  | 42"),
        ("send(\"a\")", "0: me |  | a"),
        ("send_to(\"rep\", \"a\")", "0: me |  | a"),
        ("reply(msg, \"a\")", "0: me |  | a"),
        (
            "send(\"a\"); \"b\"",
            "0: me |  | error: what it returns cannot be sent: the request was answered and a value is returned too; a rep answers once",
        ),
        (
            "send(\"a\"); send(\"b\")",
            "0: me |  | error: this request was answered already; a rep answers once",
        ),
        ("throw \"oh\"", "0: me |  | error: oh"),
        ("send(\"a\"); throw \"oh\"", "0: me |  | error: oh"),
    ] {
        let mut trial = Trial::on_message(&[("rep", Rep)], body);
        let mut effects = VecDeque::new();
        let event = trial.inbound(0, &[b"x"]);
        let outcome = trial.handler.call_into(event, &mut effects);
        assert_eq!(effects.iter().map(shown).collect::<Vec<_>>(), [want], "{body}");
        assert_eq!(outcome.is_err(), want.contains("error"), "{body}");
    }
}

#[test]
fn a_request_kept_from_earlier_has_its_answer() {
    let mut trial = Trial::new(
        &[("rep", Rep)],
        r#"
        fn on_message(msg) { this.kept = msg; }
        fn on_tick() { reply(this.kept, "late") }
    "#,
    );
    assert_eq!(trial.sent(0, &["x"]), ["0: me |  | "]);
    let error = trial.invoke(Invocation::Tick).unwrap_err();
    assert_eq!(error.message, "this request was answered already; a rep answers once");
}

#[test]
fn a_panic_is_a_failed_call_and_the_next_ones_are_as_before() {
    let mut trial = Trial::new(
        &[("rep", Rep)],
        r#"
        fn on_message(msg) {
            this.n = (this.n ?? 0) + 1;
            if msg.text == "panic" { panic_in_a_test() }
            `${this.n}`
        }
    "#,
    );
    assert_eq!(trial.sent(0, &["x"]), ["0: me |  | 1"]);
    let fault = "a fault in zrig itself, please report it: planted";
    assert_eq!(trial.sent(0, &["panic"]), [format!("failed: {fault}")]);
    // The state is what it was when it went wrong.
    assert_eq!(trial.sent(0, &["x"]), ["0: me |  | 3"]);
    let error = trial.invoke(Invocation::Tick);
    assert!(error.is_ok());
}

#[test]
fn a_rep_cannot_speak_first() {
    let mut trial =
        Trial::new(&[("rep", Rep)], r#"fn on_tick() { send_to("rep", 1) } fn on_start() { 1 }"#);
    let error = trial.invoke(Invocation::Tick).unwrap_err();
    assert_eq!(error.message, "rep is a rep and can only answer the request being handled");
    assert!(trial.invoke(Invocation::Start).is_err());
}

#[test]
fn a_request_without_a_handler_is_answered_too() {
    let mut trial = Trial::new(&[("rep", Rep)], "fn on_start() {}");
    assert_eq!(trial.sent(0, &["x"]), ["0: me |  | "]);
}

#[test]
fn a_failed_handler_sends_nothing_but_says_what_it_said() {
    let mut trial = Trial::on_message(
        &[("in", Pull), ("out", Push)],
        r#"send("a"); print("said"); count("c"); after("1s", "x"); stop(); throw "oh""#,
    );
    let mut effects = VecDeque::new();
    let event = trial.inbound(0, &[b"x"]);
    let error = trial.handler.call_into(event, &mut effects).unwrap_err();
    assert_eq!(
        error.message,
        "after(…, \"x\") calls on_timer(\"x\"), and this node has no on_timer"
    );
    assert_eq!(effects.iter().map(shown).collect::<Vec<_>>(), ["log Info: said", "count c: 1"]);
}

#[test]
fn effects_of_earlier_calls_in_a_burst_stay() {
    let mut trial =
        Trial::on_message(&[("in", Pull), ("out", Push)], "if msg.text == \"b\" { throw 1 } msg");
    let mut effects = VecDeque::new();
    for text in ["a", "b", "c"] {
        let event = trial.inbound(0, &[text.as_bytes()]);
        let _ = trial.handler.call_into(event, &mut effects);
    }
    assert_eq!(effects.iter().map(shown).collect::<Vec<_>>(), ["1: a", "1: c"]);
}

#[test]
fn more_than_a_call_may_send_is_refused_however_short_its_handler_is() {
    let long = vec![b'x'; (64 << 20) + 1];
    for role in [Push, Pair] {
        for body in ["msg", "let m = 1; msg", "send(msg)", "msg.text", "let m = 1; msg.text"] {
            let mut trial = Trial::on_message(&[("in", Pull), ("out", role)], body);
            let why = fails(&mut trial, 0, &[&long]);
            assert!(why.ends_with("a call can send and log 64 MiB at most"), "{body}: {why}");
            assert_eq!(trial.message(0, &[&long[1..]]).unwrap().len(), 1, "{body}");
        }
    }
}

#[test]
fn state_is_a_map_that_stays() {
    let mut trial =
        Trial::on_message(&[("in", Pull), ("out", Push)], "this.n = (this.n ?? 0) + 1; this.n");
    assert_eq!(trial.sent(0, &["x"]), ["1: 1"]);
    assert_eq!(trial.sent(0, &["x"]), ["1: 2"]);
}

#[test]
fn other_handlers_take_over_with_the_state() {
    let mut trial =
        Trial::on_message(&[("in", Pull), ("out", Push)], "this.n = (this.n ?? 0) + 1; this.n");
    trial.sent(0, &["x"]);
    let program = trial.engine.compile(&script("fn on_message(msg) { `now ${this.n}` }")).unwrap();
    trial.handler.swap(program, view(vec![socket_view("in", Pull), socket_view("out", Push)]));
    assert_eq!(trial.sent(0, &["x"]), ["1: now 1"]);
}

#[test]
fn what_a_handler_of_a_sink_returns_is_written() {
    for (body, want) in [
        ("()", None),
        ("\"a b\"", Some("write: a b")),
        ("1.5", Some("write: 1.5")),
        ("[1, \"x\", #{a: 1}]", Some("write: 1 x {\"a\":1}")),
        ("msg", Some("write: f g")),
        ("blob(2, 65)", Some("write: AA")),
    ] {
        let mut sink = view(vec![socket_view("in", Pull)]);
        sink.writes = true;
        let mut trial = Trial::with(sink, &script(&format!("fn on_message(msg) {{ {body} }}")));
        assert_eq!(trial.sent(0, &["f", "g"]), want.into_iter().collect::<Vec<_>>(), "{body}");
    }
}

#[test]
fn a_sink_that_is_asked_answers_and_writes() {
    let mut sink = view(vec![socket_view("rep", Rep)]);
    sink.writes = true;
    let mut trial =
        Trial::with(sink, &script("fn on_message(msg) { reply(msg, \"ok\"); msg.text }"));
    assert_eq!(trial.sent(0, &["x"]), ["0: me |  | ok", "write: x"]);
}

#[test]
fn a_message_that_does_not_fit_never_reaches_a_handler() {
    let mut trial = Trial::on_message(&[("sub", Sub)], "print(\"called\")");
    for frame in ["", "x", "1000", "1000 json {", "1000 json {\"a\":\"\u{1}\"}", "1000 json 1 2"] {
        let error = trial.message(0, &[frame.as_bytes()]).unwrap_err();
        assert!(matches!(error.kind, HandlerErrorKind::Malformed(_)), "{frame:?}: {error}");
        assert!(error.message.starts_with("a message on sub was dropped: it "), "{error}");
    }
    assert!(trial.message(0, &[b"1000 text \xff"]).is_err());
    assert!(trial.message(0, &[b"1000 text a", b"b"]).is_err());
    assert_eq!(trial.sent(0, &["1000 json {}"]), ["log Info: called"]);
}

#[test]
fn a_malformed_request_is_answered_with_the_reason() {
    let sockets = formatted(vec![socket_view("rep", Rep)], Format::Msgid);
    let mut trial = Trial::with(view(sockets), &script("fn on_message(msg) { msg.body }"));
    let mut effects = VecDeque::new();
    let event = trial.inbound(0, &[b"what"]);
    trial.handler.call_into(event, &mut effects).unwrap_err();
    assert_eq!(
        effects.iter().map(shown).collect::<Vec<_>>(),
        ["0: me |  | 1000 text error: it does not begin with an integer and a space"]
    );
    assert_eq!(trial.sent(0, &["7 json {\"a\":1}"]), ["0: me |  | 1000 json {\"a\":1}"]);
}

#[test]
fn reading_json_bodies_ahead_changes_nothing() {
    let mut trial = Trial::on_message(
        &[("sub", Sub), ("out", Push)],
        r#"
        if msg.msgid == 1 { return msg.body.a }
        if msg.msgid == 2 { return `${msg.body.a} ${msg.body.a} ${msg.json.a}` }
        if msg.msgid == 3 { let b = msg.body; b.a += 1; return [b, msg.body] }
        msg.text
    "#,
    );
    let calls = [
        ("1 json {\"a\":5}", "1: 5"),
        ("2 json {\"a\":5}", "1: 5 5 5"),
        ("3 json {\"a\":5}", "1: {\"a\":6} | {\"a\":5}"),
        ("4 json {\"a\": 5}", "1: {\"a\": 5}"),
    ];
    for first in calls {
        for second in calls {
            for (frame, want) in [first, second, second, first] {
                assert_eq!(trial.sent(0, &[frame]), [want]);
            }
        }
    }
}

#[test]
fn a_publisher_tags_what_it_returns() {
    let mut trial = Trial::new(&[("pub", Pub)], "fn on_tick() { #{ n: 1 } }");
    let effects = trial.invoke(Invocation::Tick).unwrap();
    assert_eq!(shown(&effects[0]), "0: 1000 json {\"n\":1}");
}

#[test]
fn an_error_is_told_by_its_text_and_its_call() {
    let mut trial = Trial::new(
        &[("in", Pull)],
        "fn deep(x) { x.nope() }\nfn on_message(msg) {\n  deep(msg.text)\n}",
    );
    let error = trial.message(0, &[b"x"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scripts/test.rhai:1:16: on_message: there is no function nope(text); in deep called at scripts/test.rhai:3:3"
    );
    assert_eq!(error.kind, HandlerErrorKind::Script);
}

#[test]
fn what_cannot_be_sent_is_shown_at_the_handler() {
    let mut trial = Trial::on_message(&[("in", Pull), ("out", Push)], "|x| x");
    assert!(fails(&mut trial, 0, &[b"x"]).contains("a function cannot be sent"));
}
