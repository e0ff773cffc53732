//! Nothing inside one file is lost to the slow joiner: nobody publishes before all are subscribed.

use std::time::Instant;

use crate::support::{Zrig, soaking};

/// Each start is a run of its own, with fresh sockets and the file's own barrier.
#[test]
fn three_subs_get_all_of_a_pub_from_the_first_message_on_at_every_start() {
    let starts = if soaking() { 1_000 } else { 100 };
    let begun = Instant::now();
    for start in 0..starts {
        // By turns over the transports: they come up in different ways.
        let endpoint = match start % 4 {
            0 | 1 => "tcp://127.0.0.1:*",
            2 => "ipc://*",
            _ => "inproc://news",
        };
        // Whoever comes first in the file is made first.
        let publisher = format!(
            "
  publisher:
    role: pub
    bind: '{endpoint}'
    on_start: 'for n in 0..100 {{ send(n) }}'"
        );
        let subscribers = "
  subscriber:
    role: sub
    connect: publisher
    msgids: [1000]
    replicas: 3
    on_start: this.seen = 0
    on_message: |
      if msg.body != this.seen { print(`${replica()} has ${msg.body} instead of ${this.seen}`); stop(4) }
      this.seen += 1;
      if this.seen == 100 { send_to(\"done\", \"all\") }";
        let subscribers = subscribers
            .replace("    role: sub\n    connect: publisher\n    msgids: [1000]\n", "    sockets:\n      news: {role: sub, connect: publisher, msgids: [1000]}\n      done: {role: push, connect: judge}\n")
            .replace("on_message", "on_news");
        let judge = "
  judge:
    role: pull
    bind: inproc://judge
    on_message: |
      this.all = (this.all ?? 0) + 1;
      if this.all == 3 { stop() }";
        let yaml = match start % 2 {
            0 => format!("nodes:{publisher}{subscribers}{judge}\n"),
            _ => format!("nodes:{judge}{subscribers}{publisher}\n"),
        };
        let ending = Zrig::of(&yaml).lasting("20s").ends().expect(0, ["judge called stop()"]);
        assert!(!ending.said("warn"), "start {start}: {}", ending.text());
    }
    println!("{starts} starts in {:?}", begun.elapsed());
}

/// More connections at once than a listener lets wait by libzmq's own default.
#[test]
fn a_thousand_subscribers_over_tcp_get_what_is_published_at_the_start() {
    let yaml = "
nodes:
  publisher:
    role: pub
    bind: 'tcp://127.0.0.1:*'
    on_start: publish(1000, 'x')
  subscriber:
    role: sub
    connect: publisher
    msgids: [1000]
    replicas: 1000
    on_message: print(`${replica()} has it`)
";
    let yaml = yaml.replace("publish(1000, 'x')", "publish(1000, \"x\")");
    let run = Zrig::of(&yaml).start();
    run.says_times(" has it", 1000);
    let ending = run.stop();
    assert!(!ending.said("not up"), "{}", ending.text());
    assert!(!ending.said("did not arrive"), "{}", ending.text());
}
