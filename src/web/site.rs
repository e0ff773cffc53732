//! What all paths of a page share.
//!
//! Owns the bounds on what is done at once. What each path answers has a file of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::board::Board;
use super::known_files::KnownFiles;
use super::lookup::Lookup;
use super::pictures::Pictures;
use super::reach::Reach;
use super::refusal::refusal;
use super::replays::Replays;
use super::shelf::Shelf;
use super::tokens::Tokens;
use crate::aside;
use crate::control::{Failed, Request};

/// How long a recording may take to be read, and how long it may be waited for others that are.
const LOOKING: Duration = Duration::from_secs(20);

/// A question for the connection that holds the run, and who waits for the answer.
pub(super) type Asked = (Request, oneshot::Sender<Result<Value, Failed>>);

/// The way to the connection that holds the run, while there is one.
pub(super) type Holder = tokio::sync::Mutex<Option<mpsc::Sender<Asked>>>;

/// What all paths share.
pub(super) struct Site {
    /// What the option calls this machine.
    pub(super) name: String,
    pub(super) reach: Reach,
    pub(super) board: Arc<Board>,
    pub(super) pictures: Arc<Pictures>,
    pub(super) lookup: Lookup,
    pub(super) known: KnownFiles,
    pub(super) edit: bool,
    /// Who may look, where it is not everybody of this machine.
    pub(super) tokens: Option<Tokens>,
    pub(super) speaking: Semaphore,
    pub(super) loading: Semaphore,
    /// How many may look into recordings at once; apart from all else, since a disk that is away keeps them.
    pub(super) looking: Arc<Semaphore>,
    pub(super) shelf: Shelf,
    pub(super) replays: Replays,
    pub(super) applying: Mutex<()>,
    pub(super) holder: Holder,
}

impl Site {
    /// Does something that reads files, aside: a few at a time.
    pub(super) async fn load(
        self: &Arc<Self>,
        done: impl FnOnce(&Self) -> Response + Send + 'static,
    ) -> Response {
        let Ok(_slot) = self.loading.acquire().await else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "this server ends");
        };
        let site = Arc::clone(self);
        match tokio::task::spawn_blocking(move || done(&site)).await {
            Ok(answer) => answer,
            Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }

    /// Does something that reads recordings, on a thread of its own: a few at a time, and none is waited for when
    /// its disk does not answer.
    pub(super) async fn look(
        self: &Arc<Self>,
        done: impl FnOnce(&Self) -> Response + Send + 'static,
    ) -> Response {
        let site = Arc::clone(self);
        let slot = timeout(LOOKING, Arc::clone(&self.looking).acquire_owned()).await;
        let Ok(Ok(slot)) = slot else {
            let why = "other recordings are being read, and take long";
            return refusal(StatusCode::SERVICE_UNAVAILABLE, why);
        };
        let asked = aside::asked(move || {
            let _slot = slot;
            done(&site)
        });
        match timeout(LOOKING, asked).await {
            Ok(Some(answer)) => answer,
            Ok(None) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "it could not be read"),
            Err(_) => {
                let why = "it takes too long to be read: its disk is slow, or away";
                refusal(StatusCode::SERVICE_UNAVAILABLE, why)
            }
        }
    }
}
