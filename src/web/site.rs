//! What all paths of a page share.
//!
//! Owns the bounds on what is done at once. What each path answers has a file of its own.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::board::Board;
use super::known_files::KnownFiles;
use super::lookup::Lookup;
use super::pictures::Pictures;
use super::reach::Reach;
use super::refusal::refusal;
use super::tokens::Tokens;
use crate::control::{Failed, Request};

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
}
