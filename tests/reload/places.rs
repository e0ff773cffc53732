//! Places that are edited: a node that moves to another one, and an address that changes.

use serde_json::Value;

use crate::edited::Edited;
use crate::support::{Runner, Zrig, free_port};

/// A source at `edge` and a sink at some place.
fn yaml(port: u16, sink: &str, hall: &str) -> String {
    format!(
        "
places:
  edge: {{address: 127.0.0.1}}
  hall: {{address: {hall}, bind_address: {hall}}}
nodes:
  source:
    on: edge
    role: push
    connect: sink
    every: 2ms
    on_tick: \"if this.n == () {{ this.n = 0; }} this.n += 1; send(`job ${{this.n}}`)\"
  sink:
    on: {sink}
    role: pull
    bind: {port}
    on_message: if msg.text != \"\" {{ print(`{hall} has ${{msg.text}}`) }}
"
    )
}

/// What a receipt says of a node.
fn changes<'r>(receipt: &'r Value, node: &str) -> Vec<&'r str> {
    let nodes = receipt["nodes"].as_array().unwrap();
    let found = nodes.iter().find(|one| one["node"] == node);
    let changes = found.and_then(|node| node["changes"].as_array());
    changes.into_iter().flatten().map(|change| change["how"].as_str().unwrap()).collect()
}

fn edge(yaml: &str) -> Edited {
    Edited::of(Zrig::of(yaml).arguments(["--place", "edge"]))
}

#[test]
fn a_node_that_moves_to_another_place_ends_here_and_begins_again_when_it_is_back() {
    let port = free_port();
    let at = |place: &str| yaml(port, place, "127.0.0.2");
    let mut edited = edge(&at("edge"));
    edited.run.says("has job 1");
    let sign = |receipt: &Value| {
        let nodes = receipt["nodes"].as_array().unwrap();
        let sink = nodes.iter().find(|node| node["node"] == "sink").unwrap();
        sink["sign"].as_str().unwrap().to_owned()
    };
    let receipt = edited.apply(&at("hall"));
    assert_eq!(sign(&receipt), "-", "{receipt:#}");
    assert!(changes(&receipt, "source").contains(&"re-attach"), "{receipt:#}");
    edited.run.says("no connection with place hall at 127.0.0.2:");
    let receipt = edited.apply(&at("edge"));
    assert_eq!(sign(&receipt), "+", "{receipt:#}");
    let before = edited.greatest_number("has job ").unwrap();
    edited.passes("has job ", before);
    edited.stop();
}

#[test]
fn a_changed_address_is_connected_to_by_the_same_socket() {
    let port = free_port();
    let at = |hall: &str| yaml(port, "hall", hall);
    let mut edited = edge(&at("127.0.0.2"));
    let hall = |address: &str| -> Runner {
        let run = Zrig::of(&at(address)).arguments(["--place", "hall"]).start();
        run.says(&format!("{address} has job"));
        run
    };
    let _first = hall("127.0.0.2");
    let receipt = edited.apply(&at("127.0.0.3"));
    let how = changes(&receipt, "source");
    assert!(how.contains(&"re-attach") && !how.contains(&"rebuild"), "{receipt:#}");
    let _second = hall("127.0.0.3");
    edited.run.says("connected with place hall at 127.0.0.3:");
    edited.stop();
}

#[test]
fn a_place_that_is_no_longer_in_the_file_stays_as_it_is() {
    let port = free_port();
    let mut edited = edge(&yaml(port, "edge", "127.0.0.2"));
    edited.run.says("has job 1");
    edited.save(&yaml(port, "rand", "127.0.0.2").replace("edge", "rand"));
    let receipt = edited.receipt();
    assert_eq!(receipt["verdict"], "rejected", "{receipt:#}");
    let error = receipt["errors"][0].as_str().unwrap();
    assert!(error.contains("--place: there is no place edge"), "{error}");
    let before = edited.greatest_number("has job ").unwrap();
    edited.passes("has job ", before);
    edited.stop();
}
