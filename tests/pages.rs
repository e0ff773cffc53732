//! What the README and the pages of `docs/` show is so: their topologies load, their scripts compile, their
//! commands print what stands below them, their tables leave nothing out, and their links lead somewhere.
//!
//! Owns how a block is marked. Behind the language of a block stands the file that it is
//! (`yaml topologies/first.yaml`), `beside FILE` for commands that look into a run of that file, `reload` for
//! what a run says of an edit, or `of COMMAND` for a part of what a command says. A block that is no file of the
//! repository is made for the commands of its page to read; what is wrong on purpose is called `faulty`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "run/support/port.rs"]
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zrig::load::load;

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pages whose commands are run.
const EXECUTED: &[&str] =
    &["README.md", "docs/checking.md", "docs/running.md", "docs/testing.md", "docs/tutorial.md"];
/// Commands that change the machine, or that this test is run by.
const NOT_RUN: &[&str] = &["cargo test", "pip install zrig", "sed -i"];
/// What a start says when somebody else has the port of the example just now.
const PORT_TAKEN: &str = "another socket or program has it already";

/// One fenced block.
#[derive(Clone, Debug)]
struct Block {
    /// Its page, below the root.
    page: String,
    language: String,
    /// What stands behind the language.
    mark: String,
    text: String,
}

impl Block {
    /// Whether it is a file of the repository.
    fn ships(&self) -> bool {
        !self.mark.is_empty() && root().join(&self.mark).is_file()
    }

    /// Whether it is a file for the commands of its page.
    fn is_made(&self) -> bool {
        self.mark.ends_with(".yaml") && !self.mark.contains(' ') && !self.ships()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// Every page that people read in the repository, below the root: those at the root, and `docs/` with its folders.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                pages.push(path);
            }
        }
    }
    let root_pages =
        fs::read_dir(root()).unwrap().map(|entry| PathBuf::from(entry.unwrap().file_name()));
    pages.extend(root_pages);
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    assert!(pages.len() > 200, "{pages:?}");
    pages.into_iter().map(|page| page.display().to_string()).collect()
}

/// The blocks of the README and the pages of `docs/`, without those of `explain`, which has tests of its own,
/// and of exports, which are written by a command.
fn blocks() -> Vec<Block> {
    let own = |page: &String| {
        !["docs/explain/", "docs/fleet/"].iter().any(|folder| page.starts_with(folder))
    };
    let blocks: Vec<Block> =
        pages().iter().filter(|page| own(page)).flat_map(|page| blocks_of(page)).collect();
    assert!(blocks.len() > 50, "{blocks:?}");
    blocks
}

fn blocks_of(page: &str) -> Vec<Block> {
    let text = read(page);
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let (language, mark) = fence.split_once(' ').unwrap_or((fence, ""));
        let text = lines.by_ref().take_while(|line| *line != "```");
        blocks.push(Block {
            page: page.to_owned(),
            language: language.to_owned(),
            mark: mark.to_owned(),
            text: text.flat_map(|line| [line, "\n"]).collect(),
        });
    }
    blocks
}

/// The blocks of a language on pages whose commands are run.
fn executed(language: &str) -> Vec<Block> {
    let blocks = EXECUTED.iter().flat_map(|page| blocks_of(page));
    blocks.filter(|block| block.language == language).collect()
}

fn blocks_in(language: &str) -> Vec<Block> {
    blocks().into_iter().filter(|block| block.language == language).collect()
}

