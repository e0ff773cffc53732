//! Slow motion from a page: the run is held, stepped and let go.
//!
//! Owns the one hold that all who look share, and that it ends when nobody looks any more. What a step
//! takes is the node's own choice.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{interval, timeout};

use super::refusal::refusal;
use super::site::{Asked, Site};
use crate::control::{Conversation, Failed, Reply, Request};

/// How often it is seen whether anybody looks.
const LOOK: Duration = Duration::from_secs(5);
/// How long a run may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which node takes a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    node: String,
}

/// `POST /api/hold`
pub(super) async fn hold(State(site): State<Arc<Site>>) -> Response {
    let mut holder = site.holder.lock().await;
    if holder.as_ref().is_some_and(|holder| !holder.is_closed()) {
        return refusal(StatusCode::CONFLICT, "the page holds the run already");
    }
    let begun = timeout(PATIENCE, begin(&site)).await;
    let (conversation, holding) = match begun.unwrap_or_else(|_| Err(silent())) {
        Ok(begun) => begun,
        Err(failed) => return refused(&failed),
    };
    let (sender, asked) = mpsc::channel(1);
    *holder = Some(sender);
    drop(holder);
    site.board.held(true);
    tokio::spawn(keep(conversation, asked, Arc::clone(&site)));
    Json(holding).into_response()
}

/// `POST /api/step`
pub(super) async fn step(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Wanted>(&body) {
        Ok(Wanted { node }) => ask(&site, Request::Step { target: node }).await,
        Err(error) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
}

/// `POST /api/release`
pub(super) async fn release(State(site): State<Arc<Site>>) -> Response {
    ask(&site, Request::Release).await
}

async fn begin(site: &Site) -> Result<(Conversation, Value), Failed> {
    let mut conversation = site.reach.connect().await?;
    let told = question(&mut conversation, &Request::Hold).await?;
    Ok((conversation, told))
}

async fn ask(site: &Site, request: Request) -> Response {
    let sender = site.holder.lock().await.clone();
    let (done, answer) = oneshot::channel();
    let asked = match sender {
        Some(sender) => sender.send((request, done)).await.is_ok(),
        None => false,
    };
    let answer = if asked { timeout(PATIENCE, answer).await } else { Ok(Ok(Err(not_held()))) };
    match answer {
        Ok(Ok(Ok(told))) => Json(told).into_response(),
        Ok(Ok(Err(failed))) => refused(&failed),
        // It was let go meanwhile.
        Ok(Err(_)) => refused(&not_held()),
        Err(_) => refused(&silent()),
    }
}

/// Holds the run until it is let go, goes on by itself, or nobody looks any more.
async fn keep(mut conversation: Conversation, mut asked: mpsc::Receiver<Asked>, site: Arc<Site>) {
    let mut look = interval(LOOK);
    look.tick().await;
    let mut alone = false;
    loop {
        tokio::select! {
            question = asked.recv() => {
                let Some((request, done)) = question else { break };
                let is_last = request == Request::Release;
                let told = question_told(&mut conversation, &request, &site).await;
                // Who asked may have gone.
                let _ = done.send(told);
                if is_last {
                    break;
                }
            }
            // Nothing comes unasked but the end of it.
            said = conversation.next() => {
                if let Ok(Some(Reply::Released(released))) = said {
                    site.board.tell_all("released", &json!(released));
                }
                break;
            }
            _ = look.tick() => {
                let is_looked_at = site.board.is_looked_at();
                if !is_looked_at && alone {
                    break;
                }
                alone = !is_looked_at;
            }
        }
    }
    // Its connection ends with it, and the hold with that.
    drop(conversation);
    site.board.held(false);
}

/// Asks, and tells all who look what came of it.
async fn question_told(
    conversation: &mut Conversation,
    request: &Request,
    site: &Site,
) -> Result<Value, Failed> {
    let told = timeout(PATIENCE, question(conversation, request)).await;
    let told = told.unwrap_or_else(|_| Err(silent()))?;
    for (kind, value) in told.as_object().into_iter().flatten() {
        site.board.tell_all(kind, value);
    }
    Ok(told)
}

async fn question(conversation: &mut Conversation, request: &Request) -> Result<Value, Failed> {
    let lost = |error: std::io::Error| now(&error.to_string());
    conversation.ask(request).await.map_err(lost)?;
    match conversation.next().await.map_err(lost)? {
        Some(Reply::Failed(failed)) => Err(failed),
        Some(reply) => Ok(json!(reply)),
        None => Err(now("the run has ended")),
    }
}

fn refused(failed: &Failed) -> Response {
    let status =
        if failed.invalid { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT };
    (status, Json(json!({"failed": failed}))).into_response()
}

fn not_held() -> Failed {
    now("the page does not hold the run: hold it first")
}

fn silent() -> Failed {
    now("the run does not answer")
}

fn now(error: &str) -> Failed {
    Failed { error: error.to_owned(), invalid: false }
}
