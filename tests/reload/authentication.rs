//! Strangers knock while a ZAP handler is changed, moved, taken away, or cannot be made.
//!
//! Owns that a reload is never less safe than the file before it and the file after it. Who knocks is
//! `tests/python/knock.py`.

use std::net::TcpListener;

use serde_json::Value;

use crate::edited::{Edited, notes, times};
use crate::support::{Peer, Zrig, eventually, free_port, free_ports, soaking};

/// Lets in who has the password; nobody by CURVE, nobody without a mechanism.
const GUARD: &str = r#"
fn on_message(msg) {
    let known = msg.frames[5].as_string() == "PLAIN" && msg.frames[7].as_string() == "secret";
    ["1.0", msg.frames[1], if known { "200" } else { "400" }, "", "", ""]
}
"#;

const KEY: &str = "'fT*k^N9sH0O@@+:He)#OAVWnx2I>B/BS]G:)Lgr?'";

/// A topology of four servers and their guard.
#[derive(Clone)]
struct House {
    /// CURVE with a domain, CURVE without, PLAIN, and NULL with a domain.
    ports: [u16; 4],
    /// The guard, in a line.
    guard: String,
    /// Whether the CURVE server without a domain is there: without a guard in the file, it is open to
    /// all who know its key.
    bare: bool,
    /// The mark of the first server.
    hwm: u32,
    more: String,
}

impl House {
    fn new() -> Self {
        Self {
            ports: free_ports(),
            guard: guard("guard", ""),
            bare: true,
            hwm: 1000,
            more: String::new(),
        }
    }

    fn guarded(&self, guard: impl Into<String>) -> String {
        Self { guard: guard.into(), ..self.clone() }.yaml()
    }

    fn yaml(&self) -> String {
        let [curve, bare, plain, null] = self.ports;
        let server = |name: &str, port: u16, hwm: u32, options: &str| {
            format!(
                "  {name}: {{role: pull, bind: {port}, hwm: {hwm}, options: {{{options}}}, \
                 on_message: 'print(`HEARD ${{msg.text}}`)'}}\n"
            )
        };
        let mut text = format!("nodes:\n{}", self.guard);
        let curved = format!("curve_server: true, curve_secretkey: {KEY}");
        text += &server("curve", curve, self.hwm, &format!("{curved}, zap_domain: home"));
        if self.bare {
            text += &server("bare", bare, 1000, &curved);
        }
        text += &server("plain", plain, 1000, "plain_server: true");
        text += &server("bald", null, 1000, "zap_domain: home");
        text + self.more.as_str()
    }

    /// Strangers at every server, and a friend at the one with passwords.
    fn knocked_at(&self) -> Peer {
        let [curve, bare, plain, null] = self.ports;
        let bare = if self.bare { format!("curve:{bare}") } else { String::new() };
        Peer::knocking(&format!(
            "curve:{curve} {bare} plain:{plain} null:{null} --friend plain:{plain}"
        ))
    }
}

fn guard(name: &str, settings: &str) -> String {
    format!(
        "  {name}: {{role: rep, bind: 'inproc://zeromq.zap.01', script: guard.rhai{settings}}}\n"
    )
}

/// Starts a house, with the handlers of its guards.
fn run(house: &House) -> Edited {
    let of_two = GUARD.replace("on_message", "on_door");
    Edited::of(Zrig::of(&house.yaml()).with("guard.rhai", GUARD).with("guard2.rhai", of_two))
}

/// Ends the knocking: nobody but the friend was let in, or heard.
#[track_caller]
fn nobody_came_in(mut knocker: Peer, edited: &Edited) -> Value {
    knocker.tell("end");
    let summary = knocker.well();
    println!("{summary}");
    let heard = |line: &&String| line.contains("HEARD stranger");
    assert_eq!(edited.run.log().iter().find(heard), None);
    summary
}

/// Every kind of save around a guard that leaves a guard in the file, there and back.
fn kinds(house: &House) -> Vec<(&'static str, String)> {
    let two = |hwm: u32| {
        let aside = free_port();
        format!(
            "  guard: {{script: guard2.rhai, sockets: {{door: {{role: rep, bind: \
             'inproc://zeromq.zap.01'}}, aside: {{role: pull, bind: {aside}, hwm: {hwm}}}}}}}\n"
        )
    };
    let first = two(1000);
    let second = first.replace("hwm: 1000", "hwm: 500");
    vec![
        ("isolate", house.guarded(guard("guard", ", isolate: true"))),
        ("no longer isolate", house.yaml()),
        ("hwm", house.guarded(guard("guard", ", hwm: 500"))),
        ("hwm back", house.yaml()),
        ("name", house.guarded(guard("warden", ""))),
        ("name back", house.yaml()),
        ("role", house.guarded(guard("guard", "").replace("rep", "router"))),
        ("role back", house.yaml()),
        (
            "another endpoint too",
            house.guarded(guard("guard", "").replace(
                "'inproc://zeromq.zap.01'",
                "['inproc://zeromq.zap.01', 'inproc://aside']",
            )),
        ),
        ("one endpoint less", house.yaml()),
        ("two sockets", house.guarded(first.clone())),
        ("its other socket", house.guarded(second)),
        ("its other socket back", house.guarded(first)),
        ("one socket", house.yaml()),
        ("a replica", house.guarded(guard("guard", ", replicas: 1"))),
        ("no replica", house.yaml()),
        ("the server", House { hwm: 500, ..house.clone() }.yaml()),
        ("the server back", house.yaml()),
    ]
}

