//! The thread that checks what is edited.
//!
//! Owns that one check runs at a time, of the newest texts, and that one that panics ends nothing.
//! Never speaks to the client.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use crate::diagnostic::Diagnostic;
use crate::language::looks_like_a_topology;
use crate::load::{Kept, Loaded, Unsaved, load_tests_unsaved, load_unsaved};
use crate::script::panic_text;
use crate::source::SourceMap;
use crate::test_file::is_test_file;

/// So many files are looked at in search of a topology or a script.
const MOST_FILES: usize = 2_000;
/// So deep folders are looked into.
const DEEPEST: usize = 5;

/// What is to be checked.
#[derive(Debug, Default)]
pub(super) struct Job {
    /// Which one it is: of two the larger was asked for later.
    pub(super) number: u64,
    /// The texts that are open.
    pub(super) unsaved: Unsaved,
    /// Their versions.
    pub(super) versions: BTreeMap<PathBuf, i32>,
    /// The topologies and test files.
    pub(super) topologies: BTreeSet<PathBuf>,
    /// Scripts whose topologies are not known yet.
    pub(super) scripts: BTreeSet<PathBuf>,
    /// The folders that the client works in.
    pub(super) roots: Vec<PathBuf>,
}

/// What a check came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// What is said of a topology and its scripts.
    Checked(Box<Findings>),
    /// No topology that is known names the script.
    Alone(PathBuf),
    /// The check panicked.
    Panicked(PathBuf, String),
}

/// What is said of a topology and its scripts.
#[derive(Debug)]
pub(super) struct Findings {
    /// The number of the job that asked for them.
    pub(super) job: u64,
    pub(super) topology: PathBuf,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) sources: SourceMap,
    /// Every file that was read or is missing.
    pub(super) files: Vec<PathBuf>,
    /// The versions of the texts that were open.
    pub(super) versions: BTreeMap<PathBuf, i32>,
    /// Scripts that lie near.
    pub(super) near: Vec<PathBuf>,
    /// The scripts that it names and what they import, with their texts.
    pub(super) scripts: BTreeMap<PathBuf, Arc<str>>,
    /// The topology that it tests, where it is a test file.
    pub(super) tested: Option<PathBuf>,
    /// Whether the topology is YAML: otherwise nothing is known of its scripts.
    is_yaml: bool,
}

impl Findings {
    /// Keeps what was known of the scripts, while the topology is no YAML for a moment, or one of them
    /// does not parse and hides what it imports.
    pub(super) fn follow(&mut self, before: Option<Self>) {
        let Some(before) = before else { return };
        for (path, text) in before.scripts {
            self.scripts.entry(path).or_insert(text);
        }
        if self.is_yaml {
            return;
        }
        for file in before.files {
            if !self.files.contains(&file) {
                self.files.push(file);
            }
        }
        self.near = before.near;
    }
}

/// Starts the thread; it ends when nobody sends it jobs any more.
///
/// # Errors
///
/// When there is no thread to be had.
pub(super) fn start(told: impl Fn(Outcome) + Send + 'static) -> std::io::Result<Sender<Job>> {
    let (jobs, waiting) = mpsc::channel();
    // As much as a check of a run has: scripts are parsed by recursion.
    let thread = std::thread::Builder::new().name("zrig-check".to_owned()).stack_size(16 << 20);
    thread.spawn(move || work(&waiting, &told))?;
    Ok(jobs)
}

fn work(waiting: &Receiver<Job>, told: &dyn Fn(Outcome)) {
    let mut kept: HashMap<PathBuf, Kept> = HashMap::new();
    while let Ok(mut job) = waiting.recv() {
        // What came while the check before this one went on is one check.
        while let Ok(newer) = waiting.try_recv() {
            let older = std::mem::replace(&mut job, newer);
            job.topologies.extend(older.topologies);
            job.scripts.extend(older.scripts);
        }
        for script in &job.scripts {
            let found = topologies_of(script, &job);
            if found.is_empty() {
                told(Outcome::Alone(script.clone()));
            }
            job.topologies.extend(found);
        }
        for topology in &job.topologies {
            let before = kept.remove(topology).unwrap_or_default();
            match catch_unwind(AssertUnwindSafe(|| check(topology, &job, before))) {
                Ok((findings, after, rest)) => {
                    told(Outcome::Checked(Box::new(findings)));
                    kept.insert(topology.clone(), after);
                    // Of a large file it takes a while to put away, for which nobody waits.
                    drop(rest);
                }
                Err(panic) => {
                    told(Outcome::Panicked(topology.clone(), panic_text(&*panic).to_owned()));
                }
            }
        }
    }
}

/// What is said of a topology or a test file, what is kept of it, and what nobody wants any more.
pub(super) fn check(path: &Path, job: &Job, kept: Kept) -> (Findings, Kept, Option<Box<Loaded>>) {
    let is_tests = is_test_file(path, "")
        || job.unsaved.get(path).is_some_and(|text| is_test_file(path, text));
    if is_tests { check_tests(path, job, kept) } else { check_topology(path, job, kept) }
}

