//! Server-sent events: what is told on and on, to one who may be slow or go.
//!
//! Owns the body of such an answer. What is told is `board`'s and `tap`'s.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use tokio::time::timeout;

use super::site::Site;

/// How long nothing may be told, before it is seen whether anybody is there.
const QUIET: Duration = Duration::from_secs(10);

/// One end of an answer that goes on.
pub(super) struct Teller(Sender<Bytes, Infallible>);

impl Teller {
    /// Tells something; whether anybody is there. Returns when it is on its way.
    pub(super) async fn tell(&mut self, text: Bytes) -> bool {
        self.0.send_data(text).await.is_ok()
    }

    /// Says nothing, to see whether anybody is there.
    pub(super) async fn knock(&mut self) -> bool {
        self.tell(Bytes::from_static(b": \n\n")).await
    }
}

/// An answer that goes on, and how to go on with it.
pub(super) fn begun() -> (Teller, Response) {
    // What waits for its client waits with whoever tells it.
    let (sender, body) = Channel::new(1);
    let body = Body::new(body);
    (Teller(sender), ([(CONTENT_TYPE, "text/event-stream")], body).into_response())
}

/// `GET /api/stream`
pub(super) async fn stream(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (mut viewer, greeting) = site.board.look(seen);
    let (mut teller, answer) = begun();
    tokio::spawn(async move {
        let mut is_there = teller.tell(greeting).await;
        while is_there {
            is_there = match timeout(QUIET, viewer.next()).await {
                Ok(text) => teller.tell(text).await,
                Err(_) => teller.knock().await,
            };
        }
    });
    answer
}
