//! 'Something changed': the topology file, its scripts, and whatever they import.
//!
//! Owns the watching of folders. Says only that something moved; what changed is found by reading.
//! It never dies: what cannot be watched is looked at twice a second instead, and a folder that was
//! replaced by another one is found by looking every few seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::clock;
use crate::lock::locked;
use crate::until::until;

/// How long nothing may have moved before a change counts as saved: editors write in steps, and
/// files that are saved together are one change.
const QUIET: Duration = Duration::from_millis(50);
/// How long a change may be put off by others that follow.
const LONGEST: Duration = Duration::from_secs(1);
/// How often to look where events cannot be had.
const POLL: Duration = Duration::from_millis(500);
/// How often to look whether a folder is still the one that is watched: nothing tells that it, or
/// one above it, was moved away and another put in its place.
const LOOK: Duration = Duration::from_secs(2);
/// How long an event may be on its way.
const HEARD: Duration = Duration::from_millis(3);
/// How long a file that somebody has open for writing counts as being saved.
const WRITING: Duration = Duration::from_secs(2);
/// How many symlinks one after the other are followed.
const LINKS_MAX: usize = 40;

/// Watches files by their folders: editors rename, and Kubernetes swaps a symlink beside them.
#[derive(Debug)]
pub struct Watcher {
    events: Option<RecommendedWatcher>,
    files: Vec<PathBuf>,
    folders: BTreeSet<PathBuf>,
    shared: Arc<Shared>,
    polls: bool,
    poll_at: Instant,
    moving: Option<Moving>,
    /// Whether the last change was told although more followed.
    hurried: bool,
    look_at: Instant,
    /// The thread that looks at the folders: one of them may be on a file system that is away.
    looking: Option<JoinHandle<()>>,
}

/// A change that is under way.
#[derive(Clone, Copy, Debug)]
struct Moving {
    since: Instant,
    /// When nothing has moved for long enough.
    quiet_at: Instant,
}

/// What the thread of events and the waiting task share.
#[derive(Debug, Default)]
struct Shared {
    moved: Notify,
    /// Files and symlinks that matter, as events name them.
    wanted: Mutex<BTreeSet<PathBuf>>,
    /// Folders of which everything matters.
    whole: Mutex<BTreeSet<PathBuf>>,
    /// Files that were written to and not closed yet.
    writing: Mutex<BTreeSet<PathBuf>>,
    /// How often anything was written in place.
    writes: AtomicU64,
    /// The folders that are watched, and which ones they were then.
    folders: Mutex<BTreeMap<PathBuf, Option<Identity>>>,
    /// Whether another one was put in the place of any of them.
    replaced: AtomicBool,
}

/// A folder's device and number.
type Identity = (u64, u64);

impl Watcher {
    /// Watches nothing yet. With `poll` it never relies on events: some file systems have none.
    #[must_use]
    pub fn new(poll: bool) -> Self {
        let shared = Arc::new(Shared::default());
        let emitter = Arc::clone(&shared);
        let events = if poll {
            None
        } else {
            notify::recommended_watcher(move |event| emitter.hear(event)).ok()
        };
        let polls = events.is_none();
        let now = clock::now();
        Self {
            events,
            files: Vec::new(),
            folders: BTreeSet::new(),
            shared,
            polls,
            poll_at: now + POLL,
            moving: None,
            hurried: false,
            look_at: now + LOOK,
            looking: None,
        }
    }

