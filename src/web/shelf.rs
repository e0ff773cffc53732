//! The recordings that a page may see, and those that it has open.
//!
//! Owns which files those are: what lies beside the topology's file, and what the run itself records to. What
//! is asked for is looked up among them by name, so that no name leads elsewhere. Never reads more of a file
//! than fits its bounds, and never writes one.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::board::RunTold;
use crate::lock::locked;
use crate::recording::{Glance, Reader, follows, glance};
use crate::topology::Topology;

/// How many are shown, the newest ones.
const SHOWN: usize = 100;
/// How long a list is told again.
const LISTED_FOR: Duration = Duration::from_secs(1);
/// How many names of a folder are looked at.
const NAMES: usize = 10_000;
/// How many are kept open.
const OPEN: usize = 3;
/// How many versions of topologies are kept.
const DRAWN: usize = 8;
/// Bytes that an index may have.
const INDEX: u64 = 64 << 20;
/// Bytes that are read of one without an index, to show it in a list and to go through it.
const LISTED: u64 = 64 << 20;
const OPENED: u64 = 512 << 20;

/// What the page knows of recordings.
#[derive(Default)]
pub(super) struct Shelf {
    /// What was said of each in the list, as long as it is the same file.
    described: Mutex<BTreeMap<PathBuf, (Stamp, Value)>>,
    /// The list as it was a moment ago.
    listed: Mutex<Option<(Instant, Value)>>,
    /// The one opened last is the last.
    open: Mutex<Vec<Held>>,
    drawn: Mutex<Vec<(Stamp, u64, Arc<Topology>)>>,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, u64),
    length: u64,
    changed: (i64, i64),
}

/// One that is open.
struct Held {
    stamp: Stamp,
    reader: Arc<Mutex<Reader>>,
}

/// A recording that was found.
pub(super) struct Found {
    /// What it is called: its file's name, or where it is, elsewhere than beside the topology.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) changed: SystemTime,
    /// Whether it is the run's own, which it may be writing.
    pub(super) is_own: bool,
    pub(super) glance: Glance,
}

/// Where recordings are looked for.
pub(super) struct Looked {
    pub(super) folder: PathBuf,
    /// What the run records to.
    own: Option<PathBuf>,
}

struct Candidate {
    name: String,
    path: PathBuf,
    about: Metadata,
    is_own: bool,
}

impl Looked {
    /// For the page of a run.
    pub(super) fn of(run: &RunTold) -> Self {
        let folder = Path::new(&run.file).parent().map(Path::to_owned).unwrap_or_default();
        Self { folder, own: run.recording.as_ref().map(PathBuf::from) }
    }

    /// The newest recordings, the newest one first, and how many more files there are.
    pub(super) fn all(&self) -> (Vec<Found>, usize) {
        let candidates = self.candidates();
        let (mut found, mut seen) = (Vec::new(), 0);
        for candidate in &candidates {
            if found.len() == SHOWN {
                break;
            }
            seen += 1;
            found.extend(candidate.found());
        }
        (found, candidates.len() - seen)
    }

    /// The one of that name.
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        self.candidates().iter().find(|candidate| candidate.name == name)?.found()
    }

    /// Files that may be some, the newest one first.
    fn candidates(&self) -> Vec<Candidate> {
        let own = self.own.as_deref();
        let is_own = |path: &Path| own.is_some_and(|own| follows(path, own));
        let is_beside = |path: &Path| path.extension().is_some_and(|it| it == "mcap");
        let mut found = files(&self.folder, |path| is_beside(path) || is_own(path));
        let elsewhere = own.and_then(Path::parent).filter(|folder| *folder != self.folder);
        found.extend(elsewhere.into_iter().flat_map(|folder| files(folder, is_own)));
        let mut candidates: Vec<Candidate> = found
            .into_iter()
            .map(|(path, about)| {
                let name = path.strip_prefix(&self.folder).unwrap_or(&path).to_string_lossy();
                Candidate { name: name.into_owned(), is_own: is_own(&path), path, about }
            })
            .collect();
        candidates.sort_by(|a, b| {
            let changed = |of: &Candidate| (of.about.mtime(), of.about.mtime_nsec());
            changed(b).cmp(&changed(a)).then_with(|| a.name.cmp(&b.name))
        });
        candidates
    }
}

