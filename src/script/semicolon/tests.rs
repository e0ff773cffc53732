use crate::script::trial::{Trial, compiled, script, shown};
use crate::script::{Engine, Filter, HandlerText, Handlers, Invocation, ScriptText};
use crate::source::Position;
use crate::zeromq::Role::{Pull, Push};

/// What a body sends for a message with the text `a`.
fn said(body: &str, more: &str) -> String {
    let start = "fn on_start() { this.jobs = [1, 2, 3]; this.map = #{a: 1}; this.n = 1 }";
    let text = format!("{start} fn on_message(msg) {{ {body} }} {more}");
    let mut trial = Trial::new(&[("in", Pull), ("out", Push)], &text);
    trial.invoke(Invocation::Start).unwrap();
    match trial.message(0, &[b"a"]) {
        Ok(effects) => effects.iter().map(shown).collect::<Vec<_>>().join("; "),
        Err(error) => format!("failed: {}", error.message),
    }
}

#[test]
fn a_last_statement_that_ends_with_a_semicolon_sends_nothing() {
    for (with, without) in [
        ("this.jobs.shift();", "this.jobs.shift()"),
        ("this.map.remove(\"a\");", "this.map.remove(\"a\")"),
        ("this.jobs.retain(|x| x > 2);", "this.jobs.retain(|x| x > 2)"),
        ("if true { this.jobs.shift(); }", "if true { this.jobs.shift() }"),
        (
            "if this.n == 1 { this.jobs.shift(); } else { 7; }",
            "if this.n == 1 { this.jobs.shift() }",
        ),
        ("if this.n == 2 { 7 } else if this.n == 1 { 8; }", "if this.n == 1 { 8 }"),
        ("if this.n == 1 { if true { 8; } }", "if this.n == 1 { if true { 8 } }"),
        ("switch this.n { 1 => { 8; } _ => 9 }", "switch this.n { 1 => { 8 } _ => 9 }"),
        ("{ { 8; } }", "{ { 8 } }"),
        ("try { msg.text; } catch { }", "try { msg.text } catch { }"),
        ("try { if this.n == 1 { this.n; } } catch { 7 }", "try { this.n } catch { 7 }"),
        ("loop { break 8; };", "loop { break 8; }"),
        ("msg;", "msg"),
        ("msg.text;", "msg.text"),
        ("msg.text + 1;", "msg.text + 1"),
        ("let m = msg.text; m;", "let m = msg.text; m"),
        ("if msg.text == \"a\" { msg.text; }", "if msg.text == \"a\" { msg.text }"),
        ("8;;", "8"),
        ("8; // the end\n", "8 // the end\n"),
        ("8; /* } */", "8 /* ; } */"),
        ("`a`;", "`a`"),
        ("`a${msg.text}b`;", "`a${msg.text}b`"),
        ("`a${ if true { 8 } else { 9; } }b`;", "`a${ if true { 8 } }b`"),
        ("#{a: 1};", "#{a: 1}"),
        ("[1, 2];", "[1, 2]"),
        ("this.own();", "this.own()"),
    ] {
        let own = "fn own() { this.jobs.shift() }";
        assert_eq!(said(with, own), "", "{with}");
        assert_ne!(said(without, own), "", "{without}");
    }
}

#[test]
fn an_own_function_ends_by_the_same_rule() {
    for (body, own, want) in [
        ("this.own()", "fn own() { this.jobs.shift(); }", ""),
        ("own(2)", "fn own(x) { x * 2; }", ""),
        ("own(2)", "fn own(x) { x * 2 }", "1: 4"),
        ("own(2)", "fn own(x) { return x * 2; }", "1: 4"),
        ("this.own()", "fn own() { if this.n == 1 { return 5; } this.jobs.shift(); }", "1: 5"),
        ("let f = |x| { x * 2 }; f.call(2)", "", "1: 4"),
        ("let x = if this.n == 1 { 5 } else { 6 }; x", "", "1: 5"),
        ("return 5;", "", "1: 5"),
        ("if this.n == 1 { return 5; }", "", "1: 5"),
        ("send(1); send(2);", "", "1: 1; 1: 2"),
        ("for x in this.jobs { send(x); }", "", "1: 1; 1: 2; 1: 3"),
        ("while this.jobs.len() > 2 { send(this.jobs.shift()); }", "", "1: 1"),
    ] {
        assert_eq!(said(body, own), want, "{body} {own}");
    }
}