fn check_tests(path: &Path, job: &Job, mut kept: Kept) -> (Findings, Kept, Option<Box<Loaded>>) {
    let lookup = |name: &str| std::env::var_os(name);
    let mut loaded = load_tests_unsaved(path, &job.unsaved, &mut kept, &lookup);
    let absent = loaded.tested.as_deref().map(absent);
    loaded.diagnostics.extend(absent.unwrap_or_default());
    let rest = loaded.tested.take();
    let findings = Findings {
        job: job.number,
        topology: path.to_owned(),
        diagnostics: loaded.diagnostics,
        scripts: scripts_of(&loaded.sources),
        sources: loaded.sources,
        files: loaded.files,
        versions: job.versions.clone(),
        near: Vec::new(),
        is_yaml: loaded.topology_file.is_some(),
        tested: Some(loaded.topology_file.unwrap_or_default()),
    };
    (findings, kept, rest)
}

/// Files and programs that a run would miss.
fn absent(loaded: &Loaded) -> Vec<Diagnostic> {
    loaded.absent_files().into_iter().chain(loaded.absent_programs()).collect()
}

fn scripts_of(sources: &SourceMap) -> BTreeMap<PathBuf, Arc<str>> {
    let is_script = |path: &Path| path.extension().is_some_and(|ending| ending == "rhai");
    let scripts = sources.iter().filter(|(_, source)| is_script(source.path()));
    scripts.map(|(_, it)| (it.path().to_owned(), Arc::clone(it.text()))).collect()
}

fn check_topology(
    topology: &Path,
    job: &Job,
    mut kept: Kept,
) -> (Findings, Kept, Option<Box<Loaded>>) {
    let lookup = |name: &str| std::env::var_os(name);
    let mut loaded = load_unsaved(topology, &job.unsaved, &mut kept, &lookup);
    let absent = absent(&loaded);
    loaded.diagnostics.extend(absent);
    let near = near(topology, &loaded.files);
    let scripts = scripts_of(&loaded.sources);
    let is_yaml = loaded.node_names().is_some();
    let findings = Findings {
        job: job.number,
        topology: topology.to_owned(),
        diagnostics: std::mem::take(&mut loaded.diagnostics),
        sources: std::mem::take(&mut loaded.sources),
        files: std::mem::take(&mut loaded.files),
        versions: job.versions.clone(),
        near,
        scripts,
        tested: None,
        is_yaml,
    };
    (findings, kept, Some(Box::new(loaded)))
}

/// The topologies that name a script: among those that are open, and those in the client's folders or
/// around the script.
fn topologies_of(script: &Path, job: &Job) -> Vec<PathBuf> {
    let Some(name) = script.file_stem().and_then(|name| name.to_str()) else { return Vec::new() };
    let mut folders: Vec<&Path> = job.roots.iter().map(PathBuf::as_path).collect();
    folders.retain(|folder| script.starts_with(folder));
    if folders.is_empty() {
        folders.extend(script.parent().and_then(Path::parent));
    }
    let mut left = MOST_FILES;
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    for folder in folders {
        files.extend(files_in(folder, &["yaml", "yml"], DEEPEST, &mut left));
    }
    let is_script = |file: &Path| file.extension().is_some_and(|ending| ending == "rhai");
    files.extend(job.versions.keys().filter(|file| !is_script(file)).cloned());
    let names_it = |file: &PathBuf| {
        let open = job.unsaved.get(file).map(ToString::to_string);
        let text = open.or_else(|| crate::load::text_of(file));
        text.is_some_and(|text| text.contains(name) && looks_like_a_topology(&text))
    };
    let mut kept = Kept::default();
    let mut found = files.into_iter().filter(names_it).collect::<Vec<PathBuf>>();
    found.retain(|file| {
        let loaded = load_unsaved(file, &job.unsaved, &mut kept, &|name| std::env::var_os(name));
        loaded.files.iter().any(|file| file == script)
    });
    found
}

/// The scripts beside a topology and beside those that it names, and in the folders there.
fn near(topology: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.extend(topology.parent());
    let mut left = MOST_FILES;
    let found = folders.into_iter().flat_map(|it| files_in(it, &["rhai"], 1, &mut left));
    let found: BTreeSet<PathBuf> = found.collect::<Vec<PathBuf>>().into_iter().collect();
    found.into_iter().collect()
}

/// The files of a folder with one of these endings, hidden ones left out.
fn files_in(folder: &Path, endings: &[&str], depth: usize, left: &mut usize) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let Some(rest) = left.checked_sub(1) else { break };
        *left = rest;
        let name = entry.file_name();
        let is_passed = name
            .to_str()
            .is_none_or(|name| name.starts_with('.') || ["target", "node_modules"].contains(&name));
        let path = entry.path();
        if is_passed {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 {
                found.extend(files_in(&path, endings, depth - 1, left));
            }
        } else if path
            .extension()
            .and_then(|it| it.to_str())
            .is_some_and(|it| endings.contains(&it))
        {
            found.push(path);
        }
    }
    found
}
