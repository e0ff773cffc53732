//! `zrig web`: the page of a run that was there before, and that comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::client::Desk;
use crate::page::{NEWS, Stream, posted};
use crate::support::http::{get, request};
use crate::support::{Lines, PATIENCE, Zrig, eventually};

/// A page beside a run, which ends with the test.
struct Beside {
    child: Child,
    port: u16,
}

impl Beside {
    fn of<const N: usize>(desk: &Desk, arguments: [&str; N]) -> Self {
        let mut command = desk.command(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        let line = lines.find(PATIENCE, |line| line.contains("page at http://127.0.0.1:")).unwrap();
        let port = line.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
        // Its output is read as long as it lives.
        std::mem::forget(lines);
        Self { child, port }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_page_beside_a_run_finds_it_again_when_it_comes_back() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("news.yaml");
    fs::write(&file, NEWS).unwrap();
    let run = desk.start(Zrig::file(&file));
    let page = Beside::of(&desk, ["web", "news"]);
    let mut stream = Stream::open(page.port, "/api/stream", "");
    let told = stream.until("run", |told| told["gone"] == false);
    assert_eq!(told["pid"], run.id());
    stream.until("figures", |told| told["whole"] != true);
    run.stop();
    stream.until("gone", |_| true);
    assert_eq!(stream.until("run", |_| true)["gone"], true);
    assert_eq!(get(page.port, "/api/tap?target=display").status, 503);
    assert_eq!(get(page.port, "/").status, 200);
    let run = desk.start(Zrig::file(&file));
    stream.until("back", |_| true);
    let told = stream.until("run", |_| true);
    assert_eq!((&told["gone"], &told["pid"]), (&false.into(), &run.id().into()));
    stream.until("figures", |told| !told["nodes"].as_array().unwrap().is_empty());
    run.stop();
}

#[test]
fn a_page_beside_a_run_shows_what_runs_and_not_what_was_saved_since() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("news.yaml");
    fs::write(&file, NEWS).unwrap();
    let run = desk.start(Zrig::file(&file).arguments(["--no-watch"]));
    fs::write(&file, NEWS.replace("station", "sender")).unwrap();
    let page = Beside::of(&desk, ["web", "news"]);
    eventually("there is a picture", || get(page.port, "/api/picture.svg").status == 200);
    let drawn = get(page.port, "/api/picture.svg").body;
    assert!(drawn.contains("station") && !drawn.contains("sender"), "{drawn}");
    run.stop();
}

#[test]
fn a_page_beside_a_run_shows_what_that_records_and_replays_it() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let (file, elsewhere) = (folder.path().join("news.yaml"), tempfile::tempdir().unwrap());
    fs::write(&file, NEWS).unwrap();
    let to = elsewhere.path().join("far.mcap");
    let run = desk.start(Zrig::file(&file).arguments(["--record", to.to_str().unwrap()]));
    let page = Beside::of(&desk, ["web", "news", "--edit"]);
    let mut stream = Stream::open(page.port, "/api/stream", "");
    let name = to.to_str().unwrap();
    assert_eq!(stream.until("run", |told| told["gone"] == false)["recording"], name);
    let recordings = || {
        let told: Value = serde_json::from_str(&get(page.port, "/api/recordings").body).unwrap();
        told["recordings"].as_array().unwrap().clone()
    };
    eventually("something is written", || recordings().iter().any(|one| one["messages"] != 0));
    let one = &recordings()[0];
    assert_eq!((&one["name"], &one["writing"]), (&json!(name), &json!(true)), "{one}");
    let body = json!({"name": name, "speed": "max"}).to_string();
    let begun = request(page.port, &posted("/api/replay", &body));
    assert_eq!(begun.status, 200, "{}", begun.body);
    let over = stream.until("replay", |told| told["outcome"] != "running");
    assert_eq!((&over["outcome"], &over["given"]), (&json!("done"), &json!(0)), "{over}");
    run.stop();
    stream.until("gone", |_| true);
    // There is nobody to give it to, and what it has can be seen yet.
    assert_eq!(request(page.port, &posted("/api/replay", &body)).status, 409);
    let found = get(page.port, &format!("/api/recording?name={name}"));
    let told: Value = serde_json::from_str(&found.body).unwrap();
    assert_eq!((&told["writing"], &told["unread"]), (&json!(false), &Value::Null), "{told}");
}

#[test]
fn a_page_of_no_run_says_so() {
    let desk = Desk::new();
    desk.ask(["web", "nobody"]).fails(2, ["nothing runs"]);
}

#[test]
fn a_browser_is_opened_at_the_page() {
    let desk = Desk::new();
    let run = desk.run(NEWS);
    let (browser, opened) = (desk.path().join("browser"), desk.path().join("opened"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {}\n", opened.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = desk.command(["web", "news", "--open"]);
    let mut child = command.env("BROWSER", &browser).stdout(Stdio::null()).spawn().unwrap();
    eventually("it is opened", || {
        fs::read_to_string(&opened).is_ok_and(|text| text.starts_with("http://127.0.0.1:"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    run.stop();
}
