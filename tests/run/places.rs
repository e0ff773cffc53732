//! Places: one file, several runs of it, each at an address of its own.

mod fleet;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use tempfile::TempDir;

use self::fleet::{Fleet, LOOPBACK, Network, PLACES, TAKEN, networked, with_counts, yaml};
use crate::support::http::get;
use crate::support::{Runner, Zrig, eventually, free_port, free_ports, soaking};

/// What a place tells of what goes from one place to another: from whom, sent, received, dropped, waiting.
fn sums(told: &serde_json::Value) -> Vec<(String, [Option<u64>; 4])> {
    let flows = told["flows"].as_array().unwrap().iter();
    let far = flows.filter(|flow| flow["from"][0].get("place").is_some());
    far.map(|flow| {
        let figures = ["sent", "received", "dropped", "waiting"].map(|key| flow[key].as_u64());
        (flow["from"][0]["instance"].as_str().unwrap().to_owned(), figures)
    })
    .collect()
}

/// The sums that all places show alike, once all of them show them and nothing is on its way but so much.
fn settled(
    what: &str,
    most: u64,
    told: impl Fn(&str) -> serde_json::Value,
) -> Vec<(String, [u64; 4])> {
    let mut found = Vec::new();
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        found.clear();
        let seen: Vec<_> = PLACES.iter().map(|place| (*place, sums(&told(place)))).collect();
        let all: BTreeSet<_> = seen.iter().flat_map(|(_, sums)| sums.iter().cloned()).collect();
        for (from, figures) in &all {
            if let [Some(sent), Some(received), Some(dropped), Some(waiting)] = *figures {
                assert_eq!(sent, received + dropped + waiting, "{what}: {from}");
                found.push((from.clone(), [sent, received, dropped, waiting]));
            }
        }
        let senders: BTreeSet<&String> = all.iter().map(|(from, _)| from).collect();
        let is_known = found.len() == all.len() && senders.len() == all.len();
        if is_known && !all.is_empty() && found.iter().all(|(_, figures)| figures[3] <= most) {
            return found;
        }
        assert!(std::time::Instant::now() < deadline, "{what}: {seen:#?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn places_start_in_any_order_and_nothing_between_them_is_lost() {
    for _ in 0..if soaking() { 5 } else { 1 } {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let order = order.map(|at| PLACES[at]);
            Fleet::everywhere().iter().for_each(|fleet| starts_in(order, fleet));
        }
    }
}

fn starts_in(order: [&str; 3], fleet: &Fleet) {
    let runs: Vec<Runner> = order.iter().map(|place| fleet.start(place)).collect();
    fleet.grows("done.txt", 50);
    fleet.grows("answers.txt", 50);
    assert_eq!(fleet.missing("done.txt"), [0; 0], "{order:?} at {}.0", fleet.net());
    assert_eq!(fleet.missing("answers.txt"), [0; 0], "{order:?} at {}.0", fleet.net());
    for run in runs {
        let ending = run.stop();
        // A start does not wait for other places.
        assert!(!ending.said("is not up"), "{order:?}:\n{}", ending.text());
    }
}

