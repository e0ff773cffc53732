//! `/api/explain`: what a word means, for who reads the file in the page.
//!
//! Owns nothing: the pages are `explain`'s.

use axum::Json;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::refusal::refusal;
use crate::explain::{explain, meaning};

/// Which word.
#[derive(Deserialize)]
pub(super) struct Wanted {
    word: String,
}

/// `GET /api/explain?word=WORD`
pub(super) async fn word(Query(Wanted { word }): Query<Wanted>) -> Response {
    match explain(&word) {
        Some(text) => Json(json!({"title": meaning(&word), "markdown": text})).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "there is no page of that word"),
    }
}
