//! The live page's server: its paths, and what they share.
//!
//! Owns the list of paths and how a page is begun. What each answers has a file of its own.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::sync::Semaphore;

use super::apply::apply;
use super::board::Board;
use super::files::{check, files, plan};
use super::help::{complete, hover};
use super::known_files::KnownFiles;
use super::lookup::Lookup;
use super::picture::picture;
use super::pictures::Pictures;
use super::reach::Reach;
use super::recordings::{list, moment, one, then};
use super::refusal::refusal;
use super::replay::{begin_replay, replay, stop_replay};
use super::replays::Replays;
use super::serve::{Bounds, Listening};
use super::shelf::Shelf;
use super::site::{Holder, Site};
use super::slow::{hold, release, step};
use super::speak::{call, send};
use super::stream::stream;
use super::tap::tap;
use super::tokens::{Tell, Tokens};
use super::{assets, browser, entrance, sampler, words};

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
/// How many may have files read at once.
const LOADING: usize = 2;
/// How many may look into recordings at once.
const LOOKING: usize = 2;

/// A live page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where its run is.
    pub reach: Reach,
    /// What the run's variables are.
    pub lookup: Lookup,
    /// Whether it may change the run's files, and replay recordings into it.
    pub edit: bool,
    /// Whether a browser is to open it.
    pub open: bool,
    /// Who is told of links, once each.
    pub tell: Tell,
}

impl Page {
    /// Serves it on a thread of its own until the process ends.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, no reactor or no random bytes.
    pub fn serve(self, listening: Listening) -> io::Result<()> {
        let address = listening.address();
        let tokens = if address.ip().is_loopback() {
            None
        } else {
            Some(Tokens::new(listening.reached(), address.port(), self.tell.clone())?)
        };
        if self.open {
            let told = tokens.as_ref().map(Tokens::link);
            let link = told.unwrap_or_else(|| format!("http://{address}/"));
            browser::open(&link, &self.tell);
        }
        let site = Arc::new(Site {
            name: listening.name().to_owned(),
            reach: self.reach.clone(),
            board: Board::new(self.edit),
            pictures: Arc::new(Pictures::new(self.lookup.clone())),
            lookup: self.lookup,
            known: KnownFiles::default(),
            edit: self.edit,
            tokens,
            speaking: Semaphore::new(SPEAKING),
            loading: Semaphore::new(LOADING),
            looking: Arc::new(Semaphore::new(LOOKING)),
            shelf: Shelf::default(),
            replays: Replays::default(),
            applying: Mutex::default(),
            holder: Holder::default(),
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
        .route("/api/explain", get(words::word))
        .route("/api/files", get(files))
        .route("/api/check", post(check))
        .route("/api/plan", post(plan))
        .route("/api/apply", post(apply))
        .route("/api/complete", post(complete))
        .route("/api/hover", post(hover))
        .route("/api/hold", post(hold))
        .route("/api/step", post(step))
        .route("/api/release", post(release))
        .route("/api/recordings", get(list))
        .route("/api/recording", get(one))
        .route("/api/recording/moment", get(moment))
        .route("/api/recording/picture.svg", get(then))
        .route("/api/replay", get(replay).post(begin_replay))
        .route("/api/replay/stop", post(stop_replay))
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
