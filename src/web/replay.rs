//! `/api/replay`: what came from outside in a recording, given to the run once more.
//!
//! Owns what is asked, and the thread that gives it. What is given, and how, is `replay`'s, as for `zrig replay`; what
//! is told of it is `replays`'. Only a page that may change the run may do it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::recordings::absent;
use super::refusal::refusal;
use super::replays::Told;
use super::shelf::Looked;
use super::site::Site;
use crate::clock::{nanos, since_epoch};
use crate::control::{Failed, Reply, Request};
use crate::lock::locked;
use crate::recording::Reader;
use crate::replay::{Pace, Performance, Performed, Progress, Stop};
use crate::snapshot::Snapshot;
use crate::topology::Topology;

/// How long a run may take to tell its figures.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be replayed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    speed: String,
    /// Seconds since the beginning.
    #[serde(default)]
    from: f64,
}

/// What a thread needs to give a recording to a run.
struct Work {
    site: Arc<Site>,
    handle: Handle,
    path: PathBuf,
    topology: Arc<Topology>,
    pace: Pace,
    stop: Stop,
    /// The process of the run.
    pid: u32,
    /// When the recording begins, in nanoseconds since the epoch.
    start: u64,
    from: f64,
}

/// `GET /api/replay`
pub(super) async fn replay(State(site): State<Arc<Site>>) -> Response {
    Json(json!({"replay": site.replays.told()})).into_response()
}

/// `POST /api/replay`
pub(super) async fn begin_replay(State(site): State<Arc<Site>>, body: Bytes) -> Response {
    if !site.edit {
        let why = "nothing is replayed here: start the page with --edit";
        return refusal(StatusCode::FORBIDDEN, why);
    }
    let wanted = match serde_json::from_slice::<Wanted>(&body) {
        Ok(wanted) => wanted,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    let pace: Pace = match wanted.speed.parse() {
        Ok(pace) => pace,
        Err(error) => {
            let error = format!("speed: {error}");
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error);
        }
    };
    let (shared, handle) = (Arc::clone(&site), Handle::current());
    site.look(move |_| begin(shared, handle, wanted, pace).unwrap_or_else(|refused| *refused)).await
}

/// `POST /api/replay/stop`
pub(super) async fn stop_replay(State(site): State<Arc<Site>>) -> Response {
    if !site.edit {
        let why = "nothing is replayed here: start the page with --edit";
        return refusal(StatusCode::FORBIDDEN, why);
    }
    match site.replays.stop() {
        Some(told) => Json(json!({"replay": told})).into_response(),
        None => refusal(StatusCode::CONFLICT, "nothing is being replayed"),
    }
}

fn begin(
    site: Arc<Site>,
    handle: Handle,
    wanted: Wanted,
    pace: Pace,
) -> Result<Response, Box<Response>> {
    let refused = |status, why: &str| Box::new(refusal(status, why));
    let run = site.board.run();
    if run.gone {
        return Err(refused(StatusCode::CONFLICT, "the run is over: there is nobody to replay to"));
    }
    let topology = site.pictures.topology(None);
    let topology = topology
        .ok_or_else(|| refused(StatusCode::CONFLICT, "it is not known yet what the run has"))?;
    let found = Looked::of(&run).find(&wanted.name).ok_or_else(absent)?;
    let invalid = |why: &str| refused(StatusCode::UNPROCESSABLE_ENTITY, why);
    let known = site.shelf.reader(&found, false).map_err(|error| invalid(&error))?;
    let times = locked(&known).times();
    let times = times.ok_or_else(|| invalid("there is nothing in it to replay"))?;
    let seconds = Duration::from_nanos(times.end() - times.start()).as_secs_f64();
    let from = if wanted.from.is_finite() { wanted.from.clamp(0.0, seconds) } else { 0.0 };
    let told = Told::of(wanted.name, wanted.speed, from, seconds);
    let stop =
        site.replays.begin(&site.board, &told).map_err(|why| refused(StatusCode::CONFLICT, why))?;
    let (pid, start) = (run.pid, *times.start());
    let (path, of) = (found.path, Arc::clone(&site));
    let work = Work { site: of, handle, path, topology, pace, stop, pid, start, from };
    let thread = std::thread::Builder::new().name("replay".to_owned()).spawn(move || work.work());
    if let Err(error) = thread {
        site.replays.ends(&site.board, Err(Failed::now(error)));
    }
    Ok(Json(json!({"replay": told})).into_response())
}

impl Work {
    /// Gives all of it, and tells what became of that.
    fn work(self) {
        let site = Arc::clone(&self.site);
        // A page that has one under way for ever could have no other.
        let given = catch_unwind(AssertUnwindSafe(|| self.give()));
        let given = given.unwrap_or_else(|_| Err(Failed::now("the replay has ended by a fault")));
        site.replays.ends(&site.board, given);
    }

    fn give(&self) -> Result<Performed, Failed> {
        // Of one that was broken off more is read than is shown.
        let mut reader =
            Reader::open(&self.path).map_err(|error| Failed::now(error.to_string()))?;
        let from = Duration::from_secs_f64(self.from);
        let from = UNIX_EPOCH + Duration::from_nanos(self.start) + from;
        let performance = Performance {
            topology: &self.topology,
            pace: self.pace,
            from: (self.from > 0.0).then_some(from),
            stop: self.stop.clone(),
        };
        let (site, handle, pid, start) = (&self.site, &self.handle, self.pid, self.start);
        let is_there =
            || Some(site.board.run()).filter(|run| run.pid == pid && !run.gone).is_some();
        let mut figures = || handle.block_on(figures(site));
        let mut tell = |progress: Progress<'_>| {
            let at = nanos(since_epoch(progress.at)).saturating_sub(start);
            site.replays.goes_on(
                &site.board,
                Duration::from_nanos(at).as_secs_f64(),
                progress.replayed,
            );
            if !is_there() {
                self.stop.say();
            }
        };
        let performed = performance.give(&mut reader, &mut figures, &mut tell);
        if is_there() { performed } else { Err(Failed::now("the run has ended meanwhile")) }
    }
}

async fn figures(site: &Site) -> Result<Snapshot, Failed> {
    match timeout(PATIENCE, site.reach.ask(&Request::Figures)).await {
        Ok(Ok(Reply::Figures(snapshot))) => Ok(*snapshot),
        Ok(Ok(Reply::Failed(failed)) | Err(failed)) => Err(failed),
        Ok(Ok(_)) | Err(_) => Err(Failed::now("the run does not tell its figures")),
    }
}