#[test]
fn no_stranger_comes_in_while_a_zap_handler_is_rebuilt_and_it_answers_all_the_time() {
    let house = House::new();
    let mut edited = run(&house);
    let knocker = house.knocked_at();
    let mut longest = (0.0, "");
    for _ in 0..times(1, 12) {
        for (kind, yaml) in kinds(&house) {
            let receipt = edited.apply(&yaml);
            let took = receipt["milliseconds"].as_f64().unwrap();
            longest = if took > longest.0 { (took, kind) } else { longest };
            assert!(!notes(&receipt).contains("still under way"), "{kind}: {receipt:#}");
            // Held, it would answer nobody: that is for a socket beside it, or another node's.
            let held = receipt["held"].as_array().unwrap().iter();
            let holds = held.filter(|node| *node == "guard" || *node == "warden").count();
            assert!(holds == 0 || kind.contains("other socket") || kind == "one socket", "{kind}");
        }
    }
    println!("the longest reload: {longest:?}");
    let summary = nobody_came_in(knocker, &edited);
    assert!(summary["friends"].as_u64().unwrap() > 0, "{summary}");
    // Of these reloads each took 2 to 4 seconds when it was held.
    assert!(summary["longest"].as_f64().unwrap() < 10.0, "{summary}");
    edited.stop();
}

#[test]
fn ten_thousand_strangers_stay_out_during_two_hundred_reloads_of_every_kind() {
    let house = House { bare: false, ..House::new() };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port();
    let mut edited = run(&house);
    let knocker = house.knocked_at();
    let failing = House {
        guard: guard("guard", ", isolate: true"),
        more: format!("  late: {{role: pull, bind: {taken}, on_message: 'print(1)'}}\n"),
        ..house.clone()
    };
    let moved = guard("guard", "").replace("zeromq.zap.01", "elsewhere");
    let wanted = [
        (
            "a second one",
            "rejected",
            house.guarded(guard("guard", "") + guard("other", "").as_str()),
        ),
        ("its removal", "applied", house.guarded("")),
        ("its return", "applied", house.yaml()),
        ("another endpoint", "applied", house.guarded(moved)),
        ("back", "applied", house.yaml()),
        ("a failed apply", "rolled-back", failing.yaml()),
    ];
    let mut reloads = 0;
    for _ in 0..times(1, 9) {
        for (_, yaml) in kinds(&house) {
            edited.apply(&yaml);
            reloads += 1;
        }
        for (kind, verdict, yaml) in &wanted {
            edited.save(yaml);
            let receipt = edited.receipt();
            assert_eq!(receipt["verdict"], *verdict, "{kind}: {receipt:#}");
            reloads += 1;
        }
        // The failed one may be tried again before this is seen.
        edited.save(&house.yaml());
        while edited.receipt()["verdict"] != "applied" {}
    }
    println!("{reloads} reloads");
    let summary = nobody_came_in(knocker, &edited);
    let knocks = summary["knocks"].as_u64().unwrap();
    assert!(!soaking() || reloads >= 200 && knocks >= 10_000, "{summary}");
    edited.stop();
}

#[test]
fn no_stranger_comes_in_while_a_run_starts_or_stops() {
    let house = House::new();
    let mut knocker = house.knocked_at();
    for _ in 0..times(2, 20) {
        let edited = run(&house);
        edited.run.says("HEARD friend");
        let ending = edited.stop();
        let heard = |line: &&String| line.contains("HEARD stranger");
        assert_eq!(ending.log.iter().find(heard), None);
    }
    knocker.tell("end");
    println!("{}", knocker.well());
}

#[test]
fn a_handler_that_a_save_brings_is_asked_about_those_who_are_in_already() {
    let house = House::new();
    let [_, bare, _, _] = house.ports;
    let mut edited = run(&House { guard: String::new(), ..house.clone() });
    let mut stranger = Peer::knocking(&format!("--stay curve:{bare}"));
    // Without a handler a CURVE server lets everybody in who has its key.
    edited.run.says("HEARD stranger 100");
    edited.apply(&house.yaml());
    let refusals = |edited: &Edited| {
        let refused = |line: &&String| line.contains("bare.pull") && line.contains("refused");
        edited.run.log().iter().filter(refused).count()
    };
    eventually("it knocked again", || refusals(&edited) >= 2);
    let heard = edited.greatest_number("HEARD stranger ");
    eventually("it knocks on", || refusals(&edited) >= 4);
    assert_eq!(edited.greatest_number("HEARD stranger "), heard);
    // Without it, the file is open again.
    edited.apply(&House { guard: String::new(), ..house }.yaml());
    edited.passes("HEARD stranger ", heard.unwrap());
    stranger.tell("end");
    stranger.well();
    edited.stop();
}
