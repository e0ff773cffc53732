//! `/api/picture.svg`: the picture of what runs, or ran.
//!
//! Owns what is asked of it. Never draws: `graph` does.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::refusal::refusal;
use super::site::Site;
use crate::graph::{Open, Picture, svg};

/// What is asked of a picture.
#[derive(Deserialize)]
pub(super) struct Wanted {
    generation: Option<u64>,
    /// The groups of like nodes that are drawn node by node, parted by commas.
    #[serde(default)]
    open: String,
}

/// `GET /api/picture.svg`
pub(super) async fn picture(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some(topology) = site.pictures.topology(wanted.generation) else {
        return refusal(StatusCode::NOT_FOUND, "there is no picture of that version");
    };
    let open = Open::named(wanted.open.split(',').filter(|name| !name.is_empty()));
    let drawing = tokio::task::spawn_blocking(move || svg(&Picture::of(&topology).folded(&open)));
    match drawing.await {
        Ok(svg) => ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
