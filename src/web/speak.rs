//! `/api/send` and `/api/call`: a value for a node, as `zrig send` and `zrig call` give it.
//!
//! Owns what is asked and answered. What a node makes of it is `control`'s.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::refusal::refusal;
use super::site::Site;
use crate::control::{Failed, Reply, Request, Spoken};
use crate::script::Offered;

/// How long it may take, if that is not said.
const PATIENCE: u64 = 5_000;
/// How long it may take at most.
const LONGEST: u64 = 60_000;
/// How much longer a run may take to say that the time is over.
const ANSWER: Duration = Duration::from_secs(4);

/// What is to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    target: String,
    value: Offered,
    tag: Option<String>,
    to: Option<String>,
    #[serde(default)]
    receive: bool,
    milliseconds: Option<u64>,
}

impl Wanted {
    fn spoken(self) -> Spoken {
        Spoken {
            target: self.target,
            value: self.value,
            tag: self.tag,
            to: self.to,
            receive: self.receive,
            milliseconds: self.milliseconds.unwrap_or(PATIENCE).min(LONGEST),
        }
    }
}

/// `POST /api/send`
pub(super) async fn send(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    speak(&site, &body, Request::Send).await
}

/// `POST /api/call`
pub(super) async fn call(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    speak(&site, &body, Request::Call).await
}

async fn speak(site: &Site, body: &[u8], request: fn(Spoken) -> Request) -> Response {
    let spoken = match serde_json::from_slice::<Wanted>(body) {
        Ok(wanted) => wanted.spoken(),
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    // Those who look share the run's places with other clients.
    let Ok(_slot) = site.speaking.try_acquire() else {
        let error = "too many are speaking with the run already";
        return refusal(StatusCode::SERVICE_UNAVAILABLE, error);
    };
    let patience = Duration::from_millis(spoken.milliseconds) + ANSWER;
    let failed = match timeout(patience, site.reach.ask(&request(spoken))).await {
        Ok(Ok(Reply::Done(done))) => return Json(json!({"done": done})).into_response(),
        Ok(Ok(Reply::Answer(answer))) => return Json(json!({"answer": answer})).into_response(),
        Ok(Ok(Reply::Failed(failed)) | Err(failed)) => failed,
        Ok(Ok(_)) => now("the run said something strange"),
        Err(_) => now("the run does not answer"),
    };
    let status = if failed.invalid {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(json!({"failed": failed}))).into_response()
}

fn now(error: impl Into<String>) -> Failed {
    Failed { error: error.into(), invalid: false }
}
