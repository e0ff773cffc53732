//! All that ships has its tests, and these hold in both ways: simulated, in many orders, and on real sockets.
//!
//! Owns which variables of a file say where something is: on real sockets each gets a place of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::port::free_port;
use super::{text, zrig_test};

/// How many test files run on real sockets at once: they mostly wait, but not as they start.
const AT_ONCE: usize = 12;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files below a folder.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn is_test(file: &Path) -> bool {
    file.to_str().unwrap().ends_with(".test.yaml")
}

/// The topology that a test file names.
fn tested(file: &Path) -> PathBuf {
    let text = fs::read_to_string(file).unwrap();
    let named = text.lines().find_map(|line| line.strip_prefix("topology: ")).unwrap();
    fs::canonicalize(file.parent().unwrap().join(named)).unwrap()
}

#[test]
fn every_topology_that_ships_has_its_tests() {
    let files = yaml_files(&root().join("topologies"));
    let (tests, topologies): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_test(file));
    let tested: BTreeSet<PathBuf> = tests.iter().map(|file| tested(file)).collect();
    let without: Vec<&PathBuf> = topologies
        .iter()
        .filter(|file| !tested.contains(&fs::canonicalize(file).unwrap()))
        .collect();
    assert!(without.is_empty(), "topologies without a test file: {without:?}");
    assert!(topologies.len() >= 19, "{topologies:?}");
}

/// What takes a core for a minute, and what is a matter of milliseconds, take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn all_that_ships_holds_in_many_orders() {
    let _turn = turn();
    let output = zrig_test(&["topologies/tests", "--seeds", "5"]);
    let told = text(&output);
    assert!(output.status.success(), "{told}");
    let count = yaml_files(&root().join("topologies/tests")).len();
    assert_eq!(told.matches(".test.yaml\n").count(), count, "{told}");
    assert!(told.contains("5 seeds each") && !told.contains("skip"), "{told}");
}

/// `NAME=VALUE` for each variable of some texts whose value is a port, an endpoint or a file.
fn own_places(texts: &str, folder: &Path) -> Vec<String> {
    let mut places = BTreeSet::new();
    for written in texts.split("${").skip(1) {
        let Some((name, rest)) = written.split_once(":-") else { continue };
        let default = rest.split('}').next().unwrap();
        let place = match default {
            // What is below 1024 is no port, but a number of something.
            _ if default.parse::<u16>().is_ok_and(|port| port >= 1024) => free_port().to_string(),
            _ if default.starts_with("tcp://") => format!("tcp://127.0.0.1:{}", free_port()),
            _ if default.starts_with("ipc://") => {
                format!("ipc://{}", folder.join(&default["ipc://".len()..]).display())
            }
            _ if name.ends_with("FILE") || name.ends_with("OUT") => {
                if default.contains('/') {
                    continue;
                }
                folder.join(default).display().to_string()
            }
            _ => continue,
        };
        if !places.iter().any(|known: &String| known.starts_with(&format!("{name}="))) {
            places.insert(format!("{name}={place}"));
        }
    }
    places.into_iter().collect()
}

/// What the tests of a file come to on real sockets, if they do not hold.
fn really(file: &Path) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let texts = [file, &tested(file)].map(|file| fs::read_to_string(file).unwrap()).concat();
    let mut arguments = vec![file.to_str().unwrap().to_owned(), "--real".to_owned()];
    let places = own_places(&texts, folder.path());
    for place in places.into_iter().chain(["EDDN_IDLE=1s".to_owned()]) {
        arguments.extend(["--set".to_owned(), place]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = zrig_test(&arguments);
    (!told.status.success() || text(&told).contains("skip")).then(|| text(&told))
}

#[test]
fn all_that_ships_holds_on_real_sockets() {
    let files = yaml_files(&root().join("topologies/tests"));
    // Those that cannot be told where to bind have one port.
    let (fixed, free): (Vec<PathBuf>, Vec<PathBuf>) = files
        .into_iter()
        .partition(|file| fs::read_to_string(tested(file)).unwrap().contains("bind: 5556"));
    let groups = free.into_iter().map(|file| vec![file]).chain([fixed]);
    let waiting: Mutex<Vec<Vec<PathBuf>>> = Mutex::new(groups.collect());
    let worker = || {
        let mut failed = Vec::new();
        loop {
            let next = waiting.lock().unwrap().pop();
            let Some(group) = next else { return failed };
            failed.extend(group.into_iter().filter(|file| really(file).is_some()));
        }
    };
    let failed: Vec<PathBuf> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    // What is a matter of some milliseconds has them when nothing else goes on.
    let _turn = turn();
    let again = |file: &PathBuf| really(file).and_then(|_| really(file));
    let failed: Vec<String> = failed.iter().filter_map(again).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_fleet_holds_in_both_ways_once_it_has_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["fleet.yaml", "fleet.test.yaml"] {
        let shipped = root().join("topologies/fleet").join(name);
        fs::copy(shipped, folder.path().join(name)).unwrap();
    }
    let zrig = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_zrig"))
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    assert!(zrig(&["keys", "keys", "--for", "fleet.yaml"]).status.success());
    for way in [&["--seeds", "3"][..], &["--real"]] {
        let told = zrig(&[&["test", "fleet.test.yaml", "--set", "EVERY=100ms"][..], way].concat());
        assert!(told.status.success() && !text(&told).contains("skip"), "{}", text(&told));
    }
}
