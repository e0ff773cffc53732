//! `persist`: the state of handlers in a file, over restarts of the program, however it ends.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Zrig, eventually, soaking};

/// A counter whose state is kept, with more keys.
fn counts(keys: &str) -> String {
    format!(
        "
nodes:
  counter:
    role: pub
    bind: inproc://x
    every: 2ms
    persist: state.json
    on_start: this.n = this.n ?? 0; print(`begins with ${{this.n}}`)
    on_tick: |
      this.n += 1;
      this.all = [this.n, this.n, `${{this.n}}`];
{keys}
"
    )
}

/// The counter of a file that keeps it, which has to be whole.
fn kept(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let state: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{}: {error}\n{text}", path.display());
    });
    let n = state["n"].as_u64()?;
    assert_eq!(state["all"], serde_json::json!([n, n, n.to_string()]));
    Some(n)
}

#[test]
fn a_state_goes_on_after_a_stop_with_every_kind_of_value() {
    let yaml = r#"
nodes:
  a:
    role: pub
    bind: inproc://x
    persist: state.json
    on_start: |
      if this.is_empty() {
        this.blob = blob(3, 255);
        this.whole = 1.0;
        this.tenth = 0.1 + 0.2;
        this.wide = parse_json("18446744073709551616");
        this.least = parse_int("-9223372036854775808");
        this.sign = 'x';
        this.list = [1, "a", (), true, #{"$blob": "text", "$$": 2}];
        this.inf = 1.0 / 0.0;
        print("made");
      } else {
        print(`again ${type_of(this.blob)} ${this.blob.to_hex()} ${type_of(this.whole)}`);
        print(`${this.tenth == 0.1 + 0.2} ${this.wide} ${this.least} ${this.sign}`);
        print(`${type_of(this.sign)} ${to_json(this.list)} ${this.inf}`);
      }
      stop();
"#;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, yaml).unwrap();
    Zrig::file(&file).ends().expect(0, ["made"]);
    Zrig::file(&file).ends().expect(
        0,
        [
            "again blob ffffff f64",
            "true 18446744073709551616 -9223372036854775808 x",
            "char [1,\"a\",null,true,{\"$$\":2,\"$blob\":\"text\"}] inf",
        ],
    );
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(names.len(), 2, "nothing else lies beside it: {names:?}");
}

#[test]
fn a_run_that_is_killed_leaves_the_last_version_whole_and_no_more_than_a_second_old() {
    let times = if soaking() { 200 } else { 15 };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    let path = folder.path().join("state.json");
    fs::write(&file, counts("      if this.n % 10 == 0 { print(`is ${this.n}`) }")).unwrap();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut reached = 0;
    for _ in 0..times {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut run = Zrig::file(&file).start();
        run.says(&format!("begins with {}", kept(&path).unwrap_or(0)));
        let wanted = Instant::now() + Duration::from_millis(random % 2500);
        // What was said a second before the end has to be in the file.
        let mut said: Vec<(Instant, u64)> = Vec::new();
        while Instant::now() < wanted {
            let numbers = run.log().iter().filter_map(|line| number(line)).max();
            said.extend(numbers.map(|number| (Instant::now(), number)));
            std::thread::sleep(Duration::from_millis(20));
        }
        run.signal("KILL");
        let killed = Instant::now();
        eventually("it is gone", || !run.runs());
        let old = said.iter().rev().find(|(at, _)| killed - *at > Duration::from_secs(1));
        let now = kept(&path).unwrap_or(0);
        let least = old.map_or(reached, |(_, number)| *number);
        assert!(
            now >= least,
            "{now} is kept, {least} was said a second ago\n{}",
            run.log().join("\n")
        );
        assert!(now >= reached, "{now} is kept after {reached}");
        reached = now;
    }
    assert!(reached > 100, "{reached}");
    // What the killed runs left beside it goes with the next start.
    Zrig::file(&file).lasting("50ms").ends().expect(0, ["begins with"]);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

fn number(line: &str) -> Option<u64> {
    line.split_once("is ")?.1.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_file_that_is_no_state_is_refused_with_its_place_before_anything_starts() {
    for (text, why) in [
        ("{\"n\": 5,\n \"m\": }", "expected value at line 2 column 7"),
        ("", "it is empty"),
        ("[1, 2]", "a state is a JSON object"),
        ("{\"at\": {\"$time\": 5}}", "this.at has the key `$time`, which stands for nothing"),
    ] {
        let ending = Zrig::of(&counts("")).with("state.json", text).ends();
        let ending = ending.expect(
            2,
            ["ZR0101", why, "topology.yaml:7:14", "move it away to begin with an empty state"],
        );
        assert_eq!(ending.file("state.json").join("\n"), text, "it is as it was");
    }
    let state = format!("{{\"n\": 1, \"text\": \"{}\"}}", "x".repeat(100_000));
    let ending = Zrig::of(&counts("    state_limit: 64KiB")).with("state.json", &state).ends();
    let ending = ending.expect(1, ["more than the 64 KiB of `state_limit`", "state.json"]);
    assert_eq!(ending.file("state.json").join("\n"), state);
    let ending = Zrig::of(&counts("").replace("state.json", "no/state.json")).ends();
    ending.expect(2, ["there is no folder", "mkdir -p"]);
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_and_the_newest_version_is_written_when_it_does() {
    let run = Zrig::of(&counts("").replace("state.json", "sub/state.json"));
    let folder = run.path("sub");
    fs::create_dir(&folder).unwrap();
    let run = run.start();
    eventually("it is kept", || kept(&folder.join("state.json")).is_some());
    fs::rename(&folder, run.path("away")).unwrap();
    run.says("keeping the state in");
    run.says("it is tried again");
    let before = kept(&run.path("away/state.json"));
    fs::rename(run.path("away"), &folder).unwrap();
    run.says("goes on keeping the state");
    eventually("it is kept again", || kept(&folder.join("state.json")) > before);
    fs::remove_dir_all(&folder).unwrap();
    run.signal("INT");
    run.ends().expect(1, ["the last version was not written before the node had to close"]);
}

#[test]
fn what_cannot_be_kept_is_said_once() {
    let yaml = "
nodes:
  a:
    role: pub
    bind: inproc://x
    every: 10ms
    persist: state.json
    on_tick: |
      this.n = (this.n ?? 0) + 1;
      this.since = timestamp();
      this.then = || 5;
      this.kept = this.n;
";
    let run = Zrig::of(yaml).start();
    run.says("this.since, a time of the engine: keep `now()` instead of `timestamp()`");
    run.says("this.then, a function cannot be kept, and is () at the next start");
    let path = run.path("state.json");
    let n = || {
        let text = fs::read_to_string(&path).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&text).ok()?["kept"].as_u64()
    };
    let first = n();
    eventually("the rest is", || n() > first);
    let ending = run.stop();
    assert_eq!(ending.times("a function cannot be kept"), 1, "{}", ending.text());
}

#[test]
fn each_copy_has_a_file_of_its_own() {
    let run =
        Zrig::of(&counts("    replicas: 3").replace("bind: inproc://x", "connect: 5")).start();
    for copy in 1..=3 {
        let path = run.path(&format!("state.{copy}.json"));
        eventually("a copy is kept", || kept(&path).is_some());
    }
    run.stop();
}

#[test]
fn a_link_stays_and_the_file_behind_it_is_written_with_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let zrig = Zrig::of(&counts("")).with("real.json", "{\"n\": 5, \"all\": [5, 5, \"5\"]}");
    let real = zrig.path("real.json");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&real, zrig.path("state.json")).unwrap();
    let run = zrig.start();
    run.says("begins with 5");
    eventually("it is kept", || kept(&real).is_some_and(|n| n > 5));
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(run.path("state.json").is_symlink());
    run.stop();
}
