use std::time::{Duration, Instant};

use super::NAME;
use crate::script::Invocation;
use crate::script::trial::{Trial, rewritten, shown};
use crate::zeromq::Role::{Pull, Push};

const START: &str = "fn on_start() { this.m = #{a: 1, contains: |x| 7, o: #{b: 2}}; \
                     this.t = \"abc\"; this.l = [\"a\", 2]; }";

/// What a body says of a message with the text `a`, after a start.
fn said(body: &str, more: &str) -> String {
    let script = format!("{START} fn on_message(msg) {{ {body} }} {more}");
    let mut trial = Trial::new(&[("in", Pull), ("out", Push)], &script);
    trial.invoke(Invocation::Start).unwrap();
    match trial.message(0, &[b"a"]) {
        Ok(effects) => effects.iter().map(shown).collect::<Vec<_>>().join("; "),
        Err(error) => format!("failed: {}", error.message),
    }
}

#[test]
fn a_look_comes_to_what_the_engine_makes_of_it() {
    for (body, want) in [
        ("`${\"a\" in this.m} ${\"z\" in this.m} ${\"z\" !in this.m}`", "true false true"),
        ("`${\"b\" in this.m.o} ${\"a\" in this.m.o} ${msg.text in this.m}`", "true false true"),
        (
            "let k = \"a\"; `${k in this.m} ${`${k}` in this.m} ${contains(this.m, k)}`",
            "true true true",
        ),
        (
            "`${\"contains\" in this.m} ${\"ab\" in this.t} ${\"a\" in this.l} ${2 in this.l}`",
            "true true true true",
        ),
        ("if \"a\" in this.m { \"yes\" }", "yes"),
        ("while \"a\" in this.m { this.m.remove(\"a\"); } `${this.m.len()}`", "2"),
        ("`${this.l.filter(|x| x == \"a\").len()}`", "1"),
    ] {
        assert_eq!(said(body, ""), format!("1: {want}"), "{body}");
    }
    for (body, want) in [
        (
            "\"a\" in this.nothing",
            "failed: a text cannot be looked for in (); () is what there is where nothing was set: set it in on_start",
        ),
        ("\"a\" in this.m.a", "failed: a text cannot be looked for in an integer"),
        ("1 in this.m", "failed: an integer cannot be looked for in a map"),
    ] {
        assert_eq!(said(body, ""), want, "{body}");
        assert_eq!(said("this.own()", &format!("fn own() {{ {body} }}")), want, "{body}");
    }
}

#[test]
fn a_scripts_own_contains_stays() {
    let own = "fn contains(a, b) { 42 }";
    assert_eq!(said("`${\"a\" in this.m}`", own), "1: 42");
}

