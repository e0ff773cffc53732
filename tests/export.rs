//! `zrig export` from outside: what it writes, what it leaves alone, and what judges of other people say
//! of it. A judge that is not installed is skipped, which is said.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says what it skips and measures")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Places with all that an export knows: links, ports for others, files that are kept, secrets, copies.
const FLEET: &str = r#"
name: Weather
security: {curve: keys}
places:
  edge: {address: edge.local, replicas: 2}
  hall: {address: 10.1.0.7}
  Yard_1: {address: "[fd00::9]", bind_address: eth0}
nodes:
  station:
    on: edge
    role: push
    connect: work.in
    every: 1s
    script: ../scripts/station.rhai
  work:
    on: hall
    sockets:
      in: {role: pull, bind: 5557}
      out: {role: push, connect: sink}
    params: {cities: {file: lists/cities.json}}
    on_in: msg
  sink:
    on: Yard_1
    role: pull
    bind: 5558
    persist: "${STATE_DIRECTORY:-.}/sink.json"
    on_message: this.n = 1
  desk:
    on: Yard_1
    role: rep
    bind: tcp://*:5600
    on_message: msg.text
  feed: {on: hall, role: sub, connect: "tcp://feed.example:7000", topics: all, curve: {server: feed.key}, on_message: print(msg.text)}
"#;

fn zrig(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zrig")).args(arguments).output().unwrap()
}

