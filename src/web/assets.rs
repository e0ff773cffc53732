//! `/` and `/assets/NAME`: the page and its parts.
//!
//! Owns how they are answered, and that each goes over the wire as small as it can. Which there are `page` says.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::page::{PARTS, Part};
use super::refusal::refusal;

/// The parts as they go over the wire, each once it was asked for.
static PACKED: [OnceLock<Vec<u8>>; PARTS.len()] = [const { OnceLock::new() }; PARTS.len()];

/// `GET /`
pub(super) async fn index(headers: HeaderMap) -> Response {
    asset("index.html", &headers)
}

/// `GET /assets/NAME`
pub(super) async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response {
    asset(&name, &headers)
}

fn asset(name: &str, headers: &HeaderMap) -> Response {
    let Some(at) = PARTS.iter().position(|part| part.name == name) else {
        return refusal(StatusCode::NOT_FOUND, "the page has no such part");
    };
    let part = &PARTS[at];
    let mut hasher = DefaultHasher::new();
    part.bytes.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known =
        headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let head = [
        (ETAG, tag.as_str()),
        (CONTENT_TYPE, part.kind),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "accept-encoding"),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    if part.is_gzip {
        // Every browser takes it, and it is kept in no other form.
        return (head, [(CONTENT_ENCODING, "gzip")], part.bytes).into_response();
    }
    let takes = headers.get(ACCEPT_ENCODING).and_then(|takes| takes.to_str().ok());
    if takes.is_some_and(|takes| takes.contains("gzip")) {
        let packed: &'static [u8] = PACKED[at].get_or_init(|| packed(part));
        return (head, [(CONTENT_ENCODING, "gzip")], packed).into_response();
    }
    (head, part.bytes).into_response()
}

/// A part that is kept as it is written, packed.
fn packed(part: &Part) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory cannot fail.
    let _ = packer.write_all(part.bytes);
    packer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page_has_at_most_300_kb_on_the_wire() {
        let sent = |part: &Part| if part.is_gzip { part.bytes.len() } else { packed(part).len() };
        let bytes: usize = PARTS.iter().map(sent).sum();
        assert!(bytes <= 300_000, "{bytes}");
    }
}
