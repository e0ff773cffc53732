use crate::message::{Format, Frame, Malformed};
use crate::script::fits;
use crate::script::trial::{Trial, formatted, script, socket_view, view};
use crate::zeromq::Role::{self, Dealer, Pull, Rep, Router, Stream, Sub};

/// What an expression over `msg` is, shown by `print`.
fn seen(role: Role, format: Format, frames: &[&[u8]], expression: &str) -> String {
    let sockets = formatted(vec![socket_view("in", role)], format);
    let mut trial = Trial::with(
        view(sockets),
        &script(&format!("fn on_message(msg) {{ print({expression}); () }}")),
    );
    match trial.message(0, frames) {
        Ok(effects) => crate::script::trial::shown(&effects[0]).replacen("log Info: ", "", 1),
        Err(error) => format!("failed: {}", error.message),
    }
}

#[test]
fn the_bytes_of_a_message_are_integers() {
    for (expression, want) in [
        ("{ let n = 0; for x in msg.bytes { if x == 97 { n += x; } } n }", "194"),
        ("{ let all = []; for x in msg.frames[0] { all.push(x); } all.to_json() }", "[97,0,97]"),
        ("msg.bytes.parse_be_int(0, 2)", "24832"),
    ] {
        assert_eq!(seen(Pull, Format::Plain, &[b"a\0a"], expression), want, "{expression}");
    }
}

#[test]
fn the_properties_of_a_tagged_message() {
    for (frame, expression, want) in [
        ("7 json {\"a\": [1, 2.0, \"x\"]}", "msg.msgid", "7"),
        ("7 json {\"a\": [1, 2.0, \"x\"]}", "msg.msgtype", "json"),
        ("7 json {\"a\": [1, 2.0, \"x\"]}", "msg.body", "#{\"a\": [1, 2.0, \"x\"]}"),
        ("7 json {\"a\": 1}", "msg.json.a", "1"),
        ("7 json {\"a\": 1}", "msg.text", "{\"a\": 1}"),
        ("7 json 18446744073709551615", "msg.body", "18446744073709551615"),
        ("7 json 18446744073709551616", "msg.body", "18446744073709551616"),
        ("7 json -9223372036854775809", "msg.body", "-9223372036854775809"),
        (
            "7 json {\"f\": 1e300, \"id\": 98765432109876543210, \"n\": [2.5, -0]}",
            "msg.body.to_json()",
            "{\"f\":1e+300,\"id\":98765432109876543210,\"n\":[2.5,-0.0]}",
        ),
        ("7 json [99999999999999999999]", "`${msg.body[0]}`", "99999999999999999999"),
        ("7 json [99999999999999999999]", "type_of(msg.body[0])", "integer past 64 bits"),
        ("7 json [99999999999999999999]", "msg.body[0] == 5", "false"),
        ("7 json [99999999999999999999]", "msg.body[0].to_float()", "1e20"),
        (
            "7 json [99999999999999999999]",
            "msg.body[0].to_int()",
            "failed: 99999999999999999999 does not fit the 64 bits of an integer",
        ),
        ("7 json 1e19", "msg.body", "1e19"),
        ("7 json -9999999999999999999", "msg.body.to_json()", "-9999999999999999999"),
        (
            "7 json 999999999999999999999999999999999999999",
            "msg.body.to_json()",
            "failed: 999999999999999999999999999999999999999 needs more than 128 bits; send it as text",
        ),
        ("7 json -9223372036854775808", "msg.body", "-9223372036854775808"),
        ("7 json 1.0", "type_of(msg.body)", "f64"),
        ("7 json 1", "type_of(msg.body)", "i64"),
        ("7 json null", "msg.body == ()", "true"),
        ("7 text a b", "msg.body", "a b"),
        ("7 text a b", "msg.text", "a b"),
        ("7 text 5", "msg.json + 1", "6"),
        ("7 text", "msg.body", ""),
        ("7 text ", "msg.body", ""),
        ("7 text", "msg.msgtype", "text"),
        ("7 csv a,b", "msg.msgtype", "csv"),
        ("7 csv a,b", "msg.body", "a,b"),
        ("7 csv ", "msg.msgtype", "csv"),
        ("7 text a", "msg.bytes", "[61]"),
        ("7 text a", "msg.frames.len()", "1"),
        ("7 text a", "msg.frames[0].as_string()", "7 text a"),
        ("7 text a", "msg.socket", "in"),
        ("7 text a", "msg", "7 text a"),
        ("7 text a", "`${msg}`", "7 text a"),
        ("7 text a", "type_of(msg)", "message"),
        (
            "7 text a",
            "msg.topic",
            "failed: a message of format msgid has no topic; that comes with format: envelope",
        ),
        (
            "7 text a",
            "msg.sender",
            "failed: a message from sub has no sender; router, rep and stream have",
        ),
        (
            "7 text a",
            "msg.json",
            "failed: the message is not JSON: expected value at line 1 column 1",
        ),
        ("7 text a", "msg.nope", "failed: a message has no property nope"),
    ] {
        assert_eq!(
            seen(Sub, Format::Msgid, &[frame.as_bytes()], expression),
            want,
            "{frame} {expression}"
        );
    }
    assert_eq!(seen(Sub, Format::Msgid, &[b"7 raw \xff"], "msg.body.len()"), "1");
    assert_eq!(
        seen(Sub, Format::Msgid, &[b"7 raw \xff"], "msg.text"),
        "failed: the message is not UTF-8 text; read msg.bytes"
    );
}

