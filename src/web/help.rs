//! `/api/complete` and `/api/hover`: what could be written at a place of a file that is edited in the
//! page, and what the word there means.
//!
//! Owns how the places of a page's texts become those of a file. The words are `language`'s.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::{Folder, on_disk};
use super::refusal::refusal;
use super::site::Site;
use crate::language::{self, CompletionKind, File, Project, byte_of_utf16, utf16_of_byte};
use crate::source::Source;

/// A place in a text that is not saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: String,
    text: String,
    /// In UTF-16 code units from the beginning.
    offset: usize,
}

/// `POST /api/complete`
pub(super) async fn complete(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    answer(site, &body, |project, path, text, byte| {
        let found = language::complete(project, path, byte).into_iter();
        let items = found.map(|one| {
            json!({
                "label": one.label,
                "kind": kind(one.kind),
                "detail": one.detail,
                "text": one.insert,
                "from": utf16_of_byte(text, one.replace.start),
            })
        });
        json!({"items": items.collect::<Vec<_>>()})
    })
    .await
}

/// `POST /api/hover`
pub(super) async fn hover(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    answer(site, &body, |project, path, text, byte| {
        language::hover(project, path, byte).map_or(Value::Null, |hover| {
            json!({
                "markdown": hover.markdown,
                "from": utf16_of_byte(text, hover.range.start),
                "to": utf16_of_byte(text, hover.range.end),
            })
        })
    })
    .await
}

async fn answer(
    site: Arc<Site>,
    body: &[u8],
    told: impl FnOnce(&Project<'_>, &Path, &str, usize) -> Value + Send + 'static,
) -> Response {
    let place = match serde_json::from_slice::<Place>(body) {
        Ok(place) => place,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    site.load(move |site| {
        let folder = Folder::of(site);
        let path = folder.real(&place.path);
        let mut sources = on_disk(site, &folder);
        let Some(source) = sources.iter_mut().find(|source| source.path() == path) else {
            let error = format!("{} is no file of this run", place.path);
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error);
        };
        *source = Source::new(path.clone(), place.text.as_str());
        let file = |source| -> File<'_> {
            let source: &Source = source;
            File { path: source.path(), text: source.text() }
        };
        let is_script = |file: &File<'_>| file.path.extension().is_some_and(|end| end == "rhai");
        let project = Project {
            topology: sources.iter().map(file).find(|file| file.path == folder.file),
            scripts: sources.iter().map(file).filter(is_script).collect(),
        };
        let byte = byte_of_utf16(&place.text, place.offset);
        Json(told(&project, &path, &place.text, byte)).into_response()
    })
    .await
}

/// The words that CodeMirror has signs for.
fn kind(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Key | CompletionKind::Property => "property",
        CompletionKind::Word | CompletionKind::Code => "constant",
        CompletionKind::Node | CompletionKind::Place | CompletionKind::Socket => "class",
        CompletionKind::Endpoint | CompletionKind::File => "text",
        CompletionKind::Handler | CompletionKind::Function => "function",
        CompletionKind::Variable | CompletionKind::Name => "variable",
        CompletionKind::Keyword => "keyword",
    }
}
