//! The files of the run: what they say, what is wrong with versions of them that are not saved, and
//! what a save would do.
//!
//! Owns which files a page may see and change: the topology, its scripts and what those look things up
//! in, and no others. Nothing is written here: `apply` does.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::faults::faults;
use super::lookup::Lookup;
use super::refusal::refusal;
use super::site::Site;
use crate::load::{Loaded, Unsaved, load_again_unsaved};
use crate::plan::Plan;
use crate::source::Source;

/// A file of the run.
#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) path: String,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) hash: String,
    pub(super) editable: bool,
}

/// Texts that are not saved, by their paths.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drafts {
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// What tells one text from another.
pub(super) fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Loads the topology as it would be with these texts saved.
pub(super) fn load(file: &Path, texts: &BTreeMap<PathBuf, String>, lookup: &Lookup) -> Loaded {
    let mut unsaved = Unsaved::default();
    for (path, text) in texts {
        unsaved.insert(path.clone(), text.as_str().into());
    }
    load_again_unsaved(file, &unsaved, &|name| lookup.get(name))
}

/// Where the topology is, and how paths are told from there.
pub(super) struct Folder {
    pub(super) file: PathBuf,
    folder: PathBuf,
}

impl Folder {
    pub(super) fn of(site: &Site) -> Self {
        let file = PathBuf::from(site.board.run().file);
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        Self { file, folder }
    }

    /// A path as a page is shown it: from the topology's folder, where it lies below.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    /// The path that is shown so.
    pub(super) fn real(&self, shown: &str) -> PathBuf {
        self.folder.join(shown)
    }

    /// Faults, with paths as they are shown.
    pub(super) fn faults(&self, loaded: &Loaded) -> Value {
        faults(loaded, &|path| self.shown(path))
    }
}

/// All files of the run as they are on the disk.
pub(super) fn on_disk(site: &Site, folder: &Folder) -> Vec<Source> {
    site.known.texts(&folder.file, || load(&folder.file, &BTreeMap::new(), &site.lookup))
}

/// `GET /api/files`
pub(super) async fn files(State(site): State<Arc<Site>>) -> Response {
    site.load(|site| {
        let folder = Folder::of(site);
        let shown = on_disk(site, &folder).into_iter().enumerate().map(|(at, source)| {
            let text = source.text();
            let shown =
                if site.edit { text.to_string() } else { source.shown(0..text.len()).into() };
            Shown {
                path: folder.shown(source.path()),
                kind: kind(at, source.path()),
                text: shown,
                hash: hash(text),
                editable: site.edit,
            }
        });
        Json(shown.collect::<Vec<_>>()).into_response()
    })
    .await
}

fn kind(at: usize, path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        _ if at == 0 => "topology",
        Some("rhai") => "script",
        Some(_) | None => "data",
    }
}

/// `POST /api/check`
pub(super) async fn check(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    judge(site, body, |_, _, told| told).await
}

/// `POST /api/plan`
pub(super) async fn plan(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    judge(site, body, |site, loaded, mut told| {
        if let Some((old, new)) = site.pictures.topology(None).zip(loaded.topology.as_ref())
            && let Ok(new) = site.pictures.running_of(new)
        {
            told["plan"] = Plan::between(&old, &new).to_json();
        }
        told
    })
    .await
}

async fn judge(
    site: Arc<Site>,
    body: Bytes,
    judged: impl FnOnce(&Site, &Loaded, Value) -> Value + Send + 'static,
) -> Response {
    let drafts = match serde_json::from_slice::<Drafts>(&body) {
        Ok(drafts) => drafts,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    site.load(move |site| {
        let folder = Folder::of(site);
        let texts = drafts.files.into_iter().map(|(path, text)| (folder.real(&path), text));
        let loaded = load(&folder.file, &texts.collect(), &site.lookup);
        let told = json!({"diagnostics": folder.faults(&loaded)});
        Json(judged(site, &loaded, told)).into_response()
    })
    .await
}
