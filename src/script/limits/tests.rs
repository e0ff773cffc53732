use std::time::{Duration, Instant};

use super::STACK_BYTES;
use crate::script::HandlerErrorKind;
use crate::script::trial::Trial;
use crate::zeromq::Role::{Pull, Push};

/// What a script fails with, on a thread such as the runtime's, and how long that takes.
fn ended(script: &str) -> (HandlerErrorKind, String, Duration) {
    let script = script.to_owned();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        let mut trial = Trial::new(&[("in", Pull), ("out", Push)], &script);
        let start = Instant::now();
        let error = trial.message(0, &[b"x"]).expect_err(&script);
        let took = start.elapsed();
        // The next message is served, and what was built can be dropped.
        assert!(trial.invoke(crate::script::Invocation::Tick).is_ok());
        (error.kind, error.message, took)
    });
    thread.unwrap().join().unwrap()
}

fn table(rows: &[(&str, &str)]) {
    for (script, want) in rows {
        let (kind, message, took) = ended(script);
        assert_eq!(kind, HandlerErrorKind::Limit, "{script}: {message}");
        assert!(message.contains(want), "{script}: {message}");
        assert!(took < Duration::from_secs(60), "{script}: {took:?}");
    }
}

#[test]
fn a_handler_that_loops_for_ever_is_ended() {
    table(&[
        ("fn on_message(msg) { loop {} }", "does a loop never end?"),
        (
            "fn on_message(msg) { let s = \"x\"; s.pad(100000, 'x'); loop { s.to_upper(); } }",
            "500 ms",
        ),
        ("fn on_message(msg) { let a = []; a.pad(1000, 1); loop { a.map(|x| x + 1); } }", "500 ms"),
    ]);
}

#[test]
fn a_handler_that_calls_itself_for_ever_is_ended() {
    let deep = format!(
        "fn id(x) {{ x }} fn f(x) {{ {}f(x){} }} fn on_message(msg) {{ f(1) }}",
        "id(".repeat(55),
        ")".repeat(55)
    );
    table(&[
        ("fn f() { f() } fn on_message(msg) { f() }", "more than 128 calls"),
        ("fn f(x) { 1 + f(x + 1) } fn on_message(msg) { f(1) }", "more than 128 calls"),
        ("fn f(n) { [1, 2].map(|y| f(n)) } fn on_message(msg) { f(1) }", "more than 128 calls"),
        ("fn on_message(msg) { let f = |g| g.call(g); f.call(f) }", "more than 128 calls"),
        (&deep, "more than 128 calls"),
    ]);
}

#[test]
fn a_handler_that_takes_memory_without_end_is_ended() {
    table(&[
        ("fn on_message(msg) { let s = \"x\"; loop { s += s; } }", "96 MiB"),
        ("fn on_message(msg) { let a = [1]; loop { a += a; } }", "96 MiB"),
        ("fn on_message(msg) { let b = blob(1, 1); loop { b += b; } }", "96 MiB"),
        ("fn on_message(msg) { let f = |x| x; loop { f = f.curry(f); } }", "96 MiB"),
        (
            "fn on_message(msg) { let a = []; a.pad(1000, []); loop { let b = []; b.pad(1000, a); a = b; } }",
            "96 MiB",
        ),
    ]);
}

#[test]
fn one_step_cannot_take_memory_without_end() {
    table(&[
        ("fn on_message(msg) { let s = \"x\"; s.pad(1000000000000, 'x'); }", "96 MiB"),
        ("fn on_message(msg) { let s = \"x\"; s.pad(9223372036854775807, \"xy\"); }", "96 MiB"),
        ("fn on_message(msg) { let a = []; a.pad(1000000000000, 1); }", "96 MiB"),
        (
            "fn on_message(msg) { let a = []; a.pad(100000, a); let b = []; b.pad(100000, a); }",
            "96 MiB",
        ),
        ("fn on_message(msg) { blob(1000000000000) }", "96 MiB"),
        ("fn on_message(msg) { let b = blob(1); b.pad(1000000000000, 1); }", "96 MiB"),
        (
            "fn on_message(msg) { let s = \"x\"; s.pad(100000, 'x'); s.replace(\"x\", s); }",
            "96 MiB",
        ),
        ("fn on_message(msg) { let s = \"x\"; s.pad(100000, 'x'); s.replace('x', s); }", "96 MiB"),
        ("fn on_message(msg) { let s = \"x\"; s.pad(100000, 'x'); s.replace(\"\", s); }", "96 MiB"),
        ("fn on_message(msg) { let s = \"x\"; s.pad(4000000, 'x'); s.split(\"\") }", "96 MiB"),
        ("fn on_message(msg) { let s = \"x\"; s.pad(4000000, ' '); s.split(' ') }", "96 MiB"),
    ]);
}

#[test]
fn values_inside_values_inside_values_do_not_overflow_the_stack() {
    table(&[
        ("fn on_message(msg) { this.a = []; loop { this.a = [this.a]; } }", "500 ms"),
        ("fn on_message(msg) { let a = []; loop { a = [take(a)]; } }", "500 ms"),
        ("fn on_message(msg) { let f = || 1; loop { let g = f; f = || g.call(); } }", ""),
        ("fn on_message(msg) { let a = []; loop { a = [take(a)]; let b = a == a; } }", "500 ms"),
    ]);
}

#[test]
fn a_call_can_send_and_log_so_much() {
    for (body, want) in [
        (
            "loop { send(\"x\"); }",
            "a call can send and log 10000 times at most; spread the work over on_tick or after()",
        ),
        (
            "loop { count(\"x\"); }",
            "a call can send and log 10000 times at most; spread the work over on_tick or after()",
        ),
        ("let b = blob(10000000); loop { send(b); }", "a call can send and log 64 MiB at most"),
    ] {
        let (kind, message, _) = ended(&format!("fn on_message(msg) {{ {body} }}"));
        assert_eq!((kind, message.as_str()), (HandlerErrorKind::Script, want));
    }
}

#[test]
fn a_limit_cannot_be_caught() {
    table(&[(
        "fn on_message(msg) { loop { try { loop {} } catch { } } }",
        "does a loop never end?",
    )]);
}

#[test]
fn a_handler_with_a_thread_of_its_own_may_take_longer() {
    let script = "fn on_message(msg) { let n = 0; while elapsed() < 1.0 { n += 1; } n }";
    let mut trial = Trial::new(&[("in", Pull), ("out", Push)], script);
    trial.handler = trial.handler.with_patience();
    assert!(trial.message(0, &[b"x"]).is_ok());
}
