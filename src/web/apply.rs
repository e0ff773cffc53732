//! `/api/apply`: what was edited in a page becomes what the files say.
//!
//! Owns that nothing is written over what somebody else wrote meanwhile, nothing that is faulty, and of
//! several files all or none. What becomes of it in the run is told as of any save.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::{Folder, hash, load, on_disk};
use super::refusal::refusal;
use super::site::Site;
use crate::lock::locked;
use crate::source::Source;
use crate::whole::replace;

/// What is to be saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    files: BTreeMap<String, Version>,
}

/// A text, and what tells which one it was made from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    text: String,
    hash: String,
}

/// `POST /api/apply`
pub(super) async fn apply(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    if !site.edit {
        return refusal(StatusCode::FORBIDDEN, "nothing is changed here: start it with --edit");
    }
    let edited = match serde_json::from_slice::<Edited>(&body) {
        Ok(edited) => edited,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    site.load(move |site| {
        let _alone = locked(&site.applying);
        saved(site, edited).unwrap_or_else(|refused| *refused)
    })
    .await
}

fn saved(site: &Site, edited: Edited) -> Result<Response, Box<Response>> {
    let folder = Folder::of(site);
    let known = on_disk(site, &folder);
    let found = |path: &str| known.iter().find(|source| source.path() == folder.real(path));
    let mut conflicts: Vec<Value> = Vec::new();
    for (path, version) in &edited.files {
        let Some(now) = found(path) else {
            let error = format!("{path} is no file of this run");
            return Err(refusal(StatusCode::UNPROCESSABLE_ENTITY, &error).into());
        };
        let is = hash(now.text());
        if is != version.hash {
            conflicts.push(json!({
                "path": path, "text": &**now.text(), "hash": is, "yours": version.text
            }));
        }
    }
    if !conflicts.is_empty() {
        let told = Json(json!({"conflicts": conflicts}));
        return Err((StatusCode::CONFLICT, told).into_response().into());
    }
    let texts = edited.files.into_iter().map(|(path, version)| (folder.real(&path), version.text));
    let texts: BTreeMap<PathBuf, String> = texts.collect();
    let loaded = load(&folder.file, &texts, &site.lookup);
    if loaded.topology.is_none() {
        let faulty = json!({"diagnostics": folder.faults(&loaded)});
        return Err((StatusCode::UNPROCESSABLE_ENTITY, Json(faulty)).into_response().into());
    }
    write_all(&texts, &known).map_err(|error| {
        let error = format!("nothing was saved: {error}");
        Box::new(refusal(StatusCode::INTERNAL_SERVER_ERROR, &error))
    })?;
    let paths: Vec<String> = texts.keys().map(|path| folder.shown(path)).collect();
    let run = site.board.run();
    let mut told = json!({"saved": paths, "watched": run.watched});
    if !run.watched {
        told["tell"] = json!(format!("kill -HUP {}", run.pid));
    }
    Ok(Json(told).into_response())
}

/// Writes all texts that are otherwise than before, or none.
fn write_all(texts: &BTreeMap<PathBuf, String>, before: &[Source]) -> io::Result<()> {
    let mut written: Vec<&Source> = Vec::new();
    for (path, text) in texts {
        let Some(was) = before.iter().find(|source| source.path() == path) else { continue };
        if **was.text() == **text {
            continue;
        }
        if let Err(error) = replace(path, text.as_bytes()) {
            for was in written {
                // What cannot be put back either is told by what the run makes of it.
                let _ = replace(was.path(), was.text().as_bytes());
            }
            return Err(io::Error::other(format!("{}: {error}", path.display())));
        }
        written.push(was);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn of_several_files_all_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("a"), folder.path().join("gone/b"));
        fs::write(&one, "one").unwrap();
        let before = [Source::new(one.clone(), "one"), Source::new(two.clone(), "two")];
        let texts = BTreeMap::from([(one.clone(), "new".to_owned()), (two, "new".to_owned())]);
        let error = write_all(&texts, &before).unwrap_err().to_string();
        assert!(error.contains("gone/b"), "{error}");
        assert_eq!(fs::read_to_string(&one).unwrap(), "one");
        let texts = BTreeMap::from([(one.clone(), "new".to_owned())]);
        write_all(&texts, &before).unwrap();
        assert_eq!(fs::read_to_string(&one).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
