//! The log's lines: what is in them, how many there are, and of whom.

use serde_json::Value;

use crate::support::{Ending, Zrig};

/// Says the same 20,000 times within two seconds, and a few other things.
const LOUD: &str = "
nodes:
  loud:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 10ms
    on_start: 'this.n = 0'
    on_tick: |
      if this.n < 20000 { for n in 0..100 { this.n += 1; log(\"warn\", \"again\"); } }
      else if this.n == 20000 { this.n += 1; print(\"that was all\"); stop() }
  ears:
    role: sub
    connect: loud
    topics: all
    replicas: 2
    on_start: 'print(\"here\"); debug(\"deeper\"); log(\"error\", \"worse\")'
";

#[track_caller]
fn parsed(ending: &Ending) -> Vec<Value> {
    let parse = |line: &String| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    ending.log.iter().map(parse).collect()
}

#[test]
fn each_line_as_json_has_time_level_node_socket_message_and_count() {
    let ending = Zrig::of(LOUD).arguments(["--log-format", "json", "--log", "debug"]).ends();
    let ending = ending.expect(0, []);
    let lines = parsed(&ending);
    for line in &lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 6, "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        assert!(line["repeated"].is_u64() && line["message"].is_string(), "{line}");
    }
    let of = |node: &str, message: &str| {
        let fits = |line: &&Value| {
            line["node"] == node && line["message"].as_str().unwrap().starts_with(message)
        };
        lines.iter().filter(fits).collect::<Vec<_>>()
    };
    let bound = of("loud", "bound to tcp://127.0.0.1:");
    assert_eq!(
        (bound.len(), &bound[0]["socket"], &bound[0]["level"]),
        (1, &"pub".into(), &"debug".into())
    );
    assert_eq!(of("ears.1", "here").len(), 1);
    assert_eq!(of("ears.2", "worse")[0]["level"], "error");
    assert_eq!(of("ears.2", "\"deeper\"")[0]["level"], "debug");
}

#[test]
fn the_same_line_comes_once_a_second_and_its_count_is_exact() {
    let ending = Zrig::of(LOUD).arguments(["--log-format", "json"]).ends().expect(0, []);
    let told: Vec<Value> =
        parsed(&ending).into_iter().filter(|line| line["message"] == "again").collect();
    let times: u64 = told.iter().map(|line| 1 + line["repeated"].as_u64().unwrap()).sum();
    assert_eq!(times, 20_000);
    let second = |line: &Value| line["time"].as_str().unwrap()[..19].to_owned();
    for pair in told.windows(3) {
        assert_ne!(second(&pair[0]), second(&pair[2]), "three in a second: {pair:?}");
    }
    assert!(told.len() >= 2, "{told:?}");

    let ending = Zrig::of(LOUD).ends().expect(0, ["warn  loud  again (and ", " more like it)"]);
    assert!(ending.times("again") < 40, "{}", ending.text());
}

#[test]
fn a_level_is_for_all_or_for_one_node() {
    let lines = |log: &str| {
        let ending = Zrig::of(LOUD).arguments(["--log", log]).ends().expect(0, []);
        ["here", "deeper", "worse", "again", "that was all"].map(|text| ending.times(text) > 0)
    };
    assert_eq!(lines("error"), [false, false, true, false, false]);
    assert_eq!(lines("off"), [false; 5]);
    assert_eq!(lines("off,ears.2=debug"), [true, true, true, false, false]);
    assert_eq!(lines("debug,ears=error"), [false, false, true, true, true]);
}

#[test]
fn a_level_or_node_that_is_none_is_refused() {
    Zrig::of(LOUD).arguments(["--log", "loud"]).ends().expect(2, ["no level", "off, error, warn"]);
    Zrig::of(LOUD)
        .arguments(["--log", "info,nobody=debug"])
        .ends()
        .expect(2, ["--log names no node of the topology: nobody", "loud, ears"]);
    Zrig::of(LOUD).arguments(["--log-format", "xml"]).ends().expect(2, ["human", "json"]);
}
