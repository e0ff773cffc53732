//! The live page's server: its paths, and what they share.
//!
//! Owns the list of paths and how a page is begun. What each answers has a file of its own.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Semaphore;

use super::board::Board;
use super::picture::{Pictures, picture};
use super::reach::Reach;
use super::serve::{Bounds, Listening};
use super::speak::{call, send};
use super::stream::stream;
use super::tap::tap;
use super::{assets, entrance, sampler};

/// What clients of the page may take of it. A viewer that stalls is told what it missed, and goes only
/// when it has taken nothing for a minute.
const BOUNDS: Bounds = Bounds {
    connections: 256,
    patience: Duration::from_secs(30),
    taking: Duration::from_secs(60),
    head: 16 * 1024,
};
/// How many may speak with the run at once.
const SPEAKING: usize = 16;

/// Where the variables of a topology get their values.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Get>);

trait Get: Fn(&str) -> Option<OsString> + Send + Sync {}

impl<G: Fn(&str) -> Option<OsString> + Send + Sync> Get for G {}

impl Lookup {
    /// By a function.
    pub fn new(get: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self(Arc::new(get))
    }

    pub(super) fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name)
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookup")
    }
}

/// A live page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where its run is.
    pub reach: Reach,
    /// What the run's variables are.
    pub lookup: Lookup,
}

/// What all paths share.
pub(super) struct Site {
    /// What the option calls this machine.
    pub(super) name: String,
    pub(super) reach: Reach,
    pub(super) board: Arc<Board>,
    pub(super) pictures: Arc<Pictures>,
    pub(super) speaking: Semaphore,
}

impl Page {
    /// Serves it on a thread of its own until the process ends.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no reactor.
    pub fn serve(self, listening: Listening) -> io::Result<()> {
        let site = Arc::new(Site {
            name: listening.name().to_owned(),
            reach: self.reach.clone(),
            board: Board::new(false),
            pictures: Arc::new(Pictures::new(self.lookup)),
            speaking: Semaphore::new(SPEAKING),
        });
        listening.start("page", BOUNDS, move || {
            let (board, pictures) = (Arc::clone(&site.board), Arc::clone(&site.pictures));
            tokio::spawn(sampler::follow(self.reach, board, pictures));
            routes(site)
        })
    }
}

fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{name}", get(assets::part))
        .route("/api/run", get(run))
        .route("/api/picture.svg", get(picture))
        .route("/api/stream", get(stream))
        .route("/api/history", get(history))
        .route("/api/tap", get(tap))
        .route("/api/send", post(send))
        .route("/api/call", post(call))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "this is asked for in another way")
        })
        // What comes in was read, within its bounds, before.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&site), entrance::let_in))
        .with_state(site)
}

/// `GET /api/run`
async fn run(State(site): State<Arc<Site>>) -> Response {
    Json(site.board.run()).into_response()
}

/// `GET /api/history`
async fn history(State(site): State<Arc<Site>>) -> Response {
    let told = tokio::task::spawn_blocking(move || site.board.history()).await;
    match told {
        Ok(told) => ([(CONTENT_TYPE, "application/json")], told).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Why there is no answer, in the form in which the run says so.
pub(super) fn refusal(status: StatusCode, error: &str) -> Response {
    let invalid = status.is_client_error();
    (status, Json(json!({"failed": {"error": error, "invalid": invalid}}))).into_response()
}
