//! What each path answers, and to whom nothing is answered.

use std::fs;

use serde_json::{Value, json};

use crate::page::{NEWS, Page, Stream, posted};
use crate::support::eventually;
use crate::support::http::request;

#[test]
fn a_page_is_served_with_all_that_it_needs_and_may_use_nothing_else() {
    let page = Page::of(NEWS);
    let index = page.get("/");
    assert_eq!(index.status, 200);
    for part in index.body.split(['"', '\'']).filter(|part| part.starts_with("/assets/")) {
        assert_eq!(page.get(part).status, 200, "{part}");
    }
    for head in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "x-content-type-options: nosniff",
        "cache-control: no-cache",
    ] {
        assert!(index.head.contains(head), "{}", index.head);
    }
    assert!(!index.body.contains("http://") && !index.body.contains("https://"), "{}", index.body);
    let tag = index.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-None-Match: {tag}\r\n\r\n"
    );
    assert_eq!(request(page.port, &again).status, 304);
    let explained = page.json("/api/explain?word=hwm");
    assert!(explained["markdown"].as_str().is_some_and(|text| text.contains("high-water mark")));
    for path in [
        "/api/explain?word=nonsense",
        "/nothing",
        "/assets/nothing",
        "/assets/../Cargo.toml",
        "/api/nothing",
    ] {
        assert_eq!(page.get(path).status, 404, "{path}");
    }
    assert_eq!(page.get("/api/send").status, 405);
    page.run.stop();
}

#[test]
fn the_stream_tells_who_runs_what_passes_and_what_happens() {
    let page = Page::of(NEWS);
    let run = page.json("/api/run");
    assert_eq!(
        (&run["name"], &run["generation"], &run["gone"]),
        (&json!("news"), &json!(1), &json!(false))
    );
    let mut stream = page.follow("/api/stream");
    assert_eq!(stream.next(), ("run".to_owned(), run));
    let whole = stream.until("figures", |_| true);
    assert_eq!(whole["whole"], true);
    let names: Vec<&Value> =
        whole["nodes"].as_array().unwrap().iter().map(|n| &n["instance"]).collect();
    assert_eq!(names, ["desk", "display.1", "display.2", "station"]);
    let moving =
        stream.until("figures", |told| told["nodes"].as_array().is_some_and(|all| !all.is_empty()));
    assert_eq!(moving["whole"], Value::Null);
    let told =
        |name: &str| moving["nodes"].as_array().unwrap().iter().find(|n| n["instance"] == name);
    assert!(
        told("station").unwrap()["sockets"][0]["out_rate"].as_f64().unwrap() > 10.0,
        "{moving}"
    );
    assert_eq!(told("desk"), None, "nothing came there");
    assert!(moving["links"][0]["rate"].as_f64().unwrap() > 10.0, "{moving}");

    // A faulty version is told, and then a sound one.
    let file = page.run.path("topology.yaml");
    fs::write(&file, NEWS.replace("role: rep", "role: rip")).unwrap();
    let receipt = stream.until("reloaded", |_| true);
    assert_eq!(receipt["verdict"], "rejected");
    fs::write(&file, NEWS.replace("10ms", "20ms")).unwrap();
    let receipt = stream.until("reloaded", |_| true);
    assert_eq!((&receipt["verdict"], &receipt["generation"]), (&json!("applied"), &json!(2)));
    assert!(receipt["time"].as_f64().unwrap() > 1e9, "{receipt}");
    assert_eq!(stream.until("run", |_| true)["generation"], 2);

    let history = page.json("/api/history");
    assert_eq!(history["receipts"].as_array().unwrap().len(), 2);
    assert_eq!(history["samples"][0]["whole"], true);
    assert!(history["events"].as_array().unwrap().iter().any(|event| event["kind"] == "reloaded"));
    page.run.stop();
}

#[test]
fn one_who_comes_back_is_told_how_much_it_missed() {
    let page = Page::of(NEWS);
    let mut stream = page.follow("/api/stream");
    stream.until("figures", |told| told["whole"] != true);
    let id = stream.id();
    drop(stream);
    let mut other = page.follow("/api/stream");
    other.until("figures", |told| told["whole"] != true);
    other.until("figures", |_| true);
    let head = format!("Last-Event-ID: {id}\r\n");
    let mut again = Stream::open(page.port, "/api/stream", &head);
    let (kind, missed) = again.next();
    assert_eq!(kind, "missed");
    assert!(missed["count"].as_u64().unwrap() >= 2, "{missed}");
    assert_eq!(again.until("figures", |_| true)["whole"], true);
    page.run.stop();
}

#[test]
fn the_picture_is_of_what_runs_and_of_what_ran() {
    let page = Page::of(NEWS);
    eventually("there is a picture", || page.get("/api/picture.svg").status == 200);
    let before = page.get("/api/picture.svg").body;
    assert!(before.starts_with("<svg") && before.contains("station"), "{before}");
    let file = page.run.path("topology.yaml");
    fs::write(&file, NEWS.replace("station", "sender")).unwrap();
    eventually("the new one is drawn", || page.get("/api/picture.svg").body.contains("sender"));
    assert_eq!(page.get("/api/picture.svg?generation=1").body, before);
    assert_eq!(page.get("/api/picture.svg?generation=7").status, 404);
    page.run.stop();
}

