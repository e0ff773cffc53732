//! `zrig export`: what runs a topology's places on an engine that people already use.
//!
//! Owns the arguments of `export`, which files belong to a topology, and what may be overwritten. Never
//! decides what is written: `export/` does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};

use super::output::{FAILED, INVALID, aside, invalid, show_faults};
use super::variables::Variables;
use crate::export::{Engine, Project, ProjectFile, STATE, Written, export, warnings};
use crate::listing::some_of;
use crate::load::{Loaded, load_again};
use crate::topology::{FileSpec, Topology};
use crate::visible::visible;

/// What was written, and what it said then.
const RECORD: &str = ".zrig-export";
/// What an object of Kubernetes may hold.
const CONFIG_MAP: usize = 1 << 20;
/// A larger file that `read` names is data.
const LIST: u64 = 256 << 10;

/// Write what runs each place of a topology: units of systemd, a Compose file, or manifests for Kubernetes
#[derive(Args, Debug)]
pub(super) struct ExportArguments {
    /// What runs it
    #[arg(value_enum)]
    engine: EngineWord,
    /// The topology file
    file: PathBuf,
    /// The folder for what is written
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The image of containers, whose entry point is the program
    #[arg(long, default_value = concat!("zrig:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// Overwrite what is there and was not written by this command
    #[arg(long)]
    force: bool,
    /// Set a variable of the file, before the environment
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum EngineWord {
    /// A unit a place
    Systemd,
    /// A service a place
    Compose,
    /// A Deployment or a StatefulSet a place
    Kubernetes,
}

impl From<EngineWord> for Engine {
    fn from(word: EngineWord) -> Self {
        match word {
            EngineWord::Systemd => Self::Systemd,
            EngineWord::Compose => Self::Compose,
            EngineWord::Kubernetes => Self::Kubernetes,
        }
    }
}

impl ExportArguments {
    /// Checks the file, and writes what runs it.
    ///
    /// # Errors
    ///
    /// When the result cannot be said.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let variables = match Variables::parse(&self.set) {
            Ok(variables) => variables,
            Err(error) => return Ok(invalid(&error)),
        };
        let unset = RefCell::new(BTreeSet::new());
        let lookup = |name: &str| -> Option<OsString> {
            if name == "STATE_DIRECTORY" {
                return Some(STATE.into());
            }
            let value = variables.get(name);
            // What is set by hand is no part of the file either.
            if !name.starts_with("CREDENTIALS") {
                unset.borrow_mut().insert(name.to_owned());
            }
            value
        };
        // What keeps a state is there, and not here.
        let loaded = load_again(&self.file, &lookup);
        show_faults(&loaded);
        let Some(topology) = loaded.topology.clone() else {
            return Ok(ExitCode::from(INVALID));
        };
        if let Some(error) = variables.unread() {
            return Ok(invalid(&error));
        }
        let engine = self.engine.into();
        let project = project(&self.file, topology, &loaded, &unset.borrow(), &self.image);
        for warning in warnings(&project, engine) {
            aside(&format!("warning: {}", visible(&warning)));
        }
        if let Some(error) = too_large(&project, engine) {
            return Ok(invalid(&error));
        }
        let written = export(&project, engine);
        match self.write(&written) {
            Ok(changed) => {
                let to = self.to.display().to_string();
                writeln!(
                    io::stdout().lock(),
                    "{} files in {}, {changed} of them new or changed; {} says what to do with them",
                    written.len(),
                    visible(&to),
                    visible(&self.to.join("README.md").display().to_string()),
                )?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                aside(&format!("error: {}", visible(&error)));
                Ok(ExitCode::from(FAILED))
            }
        }
    }

    /// Writes the files, and notes what they said; the result is how many there was to write.
    fn write(&self, written: &[Written]) -> Result<usize, String> {
        let told = |path: &Path, error: &io::Error| format!("{}: {error}", path.display());
        let record_path = self.to.join(RECORD);
        let record = read_record(&record_path);
        let mut changed = Vec::new();
        let mut foreign = Vec::new();
        for file in written {
            let path = self.to.join(&file.path);
            match fs::read(&path) {
                Ok(bytes) if bytes == file.text.as_bytes() => continue,
                Ok(bytes) => {
                    let is_own = record.get(&file.path) == Some(&sum(&bytes));
                    if !is_own && !self.force {
                        foreign.push(file.path.display().to_string());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(told(&path, &error)),
            }
            changed.push(file);
        }
        if !foreign.is_empty() {
            return Err(format!(
                "{} was not written by this command, or changed since: {}; nothing was written. \
                 Choose another folder, or overwrite by --force",
                if foreign.len() == 1 { "what is there" } else { "some of what is there" },
                some_of(&foreign)
            ));
        }
        for file in &changed {
            let path = self.to.join(&file.path);
            let folder = path.parent().unwrap_or(&self.to);
            fs::create_dir_all(folder).map_err(|error| told(folder, &error))?;
            fs::write(&path, &file.text).map_err(|error| told(&path, &error))?;
        }
        let lines: String = written
            .iter()
            .map(|file| format!("{}  {}\n", sum(file.text.as_bytes()), file.path.display()))
            .collect();
        fs::write(&record_path, lines).map_err(|error| told(&record_path, &error))?;
        Ok(changed.len())
    }
}

/// What was written before, by path.
fn read_record(path: &Path) -> BTreeMap<PathBuf, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(sum, path)| (PathBuf::from(path), sum.to_owned())).collect()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A topology with the files that it is made of.
fn project(
    file: &Path,
    topology: Topology,
    loaded: &Loaded,
    variables: &BTreeSet<String>,
    image: &str,
) -> Project {
    let mut texts: BTreeMap<PathBuf, Arc<str>> = BTreeMap::new();
    for (_, source) in loaded.sources.iter() {
        texts.insert(plain(source.path()), Arc::clone(source.text()));
    }
    let mut secrets = BTreeSet::new();
    let mut known = BTreeSet::new();
    for (path, _) in &loaded.fingerprints {
        let is_public = path.extension().is_some_and(|extension| extension == "key");
        match fs::read_to_string(path) {
            Ok(text) if is_public => {
                texts.insert(plain(path), text.into());
            }
            Ok(_) => {
                // Places that do not run a node know it by its public half.
                let public = path.with_extension("key");
                let is_pair = path.extension().is_some_and(|extension| extension == "key_secret");
                if let Some(text) = is_pair.then(|| fs::read_to_string(&public).ok()).flatten() {
                    texts.insert(plain(&public), text.into());
                    known.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
                }
                secrets.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
            Err(_) => {}
        }
    }
    let lists = topology.nodes.iter().filter_map(|node| match &node.read.as_ref()?.file {
        FileSpec::Path(path) => Some(path.clone()),
        FileSpec::Standard => None,
    });
    for path in lists.chain(scripts_of_programs(&topology)) {
        let is_list = path.metadata().is_ok_and(|about| about.is_file() && about.len() <= LIST);
        if let Some(text) = is_list.then(|| fs::read_to_string(&path).ok()).flatten() {
            texts.insert(plain(&path), text.into());
        }
    }
    let file = plain(file);
    let root = common(texts.keys().chain([&file]));
    let below = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_owned();
    Project {
        file: below(&file),
        files: texts
            .iter()
            .map(|(path, text)| ProjectFile { path: below(path), text: Arc::clone(text) })
            .collect(),
        secrets: secrets.into_iter().collect(),
        known: known.into_iter().collect(),
        variables: variables.iter().cloned().collect(),
        image: image.to_owned(),
        topology,
    }
}

/// What programs are told to run beside the topology, such as `worker.py`.
fn scripts_of_programs(topology: &Topology) -> impl Iterator<Item = PathBuf> {
    let programs = topology.nodes.iter().filter_map(|node| node.process.as_ref());
    programs.flat_map(|program| {
        let words = program.command.iter().filter(|word| Path::new(word).is_relative());
        words.map(|word| program.directory.join(word))
    })
}

/// A path from the root, without `.` and `..`; links on it are not followed.
fn plain(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

/// The deepest folder that has all of them.
fn common<'p>(mut paths: impl Iterator<Item = &'p PathBuf>) -> PathBuf {
    let first = paths.next().and_then(|path| path.parent()).unwrap_or(Path::new("/"));
    paths.fold(first.to_owned(), |root, path| {
        let shared = root.components().zip(path.components()).take_while(|(a, b)| a == b);
        shared.map(|(part, _)| part).collect()
    })
}

/// That the files do not fit what holds them there.
fn too_large(project: &Project, engine: Engine) -> Option<String> {
    let bytes: usize = project.files.iter().map(|file| file.text.len()).sum();
    (engine == Engine::Kubernetes && bytes > CONFIG_MAP).then(|| {
        format!(
            "the files have {bytes} bytes, and a ConfigMap holds {CONFIG_MAP}: leave large lists to \
             a volume"
        )
    })
}