#[test]
fn the_properties_of_an_envelope() {
    let frames: &[&[u8]] = &[b"a.b", b"{\"n\":1}"];
    for (expression, want) in [
        ("msg.topic", "a.b"),
        ("msg.body", "{\"n\":1}"),
        ("msg.text", "{\"n\":1}"),
        ("msg.json.n", "1"),
        ("msg.bytes.len()", "7"),
        ("msg.frames.len()", "2"),
        (
            "msg.msgid",
            "failed: a message of format envelope has no msgid; that comes with format: msgid",
        ),
    ] {
        assert_eq!(seen(Sub, Format::Envelope, frames, expression), want, "{expression}");
    }
    assert_eq!(seen(Sub, Format::Envelope, &[b"\xff", b"x"], "type_of(msg.topic)"), "blob");
}

#[test]
fn the_properties_of_plain_frames() {
    for (role, frames, expression, want) in [
        (Pull, &[&b"a"[..], b"b"][..], "msg.text", "a"),
        (Pull, &[b"a", b"b"], "msg.body", "a"),
        (Pull, &[b"a", b"b"], "msg.frames.len()", "2"),
        (Dealer, &[b"", b"b"], "msg.text", "b"),
        (Dealer, &[b""], "msg.text", ""),
        (Pull, &[b"{\"a\":1}"], "msg.json.a", "1"),
        (Pull, &[b"\xff"], "msg.body", "[ff]"),
        (Router, &[b"x"], "msg.sender.as_string()", "me"),
        (Router, &[b"x"], "msg.frames.len()", "2"),
        (Router, &[b"x"], "msg.text", "x"),
        (Router, &[b"", b"x"], "msg.text", "x"),
        (Rep, &[b"x"], "msg.sender.as_string()", "me"),
        (Rep, &[b"x"], "msg.frames.len()", "1"),
        (Stream, &[b"x"], "msg.frames[0].as_string()", "me"),
        (
            Pull,
            &[b"x"],
            "msg.msgtype",
            "failed: a message of format plain has no msgtype; that comes with format: msgid",
        ),
    ] {
        assert_eq!(seen(role, Format::Plain, frames, expression), want, "{role} {expression}");
    }
}

#[test]
fn a_message_cannot_be_changed() {
    let failed = seen(Pull, Format::Plain, &[b"{\"a\":1}"], "{ msg.text = \"x\"; 1 }");
    assert_eq!(failed, "failed: a message cannot be changed; copy it first: let text = msg.text");
    let failed = seen(Pull, Format::Plain, &[b"{\"a\":1}"], "{ msg.json.a = 2; 1 }");
    assert_eq!(failed, "failed: a message cannot be changed; copy it first: let json = msg.json");
}

#[test]
fn a_message_outlives_its_call() {
    let mut trial = Trial::new(
        &[("in", Pull)],
        r#"
        fn on_message(msg) { if this.last != () { print(this.last.text + msg.text); } this.last = msg; }
    "#,
    );
    trial.sent(0, &["a"]);
    assert_eq!(trial.sent(0, &["b"]), ["log Info: ab"]);
}

#[test]
fn whether_a_message_fits_is_told_without_a_handler() {
    let deep = format!("1 json {}{}", "[".repeat(200), "]".repeat(200));
    for (format, frames, want) in [
        (Format::Plain, &[&b"\xff"[..], b""][..], Ok(())),
        (Format::Envelope, &[b"a", b"b"], Ok(())),
        (Format::Envelope, &[b"a"], Err(Malformed::Frames { want: 2, got: 1 })),
        (Format::Msgid, &[b"1 text x"], Ok(())),
        (Format::Msgid, &[b"1 text x", b""], Err(Malformed::Frames { want: 1, got: 2 })),
        (Format::Msgid, &[b"1 text \xff"], Err(Malformed::NotUtf8)),
        (Format::Msgid, &[b"1 raw \xff"], Ok(())),
        (Format::Msgid, &[b"1 json {\"a\":[1,2.5,null,true,\"x\\n\"]}"], Ok(())),
        (Format::Msgid, &[b"1 json {\"a\":}"], Err(Malformed::NotJson)),
        (Format::Msgid, &[b"1 json \"\xff\""], Err(Malformed::NotJson)),
        (Format::Msgid, &[b"1 json"], Err(Malformed::NotJson)),
        (Format::Msgid, &[deep.as_bytes()], Err(Malformed::NotJson)),
        (Format::Msgid, &[b"x"], Err(Malformed::Msgid)),
    ] {
        let frames: Vec<Frame> = frames.iter().map(|frame| Frame::copy(frame)).collect();
        assert_eq!(fits(format, &frames), want, "{frames:?}");
    }
}
