//! 'Something changed': the topology file, its scripts, and whatever they import.
//!
//! Owns the watching of folders. Says only that something moved; what changed is found by reading.
//! It never dies: what cannot be watched is looked at every second instead.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// How long nothing may have moved before a change counts as saved: editors write in steps, and
/// files that are saved together are one change.
const QUIET: Duration = Duration::from_millis(50);
/// How often to look where events cannot be had.
const POLL: Duration = Duration::from_millis(500);

/// Watches files by their folders: editors rename, and Kubernetes swaps a symlink beside them.
#[derive(Debug)]
pub struct Watcher {
    events: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    moved: Arc<Notify>,
    polls: bool,
}

impl Watcher {
    /// Watches nothing yet. With `poll` it never relies on events: some file systems have none.
    #[must_use]
    pub fn new(poll: bool) -> Self {
        let moved = Arc::new(Notify::new());
        let teller = Arc::clone(&moved);
        let events = if poll {
            None
        } else {
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // Reading the files is an access too, and must not look like a change.
                let read = event.as_ref().is_ok_and(|event| is_reading(event.kind));
                if !read {
                    teller.notify_one();
                }
            })
            .ok()
        };
        let polls = events.is_none();
        Self { events, folders: BTreeSet::new(), moved, polls }
    }

    /// Watches the folders of these files from now on, and no others.
    pub fn follow(&mut self, files: &[PathBuf]) {
        let wanted: BTreeSet<PathBuf> = files.iter().flat_map(|file| folders_of(file)).collect();
        let Some(events) = &mut self.events else { return };
        for gone in self.folders.difference(&wanted) {
            // A folder that is gone is no longer watched anyway.
            let _ = events.unwatch(gone);
        }
        self.polls = false;
        for folder in &wanted {
            // Watched again each time: a folder that was replaced is another one.
            self.polls |= events.watch(folder, RecursiveMode::NonRecursive).is_err();
        }
        self.folders = wanted;
    }

    /// Waits until something moved and then nothing for a while.
    pub async fn changed(&self) {
        if self.polls {
            tokio::select! {
                () = self.moved.notified() => {}
                () = tokio::time::sleep(POLL) => return,
            }
        } else {
            self.moved.notified().await;
        }
        while tokio::time::timeout(QUIET, self.moved.notified()).await.is_ok() {}
    }
}

fn is_reading(kind: notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    matches!(kind, notify::EventKind::Access(access)
        if access != AccessKind::Close(AccessMode::Write))
}

/// The folder a file stands in, and the one it really stands in.
fn folders_of(file: &Path) -> Vec<PathBuf> {
    let parent = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    };
    let mut folders = vec![parent(file)];
    if let Ok(real) = file.canonicalize() {
        folders.push(parent(&real));
    }
    folders
}
