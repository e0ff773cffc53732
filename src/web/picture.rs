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
use crate::topology::Topology;

/// What is asked of a picture.
#[derive(Deserialize)]
pub(super) struct Wanted {
    generation: Option<u64>,
    /// The groups of like nodes that are drawn node by node, parted by commas.
    #[serde(default)]
    open: String,
    /// The nodes whose copies are drawn one by one, parted by commas.
    #[serde(default)]
    copies: String,
}

/// `GET /api/picture.svg`
pub(super) async fn picture(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some(topology) = site.pictures.topology(wanted.generation) else {
        return refusal(StatusCode::NOT_FOUND, "there is no picture of that version");
    };
    let drawing =
        tokio::task::spawn_blocking(move || drawn(&topology, &wanted.open, &wanted.copies));
    drawing
        .await
        .unwrap_or_else(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

/// The picture of a topology, with these groups and copies one by one.
pub(super) fn drawn(topology: &Topology, open: &str, copies: &str) -> Response {
    let open = Open::named(names(open));
    let copies = names(copies).map(str::to_owned).collect();
    let picture = Picture::of(topology).folded(&open);
    match picture.with_copies(&copies).as_ref().map(svg) {
        Some(svg) => ([(CONTENT_TYPE, "image/svg+xml")], svg).into_response(),
        None => {
            let why = "these copies are too many to be drawn one by one";
            refusal(StatusCode::UNPROCESSABLE_ENTITY, why)
        }
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|name| !name.is_empty())
}
