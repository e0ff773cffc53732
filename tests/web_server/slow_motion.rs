//! Slow motion from a page: held, stepped, let go.

use serde_json::json;

use crate::page::{NEWS, Page};

#[test]
fn a_run_is_held_stepped_and_let_go_for_all_who_look() {
    let page = Page::of(NEWS);
    let mut other = page.follow("/api/stream");
    assert_eq!(page.post("/api/step", &json!({"node": "station"})).0, 409);
    let (status, held) = page.post("/api/hold", &json!({}));
    assert_eq!((status, held["holding"].as_array().unwrap().len()), (200, 4), "{held}");
    other.until("run", |told| told["holding"] == true);
    assert_eq!(page.post("/api/hold", &json!({})).0, 409);
    let (status, stepped) = page.post("/api/step", &json!({"node": "station"}));
    assert_eq!(status, 200, "{stepped}");
    assert_eq!(stepped["stepped"]["took"], json!({"tick": "on_tick"}), "{stepped}");
    assert_eq!(other.until("stepped", |_| true)["node"], "station");
    assert_eq!(page.post("/api/step", &json!({"node": "nobody"})).0, 422);
    let (status, released) = page.post("/api/release", &json!({}));
    assert_eq!((status, &released["released"]["reason"]), (200, &json!("asked")));
    other.until("run", |told| told["holding"] == false);
    // It goes on.
    other.until("figures", |told| {
        let nodes = told["nodes"].as_array().unwrap();
        nodes.iter().any(|node| node["sockets"][0]["out_rate"].as_f64() > Some(10.0))
    });
    page.run.stop();
}

#[test]
fn a_reload_lets_the_run_go_and_all_are_told() {
    let page = Page::of(NEWS);
    let mut other = page.follow("/api/stream");
    assert_eq!(page.post("/api/hold", &json!({})).0, 200);
    std::fs::write(page.run.path("topology.yaml"), NEWS.replace("10ms", "20ms")).unwrap();
    assert_eq!(other.until("released", |_| true)["reason"], "reload");
    other.until("run", |told| told["holding"] == false);
    // Until it is over nobody holds it.
    other.until("reloaded", |_| true);
    assert_eq!(page.post("/api/hold", &json!({})).0, 200);
    page.run.stop();
}