#[test]
fn a_picture_is_of_its_version_whatever_lies_on_the_disk_meanwhile() {
    let page = Page::of(NEWS);
    eventually("there is a picture", || page.get("/api/picture.svg").status == 200);
    let file = page.run.path("topology.yaml");
    let version = |name: &str| NEWS.replace("station", name);
    // Without a pause: nobody has looked at those between when the last one runs.
    for (generation, name) in [(2, "one"), (3, "two"), (4, "three")] {
        fs::write(&file, version(name)).unwrap();
        page.run.says(&format!("reload applied (generation {generation}"));
    }
    // And what is saved then does not run.
    fs::write(&file, version("four").replace("role: rep", "role: repp")).unwrap();
    page.run.says("reload rejected");
    let picture = |generation: u64| page.get(&format!("/api/picture.svg?generation={generation}"));
    eventually("the last is there", || picture(4).status == 200);
    for (generation, name) in [(1, "station"), (2, "one"), (3, "two"), (4, "three")] {
        let drawn = picture(generation).body;
        assert!(drawn.contains(&format!("data-node=\"{name}\"")), "{generation}: {drawn}");
    }
    assert_eq!(page.get("/api/picture.svg").body, picture(4).body);
    page.run.stop();
}

#[test]
fn copies_are_drawn_one_by_one_as_far_as_anybody_could_look_at_them() {
    let page = Page::of(
        "
nodes:
  hub: {role: pub, bind: 'tcp://127.0.0.1:*', replicas: 80}
  view: {role: sub, connect: hub, topics: [''], replicas: 80}
",
    );
    eventually("there is a picture", || page.get("/api/picture.svg").status == 200);
    let drawn = page.get("/api/picture.svg?copies=view").body;
    assert_eq!(drawn.matches("data-copy-of=\"view\"").count(), 80);
    assert!(drawn.contains("data-node=\"hub\" data-copies=\"80\""), "{drawn}");
    let refused = page.get("/api/picture.svg?copies=view,hub");
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("too many"), "{}", refused.body);
    page.run.stop();
}

#[test]
fn a_tap_shows_messages_frame_by_frame() {
    let page = Page::of(NEWS);
    let mut tap = page.follow("/api/tap?target=display&direction=in&filter=msg.msgid%20==%201000");
    assert_eq!(tap.next(), ("tapping".to_owned(), json!(["display.1", "display.2"])));
    let message = tap.until("message", |_| true);
    assert_eq!(message["wire"][0]["frame"], "1000 text x", "{message}");
    let mut wrong = page.follow("/api/tap?target=nobody");
    let (kind, failed) = wrong.next();
    assert_eq!((&*kind, &failed["invalid"]), ("failed", &json!(true)));
    assert_eq!(page.get("/api/tap?direction=sideways").status, 400);
    page.run.stop();
}

#[test]
fn a_value_is_sent_and_a_question_answered() {
    let page = Page::of(NEWS);
    let (status, sent) = page.post(
        "/api/send",
        &json!({
            "target": "display.1", "value": {"json": {"a": 1}}, "tag": "1000"
        }),
    );
    assert_eq!((status, sent), (200, json!({"done": "taken by display.1.sub"})));
    let (status, answer) =
        page.post("/api/call", &json!({"target": "desk", "value": {"text": "hi"}}));
    assert_eq!((status, &answer["answer"]["body"]), (200, &json!("hi!")));
    let (status, failed) =
        page.post("/api/call", &json!({"target": "station", "value": {"text": "hi"}}));
    assert_eq!((status, &failed["failed"]["invalid"]), (422, &json!(true)));
    for faulty in [json!({}), json!({"target": "desk", "value": {"text": "x"}, "more": 1})] {
        assert_eq!(page.post("/api/call", &faulty).0, 422, "{faulty}");
    }
    page.run.stop();
}

#[test]
fn who_asks_by_another_name_or_for_another_site_is_refused() {
    let page = Page::of(NEWS);
    let host = format!("localhost:{}", page.port);
    for (method, path, head, status) in [
        ("GET", "/", "Host: evil.example".to_owned(), 421),
        ("GET", "/api/run", "Host: evil.example".to_owned(), 421),
        ("GET", "/api/run", format!("Host: {host}"), 200),
        ("GET", "/api/run", format!("Host: {host}\r\nOrigin: http://{host}"), 200),
        ("GET", "/api/run", format!("Host: {host}\r\nOrigin: http://evil.example"), 403),
        ("GET", "/api/run", format!("Host: {host}\r\nSec-Fetch-Site: cross-site"), 403),
        ("GET", "/api/stream", format!("Host: {host}\r\nOrigin: null"), 403),
        // A link to the page may stand anywhere.
        ("GET", "/", format!("Host: {host}\r\nSec-Fetch-Site: cross-site"), 200),
        ("POST", "/", format!("Host: {host}\r\nOrigin: http://evil.example"), 403),
    ] {
        let text = format!("{method} {path} HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n");
        assert_eq!(request(page.port, &text).status, status, "{text}");
    }
    let call = posted("/api/call", "{\"target\":\"desk\",\"value\":{\"text\":\"hi\"}}");
    let foreign = call.replace("Connection", "Origin: http://evil.example\r\nConnection");
    assert_eq!(request(page.port, &foreign).status, 403);
    // What a form of another page can send without being asked is no JSON.
    let plain = call.replace("application/json", "text/plain");
    assert_eq!(request(page.port, &plain).status, 415);
    assert_eq!(request(page.port, &call).status, 200);
    page.run.stop();
}