#[test]
fn a_fault_behind_such_an_end_keeps_its_place() {
    let engine = std::rc::Rc::new(Engine::new());
    for (text, want) in [
        ("fn on_tick() { if true { 1; } if true { 2; } nope }", "1:46"),
        (
            "fn on_tick() { if true { 1; } if true { 2; } this.own(); }\nfn own() {\n  if true { 1; } print(nope);\n}",
            "3:24",
        ),
        ("fn on_tick() { `ä${ if true { 1; } }` + nope; }", "1:41"),
    ] {
        let program = compiled(&engine, &script(text));
        let unknown = &program.survey().unknown_variables;
        let places: Vec<String> = unknown
            .iter()
            .filter_map(|one| one.site.position)
            .map(|place| place.to_string())
            .collect();
        assert_eq!(places, [want], "{text}");
        let mut trial = Trial::new(&[], text);
        let error = trial.invoke(Invocation::Tick).unwrap_err();
        assert_eq!(error.position.unwrap().to_string(), want, "{text}");
    }
}

#[test]
fn an_inline_handler_ends_by_the_same_rule() {
    let handler = |name: &str, body: &str, line| HandlerText {
        name: name.to_owned(),
        body: body.into(),
        lines: vec![Position { line, column: 11 }],
    };
    let text = ScriptText {
        path: "topology.yaml".into(),
        handlers: Handlers::Inline(vec![
            handler("on_tick", "if true { 1; } 5;", 4),
            handler("on_stop", "if true { 1; } nope", 5),
        ]),
        modules: std::collections::BTreeMap::new(),
    };
    let view = crate::script::trial::view(vec![crate::script::trial::socket_view("out", Push)]);
    let mut trial = Trial::with(view, &text);
    assert!(trial.invoke(Invocation::Tick).unwrap().is_empty());
    let error = trial.invoke(Invocation::Stop).unwrap_err();
    assert_eq!(error.position.unwrap().to_string(), "5:26");
}

#[test]
fn a_module_ends_by_the_same_rule() {
    let mut text = script("import \"m\" as m; fn on_message(msg) { m::own() }");
    text.modules.insert("scripts/m.rhai".into(), "fn own() { 8; }".into());
    let sockets = [("in", Pull), ("out", Push)];
    let sockets =
        sockets.map(|(name, role)| crate::script::trial::socket_view(name, role)).to_vec();
    let mut trial = Trial::with(crate::script::trial::view(sockets), &text);
    assert!(trial.message(0, &[b"a"]).unwrap().is_empty());
}

#[test]
fn a_filter_may_end_with_a_semicolon() {
    let engine = std::rc::Rc::new(Engine::new());
    for text in ["msg.text == \"a\"", "msg.text == \"a\";", "msg.text == \"a\" ;\n"] {
        let mut filter = Filter::compile(&engine, text).unwrap();
        let Invocation::Message(inbound) = crate::script::trial::inbound_by(Pull, 0, &[b"a"])
        else {
            return;
        };
        let view = crate::script::trial::socket_view("in", Pull);
        assert_eq!(filter.wants(inbound, &view), Ok(true), "{text}");
    }
}

#[test]
fn values_that_are_lost_are_told_and_nothing_else() {
    let lost = |text: &str| -> Vec<String> {
        let program = compiled(&Engine::new(), &script(text));
        let lost = &program.survey().lost_values;
        lost.iter().filter_map(|site| site.position).map(|place| place.to_string()).collect()
    };
    for (body, want) in [
        ("8;", vec!["1:22"]),
        ("msg;", vec!["1:22"]),
        ("msg.text;", vec!["1:22"]),
        ("msg.frames[1];", vec!["1:22"]),
        ("this.n + 1;", vec!["1:22"]),
        ("`a${msg.text}`;", vec!["1:22"]),
        ("#{a: 1};", vec!["1:22"]),
        ("[msg];", vec!["1:22"]),
        ("if true { 8; } else { 9; }", vec!["1:32", "1:44"]),
        ("let x = if this.n == 1 { 5; } else { 6 }; x", vec!["1:47"]),
        ("[1].filter(|x| { x > 1; })", vec!["1:39"]),
        ("8", vec![]),
        ("();", vec![]),
        ("return 8;", vec![]),
        ("send(8);", vec![]),
        ("this.n += 1;", vec![]),
        ("this.jobs.shift();", vec![]),
        ("this.jobs.list.shift();", vec![]),
        ("this.jobs[0].shift();", vec![]),
        ("this.f && send(8);", vec![]),
        ("let x = 8;", vec![]),
        ("8; send(1)", vec![]),
        ("while this.jobs.len() > 2 { this.jobs.shift(); }", vec![]),
    ] {
        assert_eq!(lost(&format!("fn on_message(msg) {{ {body} }}")), want, "{body}");
    }
}