#[track_caller]
fn done(arguments: &[&str]) -> String {
    let output = zrig(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "zrig {arguments:?}: {said}");
    assert_eq!(said, "", "zrig {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The fleet in a folder of its own.
struct Fleet(TempDir);

impl Fleet {
    fn new() -> Self {
        let fleet = Self(TempDir::with_prefix("zrig-export-").unwrap());
        for (path, text) in [
            ("app/t/fleet.yaml", FLEET),
            ("app/scripts/station.rhai", "fn on_tick() { send(\"4 °C\") }\n"),
            ("app/t/lists/cities.json", "[\"Oslo\"]\n"),
        ] {
            let path = fleet.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (keys, file) = (fleet.path("app/t/keys"), fleet.path("app/t/fleet.yaml"));
        done(&["keys", keys.to_str().unwrap(), "--for", file.to_str().unwrap(), "feed"]);
        fs::copy(keys.join("feed.key"), fleet.path("app/t/feed.key")).unwrap();
        fs::create_dir(keys.join("allow")).unwrap();
        fs::copy(keys.join("feed.key"), keys.join("allow/guest.key")).unwrap();
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where it is exported to.
    fn exported(&self, engine: &str) -> PathBuf {
        let (file, to) = (self.path("app/t/fleet.yaml"), self.path(engine));
        done(&["export", engine, file.to_str().unwrap(), "--to", to.to_str().unwrap()]);
        to
    }
}

/// All files of a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

const ENGINES: [&str; 3] = ["systemd", "compose", "kubernetes"];

#[test]
fn what_is_exported_is_what_it_was_shown_to_be() {
    let fleet = Fleet::new();
    for engine in ENGINES {
        let exported = files(&fleet.exported(engine));
        // Keys are others each time.
        let shown: String = exported
            .iter()
            .filter(|(name, _)| !name.starts_with("files/") && *name != ".zrig-export")
            .map(|(name, text)| format!("=== {name}\n{text}\n"))
            .collect();
        insta::with_settings!({
            snapshot_path => "export",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(engine, shown);
        });
        assert_eq!(exported["files/t/fleet.yaml"], FLEET);
        assert!(exported.contains_key("files/scripts/station.rhai"));
        assert!(exported.contains_key("files/t/lists/cities.json"));
        assert!(exported.contains_key("files/t/keys/allow/guest.key"));
        let has_secret = |text: &String| text.contains("secret-key") || text.contains("**Secret**");
        assert!(!exported.values().any(has_secret), "{engine}: a secret was written");
    }
}

#[test]
fn the_same_file_is_exported_to_the_same_bytes_and_what_ships_too() {
    let folder = TempDir::with_prefix("zrig-export-").unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("topologies");
    let mut seen = 0;
    for entry in fs::read_dir(shipped).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        for engine in ENGINES {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let to = folder.path().join(engine).join(stem);
            let to = to.to_str().unwrap();
            let export = || zrig(&["export", engine, file.to_str().unwrap(), "--to", to]);
            let first = export();
            assert!(first.status.success(), "{stem}: {}", String::from_utf8_lossy(&first.stderr));
            let before = files(Path::new(to));
            let again = export();
            assert!(String::from_utf8_lossy(&again.stdout).contains(", 0 of them new"), "{stem}");
            assert_eq!(files(Path::new(to)), before, "{stem}");
        }
    }
    assert!(seen > 10, "{seen}");
    kubernetes_judges(&folder.path().join("kubernetes"));
    compose_judges(&folder.path().join("compose"));
    systemd_judges(&folder.path().join("systemd"));
}

#[test]
fn what_somebody_changed_or_wrote_is_not_overwritten_unless_that_is_asked_for() {
    let fleet = Fleet::new();
    let to = fleet.exported("compose");
    let (file, folder) = (fleet.path("app/t/fleet.yaml"), to.to_str().unwrap().to_owned());
    let arguments = ["export", "compose", file.to_str().unwrap(), "--to", &folder];
    // What it wrote itself it writes again when the topology is another one.
    let text = FLEET.replace("replicas: 2", "replicas: 3");
    fs::write(&file, text).unwrap();
    assert!(done(&arguments).contains(", 3 of them new or changed"));
    assert!(fs::read_to_string(to.join("compose.yaml")).unwrap().contains("replicas: 3"));
    fs::write(to.join("compose.yaml"), "mine\n").unwrap();
    let refused = zrig(&arguments);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("changed since: compose.yaml; nothing was written"), "{said}");
    assert_eq!(fs::read_to_string(to.join("compose.yaml")).unwrap(), "mine\n");
    done(&[&arguments[..], &["--force"]].concat());
    assert!(fs::read_to_string(to.join("compose.yaml")).unwrap().contains("services:"));
}

#[test]
fn what_cannot_be_as_it_is_there_is_told() {
    let folder = TempDir::with_prefix("zrig-export-").unwrap();
    let file = folder.path().join("t.yaml");
    let yaml = "nodes:\n  sink: {role: pull, bind: 'tcp://*:5557', allow: 10.0.0.0/8, write: {file: out.txt}}\n";
    fs::write(&file, yaml).unwrap();
    let to = folder.path().join("to");
    let (file, to) = (file.to_str().unwrap(), to.to_str().unwrap());
    let output = zrig(&["export", "kubernetes", file, "--to", to]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("`sink` writes") && said.contains("${STATE_DIRECTORY:-.}/out.txt"),
        "{said}"
    );
    let program = "nodes: {a: {process: {command: [python3, a.py]}, sockets: {x: {role: pub, bind: 5557}}}}\n";
    fs::write(file, program).unwrap();
    for (engine, place) in [("compose", "in the image"), ("systemd", "on that machine")] {
        let output = zrig(&["export", engine, file, "--to", to, "--force"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let wanted = format!("`a` runs `python3 a.py`, which has to be {place}");
        assert!(output.status.success() && said.contains(&wanted), "{said}");
    }
    fs::write(file, "nodes: {a: {role: pub}}\n").unwrap();
    assert_eq!(zrig(&["export", "compose", file, "--to", to]).status.code(), Some(2));
}

#[test]
fn the_judges_of_each_engine_take_the_fleet() {
    let fleet = Fleet::new();
    let parent = |engine: &str| fleet.exported(engine).parent().unwrap().to_owned();
    let kubernetes = parent("kubernetes");
    kubernetes_judges(&only(&kubernetes, "kubernetes"));
    compose_judges(&only(&parent("compose"), "compose"));
    systemd_judges(&only(&parent("systemd"), "systemd"));
}

/// A folder that has this one alone.
fn only(parent: &Path, name: &str) -> PathBuf {
    let alone = parent.join(format!("alone-{name}"));
    fs::create_dir_all(&alone).unwrap();
    fs::rename(parent.join(name), alone.join(name)).unwrap();
    alone
}

/// The folders in one, sorted.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let is_there = found.is_ok_and(|found| found.status.success());
    if !is_there {
        println!("skipped: there is no {program} here");
    }
    is_there
}

#[track_caller]
fn takes(judge: &mut Command) -> String {
    let output = judge.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{judge:?}:\n{out}{err}");
    out
}

/// A program of the virtual environment of the tests in Python.
fn of_python(program: &str) -> PathBuf {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/setup.sh");
    let python = takes(&mut Command::new(setup));
    Path::new(python.trim()).with_file_name(program)
}

/// Kubernetes' own schemas of three versions, and kustomize where there is a kubectl.
fn kubernetes_judges(parent: &Path) {
    let validate = of_python("kubernetes-validate");
    for folder in folders(parent) {
        let manifests = files(&folder).into_keys().filter(|name| {
            name.ends_with(".yaml") && !name.contains('/') && name != "kustomization.yaml"
        });
        let manifests: Vec<PathBuf> = manifests.map(|name| folder.join(name)).collect();
        assert!(!manifests.is_empty(), "{}", folder.display());
        for version in ["1.27", "1.30", "1.33"] {
            takes(Command::new(&validate).args(["--strict", "-k", version]).args(&manifests));
        }
    }
    if is_there("kubectl") {
        let discovery = Discovery::start();
        for folder in folders(parent) {
            let made = takes(Command::new("kubectl").arg("kustomize").arg(&folder));
            assert!(made.contains("kind: ConfigMap") && made.contains("-files\n"), "{made}");
            let created = discovery.dry_run(&folder);
            // Each object is told by its kind and name, and none is told but those.
            let objects = made.lines().filter(|line| line.starts_with("kind: ")).count();
            assert_eq!(created.lines().count(), objects, "{created}");
        }
    }
}

/// What tells kubectl which kinds of objects there are; all else it knows by itself.
struct Discovery {
    server: Child,
    port: String,
    cache: TempDir,
}

impl Discovery {
    fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/discovery.py");
        let mut server =
            Command::new(of_python("python")).arg(program).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        let cache = TempDir::with_prefix("zrig-test-").unwrap();
        Self { server, port: port.trim().to_owned(), cache }
    }

    /// What kubectl would create of a folder, a line each.
    fn dry_run(&self, folder: &Path) -> String {
        takes(
            Command::new("kubectl")
                .env("KUBECONFIG", self.cache.path().join("none"))
                .args(["--server", &format!("http://127.0.0.1:{}", self.port)])
                .arg("--cache-dir")
                .arg(self.cache.path())
                .args(["create", "--dry-run=client", "--validate=false", "--output=name", "-k"])
                .arg(folder),
        )
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The schema of the Compose Specification, and Compose itself where there is one.
fn compose_judges(parent: &Path) {
    let check = of_python("check-jsonschema");
    let composed: Vec<PathBuf> =
        folders(parent).iter().map(|folder| folder.join("compose.yaml")).collect();
    takes(Command::new(check).args(["--builtin-schema", "vendor.compose-spec"]).args(&composed));
    let has_compose = Command::new("docker").args(["compose", "version"]).output();
    if !has_compose.is_ok_and(|output| output.status.success()) {
        return println!("skipped: there is no docker compose here");
    }
    for file in composed {
        takes(Command::new("docker").args(["compose", "-f"]).arg(file).args(["config", "-q"]));
    }
}

/// systemd's own: whether a unit is one, and what it exposes.
fn systemd_judges(parent: &Path) {
    if !is_there("systemd-analyze") {
        return;
    }
    for folder in folders(parent) {
        for name in files(&folder).into_keys().filter(|name| name.ends_with(".service")) {
            let unit = folder.join(&name);
            // The program that is to be there is this one here.
            let text = fs::read_to_string(&unit).unwrap();
            let here =
                text.replace("ExecStart=zrig", concat!("ExecStart=", env!("CARGO_BIN_EXE_zrig")));
            fs::write(&unit, here).unwrap();
            let mut verify = Command::new("systemd-analyze");
            let output =
                verify.args(["verify", "--recursive-errors=no"]).arg(&unit).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let own = said.lines().filter(|line| line.contains(&name));
            assert_eq!(own.collect::<Vec<_>>(), [""; 0], "{name}:\n{said}");
            let rated = takes(
                Command::new("systemd-analyze")
                    .args(["security", "--offline=true", "--threshold=30", "--no-pager"])
                    .arg(&unit),
            );
            let overall = rated.lines().find(|line| line.contains("Overall exposure level"));
            println!("{name}: {}", overall.unwrap_or_default().trim());
        }
    }
}

/// The exports of the fleet that ships, as the documentation keeps them. With `INSTA_UPDATE=always` they are
/// written anew.
#[test]
fn the_exports_in_the_documentation_are_what_is_written_today() {
    let folder = TempDir::with_prefix("zrig-export-").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["fleet.yaml", "judge.py"] {
        let of = root.join("topologies/fleet").join(name);
        fs::copy(of, folder.path().join(name)).unwrap();
    }
    let (file, keys) = (folder.path().join("fleet.yaml"), folder.path().join("keys"));
    let (file, keys) = (file.to_str().unwrap(), keys.to_str().unwrap());
    done(&["keys", keys, "--for", file]);
    for engine in ENGINES {
        let to = folder.path().join(engine);
        let written = zrig(&["export", engine, file, "--to", to.to_str().unwrap()]);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let mut written = files(&to);
        // What ships itself, and keys that are others each time.
        written.retain(|name, _| !name.starts_with("files/") && name != ".zrig-export");
        let kept = root.join("docs/fleet").join(engine);
        if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
            for (name, text) in &written {
                fs::create_dir_all(kept.join(name).parent().unwrap()).unwrap();
                fs::write(kept.join(name), text).unwrap();
            }
        }
        assert_eq!(files(&kept), written, "{engine}: INSTA_UPDATE=always writes them anew");
    }
}