/// The repository's topologies and scripts, and what the page has besides.
fn folder(page: &str) -> TempDir {
    let folder = TempDir::with_prefix("zrig-pages-").unwrap();
    for name in ["topologies", "scripts"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        for entry in fs::read_dir(root().join(name)).unwrap() {
            let file = entry.unwrap().path();
            if file.is_file() {
                fs::copy(&file, folder.path().join(name).join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    for block in blocks_of(page).iter().filter(|block| block.is_made()) {
        fs::write(folder.path().join(&block.mark), &block.text).unwrap();
    }
    folder
}

/// A folder with one topology in it, and what loading that says.
fn zrig_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    command.args(arguments);
    command
}

fn faults_of(yaml: &str, script: Option<&str>) -> Vec<String> {
    let folder = TempDir::with_prefix("zrig-readme-").unwrap();
    let file = folder.path().join("topology.yaml");
    fs::write(&file, yaml).unwrap();
    if let Some(script) = script {
        fs::write(folder.path().join("script.rhai"), script).unwrap();
    }
    if yaml.contains("security: {curve: keys}") {
        let keys = folder.path().join("keys");
        let (keys, file) = (keys.to_str().unwrap(), file.to_str().unwrap());
        let made = zrig_command(&["keys", keys, "--for", file]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let loaded = load(&file, &|_| None);
    let told = loaded.diagnostics.iter().map(|fault| format!("{}: {}", fault.code, fault.message));
    let told: Vec<String> = told.collect();
    assert_eq!(loaded.topology.is_none(), loaded.diagnostics.iter().any(|one| one.is_error()));
    told
}

#[test]
fn a_block_that_is_a_file_of_the_repository_is_that_file() {
    let named: Vec<Block> = blocks().into_iter().filter(Block::ships).collect();
    assert!(named.len() >= 2, "the first topology and its script");
    for block in named {
        let file = fs::read_to_string(root().join(&block.mark)).unwrap();
        assert_eq!(block.text, file, "{}", block.mark);
    }
}

#[test]
fn the_readme_is_read_in_a_minute_and_opens_with_ten_lines_of_topology() {
    assert!(read("README.md").lines().count() <= 150);
    let blocks = blocks_of("README.md");
    let first = blocks.iter().find(|block| block.language == "yaml").unwrap();
    assert_eq!(first.text.lines().count(), 10);
}

#[test]
fn every_topology_of_the_pages_loads_clean() {
    for block in blocks_in("yaml").iter().filter(|block| !block.mark.ends_with(".test.yaml")) {
        let faults = if block.ships() {
            let loaded = load(&root().join(&block.mark), &|_| None);
            loaded.diagnostics.iter().map(|fault| fault.message.clone()).collect()
        } else {
            faults_of(&block.text, None)
        };
        assert_eq!(
            !faults.is_empty(),
            block.mark.starts_with("faulty"),
            "{}: {faults:?}\n{}",
            block.page,
            block.text
        );
    }
}

#[test]
fn every_topology_of_a_recipe_runs_until_it_is_ended() {
    let made = |block: &&Block| block.page.starts_with("docs/recipes/") && block.mark.is_empty();
    let folder = TempDir::with_prefix("zrig-pages-").unwrap();
    let mut ran = 0;
    for block in blocks_in("yaml").iter().filter(made) {
        fs::write(folder.path().join("recipe.yaml"), on_free_ports(&block.text)).unwrap();
        let said = output_of("run recipe.yaml --for 500ms --fail-on-error", folder.path());
        let has_started = said.contains("running live") || said.contains("running ");
        let is_well = !["error", "failed", "warning"].iter().any(|word| said.contains(word));
        assert!(has_started && is_well, "{}: {said}", block.page);
        ran += 1;
    }
    assert!(ran >= 4, "bridge, load generator, feed, stand-in");
}

/// A text whose ports of four digits from 7101 on are those that nobody has now.
fn on_free_ports(text: &str) -> String {
    let mut text = text.to_owned();
    for port in (7101..7500).map(|port| port.to_string()) {
        if text.contains(&port) {
            text = text.replace(&port, &port::free_port().to_string());
        }
    }
    text
}

#[test]
fn every_script_of_the_pages_compiles() {
    for block in blocks_in("rhai").iter().filter(|block| block.mark.is_empty()) {
        let timers = if block.text.contains("fn on_timer(") { "timers: {close: 1s}, " } else { "" };
        let yaml = format!(
            "nodes:\n  desk: {{role: router, bind: tcp://127.0.0.1:*, {timers}script: script.rhai}}\n  \
             customer: {{role: req, connect: desk, on_start: send(1), on_message: print(msg)}}\n"
        );
        let faults = faults_of(&yaml, Some(&block.text));
        assert_eq!(faults, [""; 0], "{}: {}", block.page, block.text);
    }
}

#[test]
fn every_command_of_the_pages_prints_what_stands_below_it() {
    let _turn = port_5556();
    let mut run = 0;
    for block in executed("console").iter().filter(|block| block.mark.is_empty()) {
        let folder = folder(&block.page);
        for (command, wanted) in commands(&block.text) {
            if NOT_RUN.iter().any(|known| command.starts_with(known)) {
                assert_eq!(wanted, "", "{command}");
                continue;
            }
            let arguments = command
                .strip_prefix("cargo run -- ")
                .or_else(|| command.strip_prefix("zrig "))
                .unwrap_or_else(|| panic!("the test does not know how to run: {command}"));
            let wanted = without_times(&wanted);
            // A machine that stands still for half a second costs the run a tick: one more try.
            let mut said = without_times(&output_of(arguments, folder.path()));
            if said != wanted {
                said = without_times(&output_of(arguments, folder.path()));
            }
            assert_eq!(said, wanted, "{}: {command}", block.page);
            run += 1;
        }
    }
    assert!(run >= 3, "the first example, a check and a test");
}

#[test]
fn a_part_of_what_a_command_says_is_said_by_it() {
    let mut compared = 0;
    for block in executed("text") {
        let Some(command) = block.mark.strip_prefix("of zrig ") else { continue };
        let folder = folder(&block.page);
        let said = output_of(command, folder.path());
        assert!(said.contains(&block.text), "{}: {command}\n{said}", block.page);
        compared += 1;
    }
    assert!(compared >= 1, "the test that fails");
}

#[test]
fn commands_that_look_into_a_run_print_what_stands_below_them() {
    let _turn = port_5556();
    let mut looked = 0;
    for block in executed("console") {
        let Some(file) = block.mark.strip_prefix("beside ") else { continue };
        let folder = folder(&block.page);
        let _run = started(file, folder.path());
        for (command, wanted) in commands(&block.text) {
            let arguments = command.strip_prefix("zrig ").unwrap();
            let said = output_of(arguments, folder.path());
            assert_eq!(shape(&said), shape(&wanted), "{}: {command}\n{said}", block.page);
            looked += 1;
        }
    }
    assert!(looked >= 5, "a tap, a send, a call and a top");
}

/// A run that has a control socket and has begun to say something.
fn started(file: &str, folder: &Path) -> Process {
    let started = Instant::now();
    loop {
        let run = Process::start(&format!("run {file} --for 2m"), folder);
        let lines = run.lines();
        let first = lines.recv_timeout(PATIENCE).unwrap();
        if !first.contains(PORT_TAKEN) {
            // The second one comes after the start.
            lines.recv_timeout(PATIENCE).unwrap();
            std::thread::spawn(move || lines.into_iter().for_each(drop));
            return run;
        }
        assert!(started.elapsed() < PATIENCE, "{first}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Lines without figures, units and widths, in an order that does not depend on figures.
fn shape(text: &str) -> Vec<String> {
    let unit = |word: &str| word.trim_end_matches(['u', 'm', 'n', 's', 'k', 'M']).to_owned();
    let plain = |line: &str| {
        let line = without_figures(line);
        let words = line.split_whitespace();
        let words = words.map(|word| if word.starts_with('#') { unit(word) } else { word.into() });
        words.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = text.lines().map(plain).collect();
    lines.sort();
    lines
}

#[test]
fn an_edit_is_answered_as_the_pages_say() {
    let _turn = port_5556();
    let folder = folder("README.md");
    let wanted: Vec<Vec<String>> = executed("text")
        .iter()
        .filter(|block| block.mark == "reload")
        .map(|block| block.text.lines().map(without_figures).collect())
        .collect();
    assert!(wanted.iter().all(|one| *one == wanted[0]), "{wanted:?}");
    let wanted = &wanted[0];
    let started = Instant::now();
    let (_run, lines) = loop {
        let run = Process::start("run topologies/first.yaml --for 2m", folder.path());
        let lines = run.lines();
        let first = lines.recv_timeout(PATIENCE).unwrap();
        if !first.contains(PORT_TAKEN) {
            break (run, lines);
        }
        assert!(started.elapsed() < PATIENCE, "{first}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let file = folder.path().join("topologies/first.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(" °C", " degrees")).unwrap();
    let mut said: Vec<String> = Vec::new();
    while said.last() != wanted.last() {
        let line = lines.recv_timeout(PATIENCE).unwrap();
        said.push(without_figures(&line));
    }
    // Readings from before the edit may stand in front.
    let from = said.len().saturating_sub(wanted.len());
    assert_eq!(said[from..], wanted[..]);
}

#[test]
fn the_moving_picture_is_that_of_its_recording() {
    let made = Command::new(root().join("tests/python/setup.sh")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let python = String::from_utf8(made.stdout).unwrap();
    let pictures = root().join("docs/pictures");
    let folder = TempDir::with_prefix("zrig-pages-").unwrap();
    let picture = folder.path().join("first.svg");
    let drawn = Command::new(python.trim())
        .arg(pictures.join("moving.py"))
        .args([&pictures.join("first.mcap"), &picture])
        .env("ZRIG", env!("CARGO_BIN_EXE_zrig"))
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let committed = fs::read_to_string(pictures.join("first.svg")).unwrap();
    assert!(fs::read_to_string(picture).unwrap() == committed, "`just pictures` makes it anew");
}

#[test]
fn the_picture_of_messages_is_that_of_its_recording() {
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
        command.args(["recording", "docs/pictures/first.mcap", "--cut", "2.4s..4.1s", "--format"]);
        let output = command.args(arguments).current_dir(root()).env("TZ", "UTC").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let committed = read("docs/pictures/messages.svg");
    assert!(said(&["svg"]) == committed, "`just pictures` makes it anew");
    let shown = said(&["sequence"]);
    let command = "$ zrig recording docs/pictures/first.mcap --cut 2.4s..4.1s --format sequence\n";
    let blocks = blocks_of("docs/recordings.md");
    let block = blocks.iter().find_map(|block| block.text.strip_prefix(command)).unwrap();
    assert_eq!(block, shown);
}

#[test]
fn the_test_command_of_the_readme_is_what_continuous_integration_runs_last() {
    let has = blocks_of("README.md").iter().any(|block| block.text == "$ cargo test\n");
    assert!(has, "the README has no `$ cargo test`");
    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert_eq!(script.trim_end().lines().last(), Some("cargo test"));
}

#[test]
fn the_list_of_topologies_leaves_none_out() {
    let of_folder = |folder: &'static str| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names = names.filter(|name| name.ends_with(".yaml") && !name.ends_with(".test.yaml"));
        names.map(move |name| format!("{folder}/{name}"))
    };
    let folders = ["topologies", "topologies/fleet"];
    let shipped: BTreeSet<String> = folders.into_iter().flat_map(of_folder).collect();
    let page = read("docs/topologies.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](../")?.1.split_once(')'));
    let listed: BTreeSet<String> = rows.map(|(path, _)| path.to_owned()).collect();
    assert_eq!(listed, shipped);
}

#[test]
fn the_list_of_commands_leaves_none_out() {
    let help = output_of("--help", root());
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let there: BTreeSet<&str> = commands
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let page = read("docs/commands.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `zrig "));
    let listed: BTreeSet<&str> = rows.filter_map(|row| row.split([' ', '`']).next()).collect();
    assert_eq!(listed, there);
}

#[test]
fn the_list_of_all_pages_leaves_none_out() {
    let list = read("docs/README.md");
    let folders = ["explain", "explain/codes"].map(|folder| root().join("docs").join(folder));
    let pages = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    for page in pages.map(|page| page.unwrap().path()) {
        let name = page.strip_prefix(root().join("docs")).unwrap().display().to_string();
        let is_page = name.ends_with(".md");
        assert!(!is_page || list.contains(&format!("({name})")), "docs/README.md lacks {name}");
    }
}

#[test]
fn the_book_has_every_page() {
    let chapters = read("docs/book/conf.py");
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")?.strip_suffix(".md")) {
        let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_in = chapters.contains(&format!("\"{page}\""))
            || chapters.contains(&format!("\"{folder}/\""));
        assert!(is_in || page == "README", "docs/book/conf.py lacks {page}");
    }
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let pages: BTreeMap<String, String> =
        pages().into_iter().map(|page| (page.clone(), read(&page))).collect();
    let mut dead = Vec::new();
    for (page, text) in &pages {
        let folder = root().join(page).parent().unwrap().to_owned();
        for link in links(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(page) } else { folder.join(path) };
            let Ok(target) = target.canonicalize() else {
                dead.push(format!("{page}: {link} is not there"));
                continue;
            };
            let target =
                target.strip_prefix(root().canonicalize().unwrap()).unwrap().display().to_string();
            let headed = |text: &String| anchors(text).any(|one| one == anchor);
            if !anchor.is_empty() && pages.get(&target).is_some_and(|text| !headed(text)) {
                dead.push(format!("{page}: {link} names a heading that {target} does not have"));
            }
        }
    }
    assert_eq!(dead, [""; 0]);
}

/// What the links of a page lead to that is in the repository, in its text, not in its blocks and code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("\n```").step_by(2);
    let links = prose.flat_map(|part| part.split("](").skip(1));
    let links = links.filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    links.filter(|link| {
        !link.contains("://") && !link.starts_with("mailto:") && !link.contains(['`', ' '])
    })
}

/// The anchors of a page's headings, as GitHub names them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let prose = text.split("\n```").step_by(2);
    let headings = prose.flat_map(str::lines).filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// The example has a fixed port, so what runs it takes turns.
fn port_5556() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The commands of a console block, each with what stands below it.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => output.extend([line, "\n"]),
            (None, None) => panic!("no command above {line:?}"),
        }
    }
    commands
}

/// All that a command prints. It is tried again while somebody else has the example's port.
fn output_of(arguments: &str, folder: &Path) -> String {
    let started = Instant::now();
    loop {
        let process = Process::start(arguments, folder);
        let lines = process.lines();
        let mut output = String::new();
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => output.extend([&line, "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("zrig {arguments} goes on:\n{output}"),
            }
        }
        if !output.contains(PORT_TAKEN) || started.elapsed() > PATIENCE {
            return output;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The words of a command line; quotes keep what is between them together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (_, _) => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// A process that ends when its test does.
struct Process {
    child: Mutex<Child>,
}

impl Process {
    fn start(arguments: &str, folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(words(arguments))
            .current_dir(folder)
            .env("XDG_RUNTIME_DIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child: Mutex::new(child) }
    }

    /// The lines of both outputs, as they come; it ends with them.
    fn lines(&self) -> Receiver<String> {
        let mut child = self.child.lock().unwrap();
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|pipe| Box::new(pipe) as _),
            child.stderr.take().map(|pipe| Box::new(pipe) as _),
        ];
        let (sender, lines) = channel();
        for pipe in outputs.into_iter().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        lines
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A text whose lines have no time of day any more.
fn without_times(text: &str) -> String {
    text.lines().flat_map(|line| [without_time(line), "\n"]).collect()
}

fn without_time(line: &str) -> &str {
    const SHAPE: &str = "00:00:00.000  ";
    let is_time = line.len() >= SHAPE.len()
        && line.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    // The last line of tests says how long they took.
    let end = [" failed, in ", " passed, in "]
        .iter()
        .find_map(|words| line.find(words))
        .filter(|_| line.ends_with(" s"));
    match end {
        Some(end) => &line[..end],
        None if is_time => &line[SHAPE.len()..],
        None => line,
    }
}

/// A line whose figures are all the same, durations with their units.
fn without_figures(line: &str) -> String {
    let mut plain = String::new();
    for c in without_time(line).chars() {
        let is_figure = c.is_ascii_digit() || c == '.' && plain.ends_with('#');
        if !is_figure {
            plain.push(c);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain.replace("#us)", "#)").replace("#ms)", "#)").replace("#s)", "#)")
}