    /// Watches these files from now on, and no others; of a path that ends with a `/`, all that lies in
    /// that folder. Says once that something moved, so that they are looked at again.
    pub fn follow(&mut self, files: &[PathBuf]) {
        self.files = files.to_vec();
        let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|file| trail(file)).collect();
        let whole = files.iter().filter(|file| file.as_os_str().as_bytes().ends_with(b"/"));
        let whole: BTreeSet<PathBuf> = whole.filter_map(|folder| trail(folder).pop()).collect();
        let mut folders: BTreeSet<PathBuf> = wanted.iter().map(|path| folder_of(path)).collect();
        // One that is not there yet is heard of by the folder above.
        folders.extend(whole.iter().filter(|folder| folder.is_dir()).cloned());
        *locked(&self.shared.whole) = whole;
        *locked(&self.shared.wanted) = wanted;
        *locked(&self.shared.folders) =
            folders.iter().map(|folder| (folder.clone(), identity(folder))).collect();
        let Some(events) = &mut self.events else { return };
        for gone in self.folders.difference(&folders) {
            // A folder that is gone is no longer watched anyway.
            let _ = events.unwatch(gone);
        }
        self.polls = false;
        for folder in &folders {
            // Watched again each time: a folder that was replaced is another one.
            self.polls |= events.watch(folder, RecursiveMode::NonRecursive).is_err();
        }
        self.folders = folders;
        // What was saved after it was read and before it was watched has told nobody.
        self.shared.moved.notify_one();
    }

    /// Whether it looks again and again, instead of hearing of changes.
    #[must_use]
    pub fn polls(&self) -> bool {
        self.polls
    }

    /// Whether something has moved that is not told yet.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.moving.is_some()
    }

    /// How often anything was written in place so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.shared.writes.load(Relaxed)
    }

    /// Whether the last change was told although more followed.
    #[must_use]
    pub fn is_hurried(&self) -> bool {
        self.hurried
    }

    /// Whether what was read since that count was may be the half of something: it is being written
    /// or was meanwhile, and the last change was told although more followed.
    pub async fn may_be_half(&self, writes: u64) -> bool {
        if !self.hurried {
            return false;
        }
        clock::sleep(HEARD).await;
        self.writes() != writes || !locked(&self.shared.writing).is_empty()
    }

    /// Waits until something moved and then nothing for a while, nor is anything being written; but
    /// not for ever where more and more moves.
    ///
    /// Whoever stops waiting and asks again misses nothing: other things happen meanwhile.
    pub async fn changed(&mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let moved = shared.moved.notified();
            let moving = self.moving;
            tokio::select! {
                () = moved => self.note_move(),
                () = until(Some(self.poll_at)), if self.polls && moving.is_none() => {
                    self.poll_at = clock::now() + POLL;
                    return self.tell(false);
                }
                () = until(Some(self.look_at)) => self.look(),
                () = until(moving.map(|moving| moving.quiet_at)) => {
                    if let Some(moving) = moving && self.is_told(moving) {
                        return self.tell(clock::since(moving.since) >= LONGEST);
                    }
                }
            }
        }
    }

    fn note_move(&mut self) {
        let now = clock::now();
        let since = self.moving.map_or(now, |moving| moving.since);
        self.moving = Some(Moving { since, quiet_at: (now + QUIET).min(since + LONGEST) });
    }

    /// Whether a change after which nothing moved, or too long everything, is told now.
    fn is_told(&mut self, moving: Moving) -> bool {
        let mut writing = locked(&self.shared.writing);
        if writing.is_empty() || clock::since(moving.since) >= WRITING {
            writing.clear();
            return true;
        }
        self.moving = Some(Moving { quiet_at: clock::now() + QUIET, ..moving });
        false
    }

    fn tell(&mut self, hurried: bool) {
        self.moving = None;
        self.hurried = hurried;
        if self.shared.replaced.swap(false, Relaxed) {
            let files = std::mem::take(&mut self.files);
            self.follow(&files);
        }
    }

    /// Looks at the folders, unless the last look has not come back.
    fn look(&mut self) {
        self.look_at = clock::now() + LOOK;
        if self.events.is_none() || self.looking.as_ref().is_some_and(|look| !look.is_finished()) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let look = std::thread::Builder::new().name("folders".to_owned());
        self.looking = look.spawn(move || shared.look_at_folders()).ok();
    }
}

fn identity(folder: &Path) -> Option<Identity> {
    folder.metadata().ok().map(|about| (about.dev(), about.ino()))
}

impl Shared {
    fn look_at_folders(&self) {
        let known = locked(&self.folders).clone();
        if known.iter().any(|(folder, was)| identity(folder) != *was) {
            self.replaced.store(true, Relaxed);
            self.moved.notify_one();
        }
    }

