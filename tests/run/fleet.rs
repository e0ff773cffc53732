//! The topology that is all of it: places, a program in Python among handlers, CURVE, counts.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::http::get;
use crate::support::{Runner, Zrig, eventually, free_ports, python};

const PLACES: [&str; 3] = ["edge", "hall", "office"];

/// A copy of it on ports of its own, with its certificates.
fn copy() -> TempDir {
    let folder = TempDir::with_prefix("zrig-test-").unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies/fleet");
    let mut text = fs::read_to_string(shipped.join("fleet.yaml")).unwrap();
    let written = ["7101", "7102", "7103", "7104", "7105", "7111", "7112", "7113"];
    for (written, port) in written.iter().zip(free_ports::<8>()) {
        assert!(text.contains(&format!("bind: {written}")), "{written}");
        text = text.replace(&format!("bind: {written}"), &format!("bind: {port}"));
    }
    fs::write(folder.path().join("fleet.yaml"), text).unwrap();
    fs::copy(shipped.join("judge.py"), folder.path().join("judge.py")).unwrap();
    zrig(&folder, &["keys", "keys", "--for", "fleet.yaml"]);
    folder
}

fn zrig(folder: &TempDir, arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .current_dir(folder.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
    assert_eq!(text(&done.stderr), "", "{arguments:?}");
    text(&done.stdout)
}

fn run(folder: &TempDir) -> Zrig {
    ["EDGE", "HALL", "OFFICE"]
        .iter()
        .fold(Zrig::file(folder.path().join("fleet.yaml")), |zrig, name| {
            zrig.set(name, "127.0.0.1")
        })
        .set("EVERY", "20ms")
        .set("PYTHON", python())
}

#[test]
fn a_fleet_runs_whole_here_with_a_program_that_encrypts_its_links_itself() {
    let folder = copy();
    assert!(zrig(&folder, &["check", "fleet.yaml"]).contains("sound: 10 nodes"));
    let run = run(&folder).start();
    for by in ["judge.1", "judge.2", "worker.1", "worker.2"] {
        run.says(&format!("°C, says {by}"));
    }
    run.says(" of them too warm");
    let ending = run.stop();
    for wrong in ["no connection with", "lets in nobody", "handshake"] {
        assert!(!ending.said(wrong), "{}", ending.text());
    }
}

#[test]
fn a_fleet_runs_at_its_places_which_all_know_the_sums() {
    let folder = copy();
    let ports: [u16; 3] = free_ports();
    let runs: Vec<Runner> = PLACES
        .iter()
        .zip(ports)
        .map(|(place, port)| {
            let run = run(&folder).arguments(["--place", place, "--metrics", &port.to_string()]);
            let run = run.start();
            run.says("running live");
            run
        })
        .collect();
    for by in ["judge.1", "judge.2", "worker.1", "worker.2"] {
        runs[0].says(&format!("°C, says {by}"));
    }
    let file = folder.path().join("fleet.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("every: ${EVERY:-1s}", "every: 1h")).unwrap();
    for (place, port) in PLACES.iter().zip(ports) {
        eventually(&format!("{place} knows that all arrived"), || {
            let told: serde_json::Value =
                serde_json::from_str(&get(port, "/topology").body).unwrap();
            let flows = told["flows"].as_array().unwrap();
            let readings = flows.iter().find(|flow| flow["to"][0]["instance"] == "gate");
            readings.is_some_and(|flow| {
                flow["sent"].as_u64().is_some_and(|sent| sent > 50)
                    && flow["sent"] == flow["received"]
                    && flow["from"][0]["place"] == "edge"
            })
        });
    }
    for run in runs {
        run.stop();
    }
}
