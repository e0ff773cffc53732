//! `--metrics`: figures over HTTP, for Prometheus, orchestrators and people.
//!
//! Owns the paths and what each answers. Takes nothing but a window on what runs, and changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::names::is_asked_by_name;
use super::places::Standing;
use super::serve::{Bounds, Listening};
use crate::listing::some_of;
use crate::observe;
use crate::snapshot::{NodeStatus, Snapshot};
use crate::supervisor::View;

/// What its clients may take of it.
const BOUNDS: Bounds = Bounds {
    connections: 64,
    patience: Duration::from_secs(30),
    taking: Duration::from_secs(5),
    head: 16 * 1024,
};

const INDEX: &str = "/metrics   figures for Prometheus\n\
                     /topology  the same and more as JSON\n\
                     /healthz   whether zrig is alive\n\
                     /readyz    whether the start is over and no node has failed\n";

const TEXT: &str = "text/plain; charset=utf-8";

/// Serves the figures of a run on a thread of its own until the process ends.
///
/// # Errors
///
/// When the system gives no thread or no reactor.
pub fn serve_figures(listening: Listening, view: View, file: PathBuf) -> std::io::Result<()> {
    let run = Arc::new(Looked { view, file, name: listening.name().to_owned() });
    let routes = Router::new()
        .route("/", get(|| async { answer(StatusCode::OK, TEXT, INDEX.to_owned()) }))
        .route("/metrics", get(metrics))
        .route("/topology", get(topology))
        .route("/healthz", get(|| async { answer(StatusCode::OK, TEXT, "alive\n".to_owned()) }))
        .route("/readyz", get(ready))
        .fallback(|| async {
            answer(StatusCode::NOT_FOUND, TEXT, format!("there are only:\n{INDEX}"))
        })
        .layer(from_fn_with_state(Arc::clone(&run), let_in))
        .with_state(run);
    listening.start("figures", BOUNDS, || routes)
}

/// What clients look at.
struct Looked {
    view: View,
    file: PathBuf,
    /// What `--metrics` calls this machine.
    name: String,
}

impl Looked {
    async fn snapshot(&self) -> Arc<Snapshot> {
        self.view.snapshot(&self.file).await
    }
}

/// Answers who asks by a name of this server, and only asks.
async fn let_in(State(run): State<Arc<Looked>>, request: Request, next: Next) -> Response {
    if !is_asked_by_name(&request, &run.name) {
        // A page of a browser, whose name was made to mean this address, is no reader of figures.
        let text = "asked for by a name that is not this server's: ask by address, or name it: \
                    zrig run --metrics NAME:PORT\n";
        return answer(StatusCode::MISDIRECTED_REQUEST, TEXT, text.to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "only GET and HEAD are answered\n";
        let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, text.to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    if let Some(standing) = request.extensions().get::<Standing>() {
        standing.let_in();
    }
    next.run(request).await
}

async fn metrics(State(run): State<Arc<Looked>>) -> Response {
    let text = observe::metrics_text(&*run.snapshot().await);
    answer(StatusCode::OK, observe::CONTENT_TYPE, text)
}

async fn topology(State(run): State<Arc<Looked>>) -> Response {
    match serde_json::to_string(&*run.snapshot().await) {
        Ok(text) => answer(StatusCode::OK, "application/json", text),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
    }
}

async fn ready(State(run): State<Arc<Looked>>) -> Response {
    match unready(&*run.snapshot().await) {
        None => answer(StatusCode::OK, TEXT, "ready\n".to_owned()),
        Some(why) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}

/// Why the topology is not ready, if it is not.
fn unready(snapshot: &Snapshot) -> Option<String> {
    if !snapshot.started {
        return Some("not started yet".to_owned());
    }
    let is_out =
        |status| matches!(status, NodeStatus::Failed | NodeStatus::Resting | NodeStatus::Stopping);
    let out: Vec<String> = snapshot
        .nodes
        .iter()
        .filter(|node| is_out(node.status))
        .map(|node| format!("{} is {}", node.instance, node.status.word()))
        .collect();
    (!out.is_empty()).then(|| some_of(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_node_makes_it_unready() {
        let mut snapshot = Snapshot::default();
        assert_eq!(unready(&snapshot).as_deref(), Some("not started yet"));
        snapshot.started = true;
        assert_eq!(unready(&snapshot), None);
        for (status, ready) in [
            (NodeStatus::Running, true),
            (NodeStatus::Busy, true),
            (NodeStatus::Held, true),
            (NodeStatus::Failed, false),
            (NodeStatus::Resting, false),
        ] {
            let node = crate::snapshot::NodeSnapshot { status, ..Default::default() };
            snapshot.nodes = vec![node];
            assert_eq!(unready(&snapshot).is_none(), ready, "{status:?}");
        }
    }
}