#[test]
fn what_a_place_that_is_stopped_had_not_taken_comes_when_it_is_back() {
    let rounds = if soaking() { 50 } else { 1 };
    let each = |stopped| Fleet::everywhere().into_iter().map(move |fleet| (stopped, fleet));
    for (stopped, fleet) in ["hall", "yard"].into_iter().flat_map(each) {
        let mut runs: Vec<(&str, Runner)> =
            PLACES.iter().map(|place| (*place, fleet.start(place))).collect();
        fleet.grows("done.txt", 100);
        for _ in 0..rounds {
            let at = runs.iter().position(|(place, _)| *place == stopped).unwrap();
            let run = runs.remove(at).1;
            run.signal("INT");
            // Where the machine is busy it may have taken a line that it does not write, and says so.
            run.ends();
            // The others go on, and keep what is for it.
            let away = runs.iter().find(|(place, _)| *place != "yard").unwrap();
            if stopped == "hall" {
                away.1.says(&format!("lost place hall at {}.2:", fleet.net()));
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
            runs.push((stopped, fleet.start(stopped)));
            fleet.grows("done.txt", 150);
            fleet.grows("answers.txt", 50);
        }
        for name in ["done.txt", "answers.txt"] {
            let missing = fleet.missing(name);
            println!(
                "{stopped} at {}.0 stopped {rounds} times: {} of {name} had been taken",
                fleet.net(),
                missing.len()
            );
            assert!(missing.len() <= rounds * TAKEN, "{stopped} {name}: {missing:?}");
            let windows = missing.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
            assert!(
                windows < 2 * rounds,
                "{stopped} {name}: not around its end alone: {missing:?}"
            );
        }
    }
}

#[test]
fn a_subscriber_counts_what_the_place_in_the_middle_missed() {
    let fleet = Fleet::new();
    let (edge_port, yard_port) = (free_port(), free_port());
    let serve = |place: &str, port: u16| {
        let run = fleet.at(place).arguments(["--metrics", &port.to_string()]).start();
        run.says("running live");
        run
    };
    let yard = serve("yard", yard_port);
    let hall = fleet.start("hall");
    let edge = serve("edge", edge_port);
    let figure = |port: u16, node: &str, figure: &str| {
        let told: serde_json::Value = serde_json::from_str(&get(port, "/topology").body).unwrap();
        let nodes = told["nodes"].as_array().unwrap();
        let node = nodes.iter().find(|one| one["node"] == node).unwrap().clone();
        node["sockets"][0][figure].as_u64().unwrap()
    };
    let received = || figure(yard_port, "reader", "messages_in");
    eventually("news arrive", || received() > 50);
    hall.stop();
    let _hall = fleet.start("hall");
    let before = received();
    eventually("news arrive again", || received() > before + 50);
    let gaps = figure(yard_port, "reader", "sequence_gaps");
    assert!(gaps > 0, "what the bus missed is counted");
    // The publisher's socket goes last, so that no more is sent than what is looked for.
    let told: serde_json::Value = serde_json::from_str(&get(edge_port, "/topology").body).unwrap();
    assert_eq!(told["place"], "edge");
    assert_eq!(told["links"].as_array().unwrap().len(), 0, "the other end counts for itself");
    let sent = figure(edge_port, "news", "messages_out");
    assert!(received() + gaps <= sent + 50, "{} {gaps} {sent}", received());
    edge.stop();
    yard.stop();
}

#[test]
fn what_places_tell_each_other_adds_up_at_each_of_them_over_ends_and_returns() {
    let yaml = with_counts(&yaml(&free_ports::<5>(), LOOPBACK), free_ports());
    let fleet = Fleet::of(&yaml);
    let ports: [u16; 3] = free_ports();
    let port = |place: &str| ports[PLACES.iter().position(|one| *one == place).unwrap()];
    let told = |place: &str| serde_json::from_str(&get(port(place), "/topology").body).unwrap();
    let serve = |place: &str| {
        let run = fleet.at(place).arguments(["--metrics", &port(place).to_string()]).start();
        run.says("running live");
        run
    };
    let mut runs = PLACES.map(|place| Some(serve(place)));
    fleet.grows("done.txt", 50);
    fleet.grows("answers.txt", 50);
    let mut ended = 0;
    for at in [1, 2, 0] {
        let run = runs[at].take().unwrap();
        run.signal("INT");
        // Where the machine is busy it may have taken what it does not pass on, and says so.
        run.ends();
        ended += 1;
        runs[at] = Some(serve(PLACES[at]));
        // A source begins to count anew, so what came is looked at by its number alone.
        if at != 0 {
            fleet.grows("done.txt", 50);
        }
    }
    let text = fs::read_to_string(fleet.file()).unwrap();
    fs::write(fleet.file(), text.replace("every: 5ms", "every: 1h")).unwrap();
    let most = (ended * TAKEN) as u64;
    let sums = settled("after three ends", most, told);
    let page = get(port("edge"), "/metrics").body;
    let sample = page.lines().find(|line| {
        line.starts_with(
            "zrig_flow_received_messages_total{from=\"edge/source.push\",to=\"hall/worker.jobs\"",
        )
    });
    assert!(sample.is_some(), "{page}");
    let senders: Vec<&str> = sums.iter().map(|(from, _)| from.as_str()).collect();
    assert_eq!(senders, ["asker", "desk", "source", "worker"]);
    let of = |from: &str| sums.iter().find(|(sender, _)| sender == from).unwrap().1;
    // What a place had taken when it was asked to end it may not have written.
    for (from, name) in [("worker", "done.txt"), ("desk", "answers.txt")] {
        let written = fleet.lines(name).len() as u64;
        assert!((written..=written + most).contains(&of(from)[1]), "{written} {name}: {sums:?}");
    }
    assert!(of("source")[1] >= of("worker")[0] && of("asker")[1] >= of("desk")[1]);
    // One that ends without a word has counted nobody knows what.
    let hall = runs[1].take().unwrap();
    hall.signal("KILL");
    hall.ends();
    let hall = serve("hall");
    let unknown = |place: &str| {
        let sums = sums_of_all(&told(place));
        !sums.is_empty() && sums.iter().all(|figures| figures.iter().all(Option::is_none))
    };
    eventually("edge does not know", || unknown("edge"));
    eventually("nor does hall itself", || unknown("hall"));
    drop((runs, hall));
}

fn sums_of_all(told: &serde_json::Value) -> Vec<[Option<u64>; 4]> {
    sums(told).into_iter().map(|(_, figures)| figures).collect()
}

#[test]
fn a_place_that_is_away_and_one_that_is_back_are_told() {
    let fleet = Fleet::new();
    let edge = fleet.start("edge");
    edge.says("no connection with place hall at 127.0.0.2:");
    let hall = fleet.start("hall");
    edge.says("connected with place hall at 127.0.0.2:");
    hall.stop();
    edge.says("lost place hall at 127.0.0.2:");
    let hall = fleet.start("hall");
    edge.says_times("connected with place hall at 127.0.0.2:", 2);
    drop((edge, hall));
}

#[test]
fn a_line_that_is_cut_for_five_seconds_loses_no_message_but_news_which_are_counted() {
    let with_heartbeats =
        "sequence: true\n    options: {heartbeat_ivl: 500ms, heartbeat_timeout: 1s}";
    let yaml =
        yaml(&free_ports::<5>(), Network::ADDRESSES).replace("sequence: true", with_heartbeats);
    let (network, fleet, runs) = match networked(&yaml) {
        Ok(made) => made,
        Err(why) => return println!("skipped, no network can be made here: {why}"),
    };
    let told = |place: &str| network.figures(place);
    let gaps = || socket_figures(&told("yard"), "sequence_gaps").iter().sum::<u64>();
    let known = || {
        let logs = runs.iter().map(|run| run.log().join("\n"));
        let logs = logs.collect::<Vec<_>>().join("\n---\n");
        // After the logs, since one that has ended tells nothing.
        println!("{logs}");
        PLACES.map(|place| format!("{place}: {}", told(place))).join("\n")
    };
    let rounds = if soaking() { 50 } else { 1 };
    for round in 1..=rounds {
        fleet.grows_or("done.txt", 100, known);
        let before = gaps();
        network.line("hall", "down");
        std::thread::sleep(std::time::Duration::from_secs(5));
        network.line("hall", "up");
        fleet.grows_or("done.txt", 1000, known);
        fleet.grows_or("answers.txt", 500, known);
        for name in ["done.txt", "answers.txt"] {
            let missing = fleet.missing(name);
            // A router drops what finds no room, and says so: the rest would be a fault.
            let dropped: u64 = socket_figures(&told("hall"), "dropped").iter().sum();
            let allowed = if name == "answers.txt" { dropped } else { 0 };
            assert!(
                missing.len() as u64 <= allowed,
                "round {round}, {name}: {} lost, {allowed} of them said to be dropped: {missing:?}\n{}",
                missing.len(),
                known()
            );
        }
        eventually("the news that were missed are counted", || gaps() > before);
    }
    let text = fs::read_to_string(fleet.file()).unwrap();
    fs::write(fleet.file(), text.replace("every: 5ms", "every: 1h")).unwrap();
    let sums = settled("after the cuts", 0, told);
    println!(
        "the line cut {rounds} times, [sent, received, dropped, waiting] at each place: {sums:?}"
    );
    let of = |from: &str| sums.iter().find(|(sender, _)| sender == from).unwrap().1;
    assert_eq!(of("source")[0], of("worker")[1], "what was sent at the one end is at the other");
    assert_eq!(of("worker")[1], fleet.lines("done.txt").len() as u64);
    assert_eq!(of("desk")[1], fleet.lines("answers.txt").len() as u64);
    for run in runs {
        run.stop();
    }
}

/// libzmq ends the connection, and what the kernel had of it is gone: nobody keeps it, but the sums say how
/// much it was.
#[test]
fn what_is_lost_where_heartbeats_end_a_connection_that_is_cut_is_said_by_the_sums() {
    let yaml = yaml(&free_ports::<5>(), Network::ADDRESSES);
    let all = "defaults: {options: {heartbeat_ivl: 500ms, heartbeat_timeout: 1s}}\nnodes:";
    let (network, fleet, runs) = match networked(&yaml.replacen("nodes:", all, 1)) {
        Ok(made) => made,
        Err(why) => return println!("skipped, no network can be made here: {why}"),
    };
    for _ in 0..if soaking() { 10 } else { 1 } {
        fleet.grows("done.txt", 100);
        network.line("hall", "down");
        std::thread::sleep(std::time::Duration::from_secs(5));
        network.line("hall", "up");
        fleet.grows("done.txt", 300);
        fleet.grows("answers.txt", 300);
    }
    let text = fs::read_to_string(fleet.file()).unwrap();
    fs::write(fleet.file(), text.replace("every: 5ms", "every: 1h")).unwrap();
    let missing = |file: &str, sent: u64| sent - fleet.lines(file).len() as u64;
    let told = |place: &str| network.figures(place);
    let mut before = Vec::new();
    // What is on its way arrives, what is lost stays.
    eventually("nothing moves any more", || {
        std::thread::sleep(std::time::Duration::from_secs(2));
        let now = settled("after the cuts", u64::MAX, told);
        std::mem::replace(&mut before, now.clone()) == now
    });
    let of = |from: &str| before.iter().find(|(sender, _)| sender == from).unwrap().1;
    let lost =
        |senders: [&str; 2]| senders.iter().map(|from| of(from)[2] + of(from)[3]).sum::<u64>();
    println!("[sent, received, dropped, waiting] at each place: {before:?}");
    assert_eq!(lost(["source", "worker"]), missing("done.txt", of("source")[0]));
    assert_eq!(lost(["asker", "desk"]), missing("answers.txt", of("asker")[0]));
    assert!(lost(["source", "worker"]) > 0, "the line was cut for longer than the timeout");
    for run in runs {
        run.stop();
    }
}

/// A figure of every socket, in order; of `dropped` those that found no room or nobody.
fn socket_figures(told: &serde_json::Value, figure: &str) -> Vec<u64> {
    let nodes = told["nodes"].as_array().unwrap().iter();
    let sockets = nodes.flat_map(|node| node["sockets"].as_array().unwrap());
    let number = |socket: &serde_json::Value| {
        let reasons = ["full", "unroutable"].map(|reason| socket[figure][reason].as_u64());
        let plain = socket[figure].as_u64();
        plain.unwrap_or_else(|| reasons.into_iter().flatten().sum())
    };
    sockets.map(number).collect()
}

#[test]
fn a_link_between_places_is_encrypted_with_the_certificates_of_one_folder() {
    let fleet =
        Fleet::of(&format!("security: {{curve: keys}}\n{}", yaml(&free_ports::<5>(), LOOPBACK)));
    let zrig = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .current_dir(fleet.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    zrig(&["keys", "keys", "--for", "fleet.yaml"]);
    assert!(zrig(&["check", "fleet.yaml"]).contains("sound: 8 nodes"));
    let runs: Vec<Runner> = PLACES.iter().map(|place| fleet.start(place)).collect();
    fleet.grows("done.txt", 20);
    fleet.grows("answers.txt", 20);
    assert_eq!(fleet.missing("done.txt"), [0; 0]);
    for run in runs {
        let ending = run.stop();
        assert!(!ending.said("no connection with tcp"), "{}", ending.text());
    }
}

#[test]
fn a_place_needs_the_secrets_of_its_own_nodes_alone() {
    let port = free_port();
    let yaml = format!(
        "security: {{curve: keys}}
places:
  edge: {{address: 127.0.0.1, bind_address: 127.0.0.1}}
  hall: {{address: 127.0.0.2, bind_address: 127.0.0.2}}
nodes:
  source: {{on: edge, role: push, connect: sink, every: 5ms, on_tick: send(\"job\")}}
  sink: {{on: hall, role: pull, bind: {port}, on_message: print(msg.text + \" is done\")}}
"
    );
    let made = TempDir::with_prefix("zrig-test-").unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .arg("keys")
        .arg(made.path())
        .args(["source", "sink"])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let machine = |own: &str| {
        let fleet = Fleet::of(&yaml);
        let keys = fleet.folder.path().join("keys");
        fs::create_dir(&keys).unwrap();
        for name in ["source.key", "sink.key", &format!("{own}.key_secret")] {
            fs::copy(made.path().join(name), keys.join(name)).unwrap();
        }
        fleet
    };
    let (edge, hall) = (machine("source"), machine("sink"));
    let lacking = "only the public certificate of sink is here";
    Zrig::file(edge.file()).ends().expect(2, [lacking]);
    edge.at("hall").ends().expect(2, [lacking]);
    let check = |fleet: &Fleet| {
        let checked = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .arg("check")
            .arg(fleet.file())
            .output()
            .unwrap();
        String::from_utf8(checked.stdout).unwrap()
    };
    assert!(check(&edge).contains("sound: 2 nodes, 1 link"), "{}", check(&edge));
    let runs = (edge.start("edge"), hall.start("hall"));
    runs.1.says("job is done");
    drop(runs);
}

#[test]
fn what_runs_at_a_place_is_named_by_it_and_an_unknown_one_is_told() {
    // Runs of other tests are found too.
    let fleet = Fleet::of(&format!("name: named\n{}", yaml(&free_ports::<5>(), LOOPBACK)));
    let runtime = TempDir::with_prefix("zrig-test-").unwrap();
    let zrig = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .current_dir(fleet.folder.path())
            .env("XDG_RUNTIME_DIR", runtime.path())
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    for command in ["run", "check", "graph"] {
        let (status, _, error) = zrig(&[command, "fleet.yaml", "--place", "halls"]);
        assert_eq!(status, Some(2), "{command}");
        assert!(error.contains("there is no place halls; did you mean hall?"), "{error}");
    }
    let (_, told, _) = zrig(&["check", "fleet.yaml", "--place", "yard"]);
    assert!(told.contains("sound: 2 nodes, 0 links"), "{told}");
    let (_, drawn, _) = zrig(&["graph", "fleet.yaml", "--place", "edge"]);
    assert!(drawn.contains("named at edge") && drawn.contains("place hall at tcp://127.0.0.2:"));
    let (_, whole, _) = zrig(&["graph", "fleet.yaml"]);
    assert!(whole.contains("at hall") && !whole.contains("outside this file"), "{whole}");
    let start = |place: &str| {
        let run = fleet.at(place).environment("XDG_RUNTIME_DIR", runtime.path().display()).start();
        run.says(&format!("at {place}; what is saved is applied"));
        run
    };
    let _runs = (start("edge"), start("hall"));
    eventually("both are found", || zrig(&["top", "named", "--once"]).2.contains("named@hall"));
    let (status, told, error) = zrig(&["top", "named@hall", "--once"]);
    assert!(status == Some(0) && told.starts_with("named at hall  generation 1"), "{told}{error}");
    let (_, told, error) = zrig(&["call", "named@hall", "desk", "x"]);
    assert_eq!(told, "x\n", "{error}");
}
