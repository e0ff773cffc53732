//! The page and its parts, which are in the program.
//!
//! Owns their list: what is not in it is not served. Never makes one.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::refusal::refusal;

const PAGE: &str = "text/html; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";

/// The parts: name, kind, and what is in it.
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("index.html", PAGE, include_bytes!("page/index.html")),
    ("app.js", MODULE, include_bytes!("page/app.js")),
];

/// `GET /`
pub(super) async fn index(headers: HeaderMap) -> Response {
    asset("index.html", &headers)
}

/// `GET /assets/NAME`
pub(super) async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response {
    asset(&name, &headers)
}

fn asset(name: &str, headers: &HeaderMap) -> Response {
    let Some((_, kind, bytes)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return refusal(StatusCode::NOT_FOUND, "the page has no such part");
    };
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known =
        headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let head = [(ETAG, tag.as_str()), (CONTENT_TYPE, *kind), (CACHE_CONTROL, "no-cache")];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, *bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page_has_at_most_300_kb() {
        let bytes: usize = ASSETS.iter().map(|(.., bytes)| bytes.len()).sum();
        assert!(bytes <= 300_000, "{bytes}");
    }
}