#[test]
fn a_look_costs_the_same_in_a_large_map() {
    let script = "fn on_start() { this.m = #{}; for i in 0..20000 { this.m[`k${i}`] = i; } } \
                  fn on_message(msg) { let n = 0; \
                  for i in 0..2000 { if msg.text in this.m { n += 1; } } `${n}` }";
    assert_eq!(rewritten(script, NAME), 1);
    let mut trial = Trial::new(&[("in", Pull), ("out", Push)], script);
    trial.invoke(Invocation::Start).unwrap();
    let begun = Instant::now();
    assert_eq!(trial.sent(0, &["k7"]), ["1: 2000"]);
    // A copy for each look took three seconds.
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

/// What is in a large state, by the name that it has there.
const LARGE: &str = "fn on_start() { this.n = 7; this.k = \"k7\"; this.m = #{}; this.l = []; \
    this.b = blob(300000, 7); \
    for i in 0..20000 { this.m[`k${i}`] = i; this.l.push(i); } \
    this.o = #{m: this.m, l: this.l, b: this.b}; this.a = [this.m, this.l]; }";

/// How many bytes a call of a handler takes for a body, which some functions and constants stand beside.
fn taken(body: &str, more: &str) -> usize {
    let script = format!("{LARGE} fn on_message(msg) {{ {body} }} {more}");
    let mut trial = Trial::new(&[("in", Pull), ("out", Push)], &script);
    trial.invoke(Invocation::Start).unwrap();
    trial.message(0, &[b"k7"]).unwrap_or_else(|error| panic!("{body}: {}", error.message));
    let before = crate::memory::taken();
    trial.message(0, &[b"k7"]).unwrap();
    crate::memory::taken() - before
}

#[test]
fn nothing_that_only_looks_copies_a_large_state() {
    let looks = [
        "\"k7\" in this.m",
        "msg.text in this.m",
        "`k${this.n}` in this.o.m",
        "\"k7\" !in this.m",
        "this.k in this.a[0]",
        "7 in this.l",
        "this.n in this.o.l",
        "contains(this.l, 7)",
        "this.m.contains(\"k7\")",
        "this.l.contains(7)",
        "index_of(this.l, 7)",
        "this.l.index_of(7)",
        "this.m == ()",
        "this.m != ()",
        "() == this.m",
        "this.m == #{}",
        "this.l == []",
        "this.l != []",
        "this.b == ()",
        "this.l == this.m",
        "this.o.m == ()",
        "this.o[\"m\"] == ()",
        "this[\"m\"] == ()",
        "this.a[0] == ()",
        "this.a[-1] == ()",
        "this.a[this.n - 7] == ()",
        "this.m[\"k7\"] == ()",
        "this.m[msg.text] == ()",
        "this.m.k7 == ()",
        "this.m.nope == ()",
        "this.m[\"k7\"] != () && this.l[7] > 3",
        "this.m[\"k7\"] ?? 1",
        "this.m?.k7",
        "this.l[7]",
        "len(this.m)",
        "len(this.l)",
        "len(this.b)",
        "this.m.len()",
        "this.l.len()",
        "this.l.len",
        "this.b.len()",
        "this.m.len() + this.l.len()",
        "is_empty(this.m)",
        "this.m.is_empty()",
        "type_of(this.m)",
        "type_of(this.l) == \"array\"",
        "this.m.type_of()",
        "is_shared(this.m)",
        "pick(this.l)",
        "this.l.pick()",
        "this.m.get(\"k7\")",
        "this.b[7]",
        "`${len(this.m)}`",
        "[len(this.m), len(this.l)]",
        "#{a: len(this.m)}",
        "if this.m == () { 1 } else { 2 }",
        "this.l.push(len(this.m)); this.l.pop()",
        "this.l[len(this.m) - 20000]",
        "this.l[len(this.m) - 20000] = 0",
        "let x = len(this.m); x",
        "return len(this.m)",
        "for i in 0..3 { if this.m == () { break; } }",
        "this.l[7] += 1",
        "this.o.m[\"k7\"] += 1",
        "this.m.x = 1; this.m.remove(\"x\")",
        "this.l.shift(); this.l.push(1)",
    ];
    for look in looks {
        let bytes = taken(look, "");
        assert!(bytes < 3_000, "{look}: {bytes}");
        let own = look.replace("msg.text", "this.k");
        let bytes = taken("this.own()", &format!("fn own() {{ {own} }}"));
        assert!(bytes < 4_000, "{look} in a function: {bytes}");
    }
    for (look, more) in [
        ("this.o.own()", "fn own() { this.m == () || \"k7\" in this.m }"),
        ("this.m.own(\"k7\")", "fn own(key) { key in this }"),
        ("this.own(this.k)", "private fn own(key) { key in this.m }"),
    ] {
        let bytes = taken(look, more);
        assert!(bytes < 4_000, "{look}: {bytes}");
    }
    // Those measure.
    for copies in ["let m = this.m; 1", "own(this.l)"] {
        assert!(taken(copies, "fn own(l) { 1 }") > 300_000, "{copies}");
    }
}

#[test]
fn a_variable_and_a_constant_are_looked_at_where_they_are() {
    let once = taken("let m = this.m; let l = this.l; 1", "");
    for look in ["m == ()", "l == []", "m != #{}", "#{a: m == ()}"] {
        let bytes = taken(&format!("let m = this.m; let l = this.l; {look}"), "");
        assert!(bytes < once + 3_000, "{look}: {bytes}");
    }
    let keys: Vec<String> = (0..1000).map(|key| format!("k{key}: {key}")).collect();
    let (keys, texts) = (keys.join(", "), vec!["\"some text\""; 1000].join(", "));
    let constants = format!("const M = #{{{keys}}}; const L = [{texts}];");
    for look in [
        "M[msg.text]",
        "M.k7",
        "M.nope",
        "L[7]",
        "L[-1]",
        "msg.text in M",
        "M.contains(\"k7\")",
        "M.len()",
        "len(L)",
        "L == ()",
        "M[L[7]]",
    ] {
        let bytes = taken(look, &constants);
        assert!(bytes < 3_000, "{look}: {bytes}");
    }
}

#[test]
fn values_are_equal_as_the_engine_says() {
    let values = [
        "()",
        "true",
        "false",
        "0",
        "1",
        "1.0",
        "\"\"",
        "\"1\"",
        "'1'",
        "#{}",
        "#{a: 1}",
        "#{a: 2}",
        "#{a: 1, b: 2}",
        "[]",
        "[1]",
        "[2]",
        "[1, 2]",
        "blob()",
        "blob(1, 1)",
        "blob(1, 2)",
        "|x| x",
        "timestamp()",
        "0..3",
    ];
    for one in values {
        for other in values {
            let keep = format!("this.a = {one}; this.b = {other};");
            // A closure is left as it is.
            let engine =
                format!("{keep} let f = |a, b| [a == b, a != b]; to_json(f.call(this.a, this.b))");
            let lent = format!("{keep} to_json([this.a == this.b, this.a != this.b])");
            let half = format!("{keep} to_json([this.a == {other}, ({one}) != this.b])");
            let want = said(&engine, "");
            assert_eq!(said(&lent, ""), want, "{one} {other}");
            if !one.contains("timestamp") && !other.contains("timestamp") {
                assert_eq!(said(&half, ""), want, "{one} {other}");
            }
        }
    }
}

#[test]
fn what_is_searched_is_there_afterwards() {
    for (body, want) in [
        ("let found = \"a\" in this.l; `${found} ${this.l}`", "true [\"a\", 2]"),
        ("try { contains(this.l, |x| x) } catch { } `${this.l}`", "[\"a\", 2]"),
        ("let f = || this.l; this.x = this.l; `${2 in this.x} ${this.l}`", "true [\"a\", 2]"),
        ("index_of(this.l, 2) + len(this.m)", "4"),
        ("pick(this.l) == pick(this.l) || len(this.l) == 2", "true"),
    ] {
        assert_eq!(said(body, ""), format!("1: {want}"), "{body}");
    }
}

#[test]
fn a_fault_of_a_look_has_its_place_and_its_calls() {
    let script = "fn on_tick() { this.own(); }\nfn own() {\n  let x = 1;\n  x in this.m.a.b\n}";
    let mut trial = Trial::new(&[], script);
    let error = trial.invoke(Invocation::Tick).unwrap_err();
    assert_eq!(error.position.unwrap().to_string(), "4:15");
    assert_eq!(error.calls.len(), 1, "{error:?}");
}

/// A broker after the guide's Majordomo: services with requests that wait and workers that are free.
const BROKER: &str = r#"
    fn on_message(msg) {
        this.ask("echo", msg);
        this.free("echo", "worker 1");
    }
    fn ask(name, request) {
        if name !in this.services { this.services[name] = #{requests: [], workers: []}; }
        this.services[name].requests.push(request);
        this.dispatch(name);
    }
    fn free(name, worker) {
        this.services[name].workers.push(worker);
        this.dispatch(name);
    }
    fn dispatch(name) {
        if this.services[name] == () || this.services[name].workers == [] { return; }
        while len(this.services[name].requests) > 0 && len(this.services[name].workers) > 0 {
            let worker = this.services[name].workers.shift();
            let request = this.services[name].requests.shift();
            send_to("out", [worker, request.text]);
        }
    }
"#;

#[test]
fn a_broker_does_no_more_for_a_request_when_20_000_wait() {
    let taken = |waiting: usize| {
        let start = format!(
            "fn on_start() {{ this.services = #{{echo: #{{requests: [], workers: []}}}}; \
             for i in 0..{waiting} {{ this.services.echo.requests.push(#{{text: `${{i}}`}}); }} }}"
        );
        let sockets = [("in", Pull), ("out", Push)];
        let mut trial = Trial::new(&sockets, &format!("{start} {BROKER}"));
        trial.invoke(Invocation::Start).unwrap();
        for _ in 0..100 {
            trial.message(0, &[b"k7"]).unwrap();
        }
        let before = crate::memory::taken();
        for _ in 0..100 {
            assert_eq!(trial.message(0, &[b"k7"]).unwrap().len(), 1);
        }
        crate::memory::taken() - before
    };
    let (none, many) = (taken(0), taken(20_000));
    assert!(many < none + none / 10, "{none} bytes, {many} with 20,000 requests waiting");
}