    fn hear(&self, event: notify::Result<notify::Event>) {
        let Ok(event) = event else {
            // The queue of events ran over, say: whatever moved, it is looked at.
            self.moved.notify_one();
            return;
        };
        // Reading the files is an access too, and must not look like a change.
        if is_reading(event.kind) {
            return;
        }
        let paths: Vec<PathBuf> = {
            let (wanted, whole) = (locked(&self.wanted), locked(&self.whole));
            let is_inside = |path: &Path| path.parent().is_some_and(|it| whole.contains(it));
            let matters = |path: &&PathBuf| wanted.contains(*path) || is_inside(path);
            event.paths.iter().filter(matters).cloned().collect()
        };
        if paths.is_empty() && !event.paths.is_empty() {
            return;
        }
        let mut writing = locked(&self.writing);
        for path in paths {
            if matches!(event.kind, EventKind::Modify(ModifyKind::Data(_))) {
                self.writes.fetch_add(1, Relaxed);
                writing.insert(path);
            } else {
                writing.remove(&path);
            }
        }
        drop(writing);
        self.moved.notify_one();
    }
}

fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access)
        if access != AccessKind::Close(AccessMode::Write))
}

/// Every path that decides what a file says: itself, and the symlinks on the way to it.
///
/// Each is absolute and without `..`: so events name it, whichever way the topology writes it.
fn trail(file: &Path) -> Vec<PathBuf> {
    let mut trail = Vec::new();
    let mut next = Some(std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    while let Some(path) = next.take()
        && trail.len() < LINKS_MAX
    {
        let mut so_far = PathBuf::new();
        let mut components = path.components();
        while let Some(component) = components.next() {
            if component == Component::ParentDir {
                // What came before is no symlink, so this is the folder above it.
                so_far.pop();
                continue;
            }
            so_far.push(component);
            let Ok(target) = so_far.read_link() else { continue };
            next = Some(folder_of(&so_far).join(target).join(components.as_path()));
            break;
        }
        trail.push(so_far);
    }
    trail
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::clock::{paused, since};

    /// After how many milliseconds a change is told, where something moves at these, and whether it
    /// was told although more followed.
    fn told_after(moves: impl Iterator<Item = u64> + Send + 'static, writes: bool) -> (u128, bool) {
        paused(async {
            let begun = clock::now();
            let mut watcher = Watcher::new(false);
            let shared = Arc::clone(&watcher.shared);
            if writes {
                locked(&shared.writing).insert("a".into());
            }
            tokio::spawn(async move {
                for at in moves {
                    until(Some(begun + Duration::from_millis(at))).await;
                    shared.moved.notify_one();
                }
            });
            watcher.changed().await;
            (since(begun).as_millis(), watcher.hurried)
        })
    }

    #[test]
    fn a_change_is_told_when_nothing_has_moved_for_a_while_or_too_long_everything() {
        assert_eq!(told_after([0].into_iter(), false), (50, false));
        assert_eq!(told_after([0, 40, 80].into_iter(), false), (130, false));
        assert_eq!(told_after((0..).map(|n| n * 40), false), (1000, true));
        // A file that is being written is waited for, but not for ever.
        assert_eq!(told_after([0].into_iter(), true), (2000, true));
    }

    #[test]
    fn who_hears_of_nothing_looks_twice_a_second() {
        paused(async {
            let begun = clock::now();
            let mut watcher = Watcher::new(true);
            watcher.changed().await;
            watcher.changed().await;
            assert_eq!(since(begun), 2 * POLL);
        });
    }

    #[test]
    fn the_trail_of_a_file_is_every_symlink_on_the_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("..1")).unwrap();
        std::fs::write(root.join("..1/t.yaml"), "").unwrap();
        symlink("..1", root.join("..data")).unwrap();
        symlink("..data/t.yaml", root.join("t.yaml")).unwrap();
        let names: Vec<_> = trail(&root.join("t.yaml"))
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["t.yaml", "..data", "..1/t.yaml"]);
    }

    #[test]
    fn a_file_is_followed_by_the_name_that_events_give_it() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(trail(Path::new("nowhere.yaml")), [here.join("nowhere.yaml")]);
        assert_eq!(trail(Path::new("a/../b/./c.rhai")), [here.join("b/c.rhai")]);
        assert_eq!(trail(Path::new("/no/such/t.yaml")), [PathBuf::from("/no/such/t.yaml")]);
    }

    #[test]
    fn a_symlink_to_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(trail(&folder.path().join("loop")).len() <= LINKS_MAX);
    }
}
