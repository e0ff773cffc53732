//! Handlers that wait: timers that are cancelled and begun anew, silence, work that takes time, sockets
//! that are paused.

use crate::support::Zrig;

/// The seconds behind that word in the log.
fn seconds(log: &[String], word: &str) -> Vec<f64> {
    let behind = |line: &String| line.split_once(&format!("  {word} "))?.1.trim().parse().ok();
    log.iter().filter_map(behind).collect()
}

#[test]
fn a_timer_that_is_reset_fires_when_there_was_silence_and_a_cancelled_one_never() {
    let ending = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: tcp://127.0.0.1:*
    every: 100ms
    on_start: this.n = 0; after(1, \"a timer is nothing to send\")
    on_timer: ()
    on_tick: this.n += 1; if this.n <= 5 { this.n }
  sink:
    role: pull
    connect: source
    on_start: |
      this.watch = after(\"900ms\", \"silence\");
      let never = after(\"200ms\", \"never\");
      cancel(never);
      cancel(never);
      cancel(());
      this.last = 0;
    on_message: |
      reset(this.watch);
      this.last = parse_int(msg.text);
      this.at = elapsed();
    on_timer: |
      print(`${name} after ${this.last}`);
      print(`span ${elapsed() - this.at}`);
      this.count = (this.count ?? 0) + 1;
      if this.count == 1 { reset(this.watch) } else { stop() }
",
    )
    .ends()
    .expect(0, ["silence after 5"]);
    assert!(!ending.text().contains("never after"), "{}", ending.text());
    let spans = seconds(&ending.log, "span");
    assert_eq!(spans.len(), 2, "{}", ending.text());
    assert!(spans[0] >= 0.9 && spans[1] >= 1.8, "{spans:?}");
}

#[test]
fn on_idle_is_called_when_nothing_came_and_again_as_long_as_nothing_comes() {
    let ending = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: tcp://127.0.0.1:*
    every: 50ms
    on_start: this.n = 0
    on_tick: this.n += 1; if this.n <= 10 { this.n }
  sink:
    role: pull
    connect: source
    idle: 900ms
    on_start: this.idle = 0; this.at = 0.0
    on_message: this.at = elapsed(); if msg.text == \"10\" { print(\"the last one\") }
    on_idle: |
      this.idle += 1;
      print(`silent ${elapsed() - this.at}`);
      if this.idle == 3 { stop() }
",
    )
    .ends()
    .expect(0, ["the last one"]);
    let spans = seconds(&ending.log, "silent");
    assert_eq!(spans.len(), 3, "{}", ending.text());
    for (number, span) in spans.iter().enumerate() {
        assert!(*span >= 0.9 * (number + 1) as f64 - 0.01, "{spans:?}");
    }
}

#[test]
fn a_busy_node_takes_nothing_and_what_it_sends_after_that_goes_out_then() {
    let ending = Zrig::of(
        "
defaults: {hwm: 1}
nodes:
  source:
    role: push
    bind: inproc://jobs
    on_start: |
      for i in 0..60 { send(i) }
  worker:
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink}
    on_start: this.taken = 0
    on_in: |
      this.taken += 1;
      send(`begun ${elapsed()}`);
      busy(\"100ms\");
      `done ${this.taken}`
  quick:
    sockets:
      in: {role: pull, connect: source}
      out: {role: push, connect: sink}
    on_in: '\"quick\"'
  sink:
    role: pull
    bind: tcp://127.0.0.1:*
    on_start: this.done = 0; this.quick = 0
    on_message: |
      if msg.text.starts_with(\"begun\") { this.begun = parse_float(msg.text.split(\" \")[1]); return; }
      if msg.text == \"quick\" { this.quick += 1; } else { this.done += 1; print(`took ${elapsed() - this.begun}`); }
      if this.done + this.quick == 60 { print(`quick ${this.quick}`); stop() }
",
    )
    .ends()
    .expect(0, ["stop()"]);
    let took = seconds(&ending.log, "took");
    assert!(!took.is_empty() && took.iter().all(|span| *span >= 0.1), "{took:?}");
    // While it is busy its queues fill, and who sends goes on with the other one.
    let quick = seconds(&ending.log, "quick");
    assert!(quick[0] >= 40.0, "{}", ending.text());
}

#[test]
fn who_asks_a_busy_rep_is_answered_when_the_time_is_over_or_the_node_ends() {
    let ending = Zrig::of(
        "
nodes:
  server: {role: rep, bind: tcp://127.0.0.1:*, on_message: busy(msg.text); \"done\"}
  client:
    role: req
    connect: server
    on_start: this.at = elapsed(); send(\"200ms\")
    on_message: |
      print(`answered ${elapsed() - this.at}`);
      if this.asked != () { return; }
      this.asked = true;
      send(\"1h\");
      after(\"300ms\", \"end\")
    on_timer: stop()
",
    )
    .ends()
    .expect(0, ["stop()"]);
    let answered = seconds(&ending.log, "answered");
    assert!(answered[0] >= 0.2, "{}", ending.text());
}

#[test]
fn a_paused_socket_keeps_what_comes_until_it_is_resumed() {
    let ending = Zrig::of(
        "
nodes:
  source:
    sockets:
      jobs: {role: push, bind: tcp://127.0.0.1:*}
      news: {role: push, bind: tcp://127.0.0.1:*}
    on_start: |
      for i in 0..10 { send_to(\"jobs\", i) }
      send_to(\"news\", \"news\")
  sink:
    sockets:
      jobs: {role: pull, connect: source.jobs}
      news: {role: pull, connect: source.news}
    on_start: this.jobs = 0
    on_jobs: |
      this.jobs += 1;
      if this.jobs == 2 { pause(\"jobs\"); after(\"300ms\", \"go on\") }
      if this.jobs == 10 { print(\"all ten\"); stop() }
    on_news: print(\"other sockets go on\")
    on_timer: print(`paused after ${this.jobs}`); resume(\"jobs\")
",
    )
    .ends()
    .expect(0, ["paused after 2", "all ten", "other sockets go on"]);
    drop(ending);
}

#[test]
fn a_paused_socket_is_not_forwarded_from() {
    Zrig::of(
        "
nodes:
  source:
    sockets:
      jobs: {role: push, bind: tcp://127.0.0.1:*}
      told: {role: pull, bind: tcp://127.0.0.1:*}
    on_told: for i in 0..10 { send_to(\"jobs\", i) }
  broker:
    sockets:
      in: {role: pull, connect: source.jobs}
      tell: {role: push, connect: source.told}
      out: {role: push, bind: tcp://127.0.0.1:*}
    forward: {in: out}
    on_start: pause(\"in\"); send_to(\"tell\", \"it is paused\"); after(\"300ms\", \"go on\")
    on_timer: print(\"goes on\"); resume(\"in\")
  sink:
    role: pull
    connect: broker.out
    on_start: this.n = 0; this.at = elapsed()
    on_message: |
      this.n += 1;
      if this.n == 10 { print(`last ${elapsed() - this.at}`); stop() }
",
    )
    .ends()
    .expect(0, ["goes on", "last "]);
}
