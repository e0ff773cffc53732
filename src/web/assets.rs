//! `/` and `/assets/NAME`: the page and its parts.
//!
//! Owns how they are answered. Which there are `page` says.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::page::PARTS;
use super::refusal::refusal;

/// `GET /`
pub(super) async fn index(headers: HeaderMap) -> Response {
    asset("index.html", &headers)
}

/// `GET /assets/NAME`
pub(super) async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response {
    asset(&name, &headers)
}

fn asset(name: &str, headers: &HeaderMap) -> Response {
    let Some(part) = PARTS.iter().find(|part| part.name == name) else {
        return refusal(StatusCode::NOT_FOUND, "the page has no such part");
    };
    let mut hasher = DefaultHasher::new();
    part.bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known =
        headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let head = [(ETAG, tag.as_str()), (CONTENT_TYPE, part.kind), (CACHE_CONTROL, "no-cache")];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    if part.is_gzip {
        // Every browser takes it, and it is kept in no other form.
        return (head, [(CONTENT_ENCODING, "gzip")], part.bytes).into_response();
    }
    (head, part.bytes).into_response()
}