impl Candidate {
    fn found(&self) -> Option<Found> {
        // One that cannot be read is nobody's to see here.
        let glance = glance(&self.path).ok().flatten()?;
        Some(Found {
            name: self.name.clone(),
            path: self.path.clone(),
            stamp: Stamp::of(&self.about),
            changed: self.about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            is_own: self.is_own,
            glance,
        })
    }
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        Self {
            file: (about.dev(), about.ino()),
            length: about.len(),
            changed: (about.mtime(), about.mtime_nsec()),
        }
    }

    /// Whether it is the same file, which has at most grown.
    fn goes_on_from(&self, before: &Self) -> bool {
        self.file == before.file && self.length >= before.length
    }
}

impl Shelf {
    /// The list: what it was a moment ago, however many look, or else this.
    pub(super) fn list(&self, list: impl FnOnce() -> Value) -> Value {
        let mut listed = locked(&self.listed);
        let told = listed.take().filter(|(at, _)| at.elapsed() < LISTED_FOR);
        let (at, told) = told.unwrap_or_else(|| (Instant::now(), list()));
        *listed = Some((at, told.clone()));
        told
    }

    /// What is said of a recording in the list: what was said before, of the same file, or else this.
    pub(super) fn describe(&self, found: &Found, describe: impl FnOnce() -> Value) -> Value {
        let known = locked(&self.described).get(&found.path).cloned();
        if let Some((_, value)) = known.filter(|(stamp, _)| *stamp == found.stamp) {
            return value;
        }
        let value = describe();
        locked(&self.described).insert(found.path.clone(), (found.stamp, value.clone()));
        value
    }

    /// Forgets what was said of those that are no longer there.
    pub(super) fn keep_only(&self, found: &[Found]) {
        let is_there = |path: &PathBuf| found.iter().any(|one| one.path == *path);
        locked(&self.described).retain(|path, _| is_there(path));
    }

    /// Opens one for the list, where less of it is read.
    pub(super) fn glimpse(found: &Found) -> Result<Reader, String> {
        open_within(found, LISTED)
    }

    /// One that is open; opened anew where it is another file, or `is_fresh` wants all that has come to it.
    pub(super) fn reader(
        &self,
        found: &Found,
        is_fresh: bool,
    ) -> Result<Arc<Mutex<Reader>>, String> {
        let fits = |held: &Held| {
            if is_fresh { found.stamp == held.stamp } else { found.stamp.goes_on_from(&held.stamp) }
        };
        let known =
            locked(&self.open).iter().rfind(|held| fits(held)).map(|held| Arc::clone(&held.reader));
        if let Some(known) = known {
            return Ok(known);
        }
        let reader = Arc::new(Mutex::new(open_within(found, OPENED)?));
        let mut open = locked(&self.open);
        open.retain(|held| held.stamp.file != found.stamp.file);
        open.push(Held { stamp: found.stamp, reader: Arc::clone(&reader) });
        if open.len() > OPEN {
            open.remove(0);
        }
        Ok(reader)
    }

    /// The topology of a version, which is that of a time; made where it is not known.
    pub(super) fn topology(
        &self,
        found: &Found,
        at: u64,
        make: impl FnOnce() -> Result<Topology, String>,
    ) -> Result<Arc<Topology>, String> {
        let is_it = |(stamp, of, _): &&(Stamp, u64, Arc<Topology>)| {
            stamp.file == found.stamp.file && *of == at
        };
        if let Some((.., known)) = locked(&self.drawn).iter().find(is_it) {
            return Ok(Arc::clone(known));
        }
        let topology = Arc::new(make()?);
        let mut drawn = locked(&self.drawn);
        drawn.push((found.stamp, at, Arc::clone(&topology)));
        if drawn.len() > DRAWN {
            drawn.remove(0);
        }
        Ok(topology)
    }
}

fn open_within(found: &Found, most: u64) -> Result<Reader, String> {
    if let Some(index) = found.glance.index.filter(|index| *index > INDEX) {
        return Err(format!(
            "its index has {} MiB, and the page reads one of at most {} MiB: take a part of it, \
             by `zrig recording FILE --cut FROM..TO --to NEW`",
            index >> 20,
            INDEX >> 20
        ));
    }
    Reader::open_within(&found.path, most).map_err(|error| error.to_string())
}

/// The files of a folder whose paths fit. What is a link is none of them, wherever it leads.
fn files(folder: &Path, fits: impl Fn(&Path) -> bool) -> Vec<(PathBuf, Metadata)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.take(NAMES).filter_map(Result::ok).map(|entry| entry.path());
    let fitting = entries.filter(|path| fits(path));
    let files = fitting.filter_map(|path| Some((path.symlink_metadata().ok()?, path)));
    files.filter(|(about, _)| about.is_file()).map(|(about, path)| (path, about)).collect()
}
