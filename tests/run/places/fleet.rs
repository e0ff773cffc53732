//! A fleet: one file, and a run of it at each of three places.
//!
//! Owns where the places are: addresses of the loopback network, or machines as far as a kernel can make them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tempfile::TempDir;

use crate::support::{Runner, Zrig, eventually_or, free_ports, soaking};

/// The three places.
pub(super) const PLACES: [&str; 3] = ["edge", "hall", "yard"];
/// How many messages may be in a place that is stopped: taken by it and not handled.
pub(super) const TAKEN: usize = 40;

/// A pipeline, requests and news from one place over a second one to a third.
pub(super) fn yaml(ports: &[u16], places: &str) -> String {
    let [jobs, done, desk, inward, outward] = ports else { panic!("five ports") };
    format!(
        "places:{places}
nodes:
  source:
    on: edge
    role: push
    bind: {jobs}
    every: 5ms
    on_tick: \"if this.n == () {{ this.n = 0; }} this.n += 1; send(`job ${{this.n}}`)\"
  asker:
    on: edge
    role: dealer
    connect: desk
    every: 5ms
    on_tick: \"if this.n == () {{ this.n = 0; }} this.n += 1; send(`ask ${{this.n}}`)\"
    write: {{file: answers.txt, append: true}}
  news:
    on: edge
    role: pub
    bind: {inward}
    sequence: true
    every: 5ms
    on_tick: publish(1, \"news\")
  worker:
    on: hall
    sockets:
      jobs: {{role: pull, connect: source}}
      done: {{role: push, connect: sink}}
    on_jobs: msg
  desk:
    on: hall
    role: router
    bind: {desk}
    on_message: reply(msg, msg)
  bus:
    on: hall
    sockets:
      inward: {{role: xsub, connect: news}}
      outward: {{role: xpub, bind: {outward}}}
    forward: [outward, inward]
  sink:
    on: yard
    role: pull
    bind: {done}
    write: {{file: done.txt, append: true}}
  reader:
    on: yard
    role: sub
    connect: bus.outward
    topics: all
    sequence: true
    on_message: '()'
"
    )
}

pub(super) const LOOPBACK: &str = "
  edge: {address: 127.0.0.1, bind_address: 127.0.0.1}
  hall: {address: 127.0.0.2, bind_address: 127.0.0.2}
  yard: {address: 127.0.0.3, bind_address: 127.0.0.3}";

/// The same with nodes by which every place tells the others what it counts.
pub(super) fn with_counts(yaml: &str, ports: [u16; 3]) -> String {
    let mut nodes = String::new();
    for (place, port) in PLACES.iter().zip(ports) {
        let others: Vec<String> = PLACES
            .iter()
            .filter(|other| *other != place)
            .map(|other| format!("{other}-counts.tells"))
            .collect();
        nodes += &format!(
            "  {place}-counts:\n    on: {place}\n    counts: true\n    sockets:\n      tells: {{role: pub, \
             bind: {port}}}\n      hears: {{role: sub, connect: [{}], topics: all}}\n",
            others.join(", ")
        );
    }
    format!("{yaml}{nodes}")
}

/// A folder with the file, and what its runs write there.
pub(super) struct Fleet {
    pub(super) folder: Arc<TempDir>,
    /// Where each place has a machine of its own.
    network: Option<Arc<Network>>,
}

impl Fleet {
    pub(super) fn of(yaml: &str) -> Self {
        let folder = Arc::new(TempDir::with_prefix("zrig-test-").unwrap());
        fs::write(folder.path().join("fleet.yaml"), yaml).unwrap();
        Self { folder, network: None }
    }

    pub(super) fn new() -> Self {
        Self::of(&yaml(&free_ports::<5>(), LOOPBACK))
    }

    /// One on the loopback network, and one whose places are machines, where these can be made.
    pub(super) fn everywhere() -> Vec<Self> {
        let apart = Network::new().map(|network| {
            let yaml = yaml(&free_ports::<5>(), Network::ADDRESSES);
            Self { network: Some(Arc::new(network)), ..Self::of(&yaml) }
        });
        let apart =
            apart.inspect_err(|why| println!("on loopback only, no network can be made: {why}"));
        [Self::new()].into_iter().chain(apart).collect()
    }

    /// What stands before the number of a place's address.
    pub(super) fn net(&self) -> &'static str {
        if self.network.is_some() { "10.254.7" } else { "127.0.0" }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("fleet.yaml")
    }

    pub(super) fn at(&self, place: &str) -> Zrig {
        let zrig = Zrig::file(self.file()).arguments(["--place", place]);
        let zrig = match &self.network {
            Some(network) => zrig.within(&["ip", "netns", "exec", &network.of(place)]),
            None => zrig,
        };
        if soaking() { zrig.lasting("1h") } else { zrig }
    }

    pub(super) fn start(&self, place: &str) -> Runner {
        let run = self.at(place).start();
        run.says("running live");
        run
    }

    /// The certificates of all its nodes.
    pub(super) fn make_keys(&self) {
        let done = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .current_dir(self.folder.path())
            .args(["keys", "keys", "--for", "fleet.yaml"])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        // The last one may be on its way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }

    /// Waits until a file has so many lines more.
    pub(super) fn grows(&self, name: &str, by: usize) {
        self.grows_or(name, by, String::new);
    }

    /// The same; where it does not, it is told what else is known.
    pub(super) fn grows_or(&self, name: &str, by: usize, known: impl Fn() -> String) {
        let wanted = self.lines(name).len() + by;
        let has = || self.lines(name).len();
        let what = || format!("{wanted} lines of {name}, it has {}:\n{}", has(), known());
        eventually_or(what, || has() >= wanted);
    }

    /// How many of the numbers that came lie in between without having come.
    pub(super) fn missing(&self, name: &str) -> Vec<u64> {
        let number = |line: &String| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
        let numbers: Vec<u64> = self.lines(name).iter().map(number).collect();
        let came: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(came.len(), numbers.len(), "{name}: one came twice");
        (1..=*came.last().unwrap()).filter(|number| !came.contains(number)).collect()
    }
}

/// Three machines on one network, as far as a kernel can make them.
pub(super) struct Network(String);

impl Network {
    pub(super) const ADDRESSES: &str = "
  edge: {address: 10.254.7.1}
  hall: {address: 10.254.7.2}
  yard: {address: 10.254.7.3}";

    fn ip(arguments: &str) -> Result<(), String> {
        let done = Command::new("ip").args(arguments.split_whitespace()).output();
        let done = done.map_err(|error| format!("ip: {error}"))?;
        match done.status.success() {
            true => Ok(()),
            false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&done.stderr))),
        }
    }

    /// Why there can be none here, if so.
    pub(super) fn new() -> Result<Self, String> {
        // Several tests may have one at a time.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Relaxed);
        let network = Self(format!("zrig{}-{number}", std::process::id()));
        let hub = network.of("hub");
        Self::ip(&format!("netns add {hub}"))?;
        Self::ip(&format!("-n {hub} link add hub type bridge"))?;
        Self::ip(&format!("-n {hub} link set hub up"))?;
        for (at, place) in PLACES.iter().enumerate() {
            let own = network.of(place);
            Self::ip(&format!("netns add {own}"))?;
            Self::ip(&format!("-n {hub} link add {place} type veth peer name wire netns {own}"))?;
            Self::ip(&format!("-n {own} addr add 10.254.7.{}/24 dev wire", at + 1))?;
            for up in [format!("{own} link set lo"), format!("{own} link set wire")] {
                Self::ip(&format!("-n {up} up"))?;
            }
            Self::ip(&format!("-n {hub} link set {place} master hub up"))?;
        }
        Ok(network)
    }

    fn of(&self, name: &str) -> String {
        format!("{}-{name}", self.0)
    }

    /// What a place tells of itself: its server is seen from inside alone, by a client that is there.
    pub(super) fn figures(&self, place: &str) -> serde_json::Value {
        let ask = "exec 3<>/dev/tcp/127.0.0.1/9464; printf 'GET /topology HTTP/1.1\\r\\nHost: \
                   localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3";
        let place = self.of(place);
        let told = Command::new("ip").args(["netns", "exec", &place, "bash", "-c", ask]).output();
        let told = String::from_utf8(told.unwrap().stdout).unwrap();
        serde_json::from_str(told.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// Cuts the line of a place, or mends it.
    pub(super) fn line(&self, place: &str, state: &str) {
        Self::ip(&format!("-n {} link set {place} {state}", self.of("hub"))).unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in PLACES.iter().copied().chain(["hub"]) {
            // Of a network that could not be made, some are missing.
            let _ = Self::ip(&format!("netns del {}", self.of(name)));
        }
    }
}

/// A run at each place, each on a machine of its own, with certificates; why there can be none here, if so.
pub(super) fn networked(yaml: &str) -> Result<(Arc<Network>, Fleet, Vec<Runner>), String> {
    let network = Arc::new(Network::new()?);
    let yaml = with_counts(yaml, free_ports());
    let fleet = Fleet::of(&format!("security: {{curve: keys}}\n{yaml}"));
    let fleet = Fleet { network: Some(Arc::clone(&network)), ..fleet };
    fleet.make_keys();
    let start = |place: &&str| {
        let run = fleet.at(place).arguments(["--metrics", "127.0.0.1:9464"]).start();
        run.says("running live");
        run
    };
    let runs = PLACES.iter().map(start).collect();
    Ok((network, fleet, runs))
}
