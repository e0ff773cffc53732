//! `/api/recordings` and what lies below: the list, a recording as a line of time, a moment of it, and the
//! picture as it was then.
//!
//! Owns what is asked and answered. Which files there are is `shelf`'s, what is read of one `recording`'s.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::picture::drawn;
use super::pictures::topology_of;
use super::refusal::refusal;
use super::shelf::{Found, Looked, Shelf};
use super::site::Site;
use crate::clock::since_epoch;
use crate::control::{Texts, read_by_frames};
use crate::lock::locked;
use crate::node::{Direction, Target, copy_of};
use crate::recording::{Around, Channel, Overview, Passage, Reader};

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;
/// What a moment is shown in: what was in the same microsecond belongs to it.
const SHOWN_IN: u64 = 1_000;
/// Bytes that the texts of a version may have.
const TEXTS: u64 = 16 << 20;

/// Which recording is wanted.
#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

/// Which moment of a recording is wanted.
#[derive(Deserialize)]
pub(super) struct Moment {
    name: String,
    /// Seconds since its beginning.
    at: f64,
    /// The sockets whose messages are wanted, parted by commas; all without them.
    #[serde(default)]
    targets: String,
}

/// Which picture of a recording is wanted.
#[derive(Deserialize)]
pub(super) struct Then {
    name: String,
    /// The place of the version in the list of them.
    version: usize,
    #[serde(default)]
    open: String,
    #[serde(default)]
    copies: String,
}

/// `GET /api/recordings`
pub(super) async fn list(State(site): State<Arc<Site>>) -> Response {
    site.look(|site| Json(site.shelf.list(|| listed(site))).into_response()).await
}

fn listed(site: &Site) -> Value {
    let run = site.board.run();
    let looked = Looked::of(&run);
    let (found, more) = looked.all();
    site.shelf.keep_only(&found);
    let told = found.iter().map(|one| {
        let mut told = site.shelf.describe(one, || described(one));
        told["writing"] = json!(is_written(one, run.gone));
        told
    });
    let told: Vec<Value> = told.collect();
    json!({"folder": looked.folder, "recordings": told, "more": more})
}

/// `GET /api/recording`
pub(super) async fn one(State(site): State<Arc<Site>>, Query(named): Query<Named>) -> Response {
    reading(&site, named.name, true, |site, found, reader| {
        let overview = Overview::of(reader).map_err(|error| error.to_string())?;
        let mut told = sums(reader);
        told["name"] = json!(found.name);
        told["writing"] = json!(is_written(found, site.board.run().gone));
        told["versions"] = json!(versions(reader));
        if let Some(overview) = overview {
            told["line"] = line(&overview);
            told["missing"] =
                json!(overview.missing.max(told["missing"].as_u64().unwrap_or_default()));
        }
        Ok(Json(told).into_response())
    })
    .await
}

/// `GET /api/recording/moment`
pub(super) async fn moment(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Moment>,
) -> Response {
    let names = wanted.targets.split(',').filter(|name| !name.is_empty());
    let targets: Vec<Target> = match names.map(str::parse).collect() {
        Ok(targets) => targets,
        Err(error) => return refusal(StatusCode::UNPROCESSABLE_ENTITY, &error),
    };
    reading(&site, wanted.name, false, move |_, _, reader| {
        let times = reader.times().ok_or("there is nothing in it")?;
        // A number that is none is the beginning, and one past the end is the end.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let since = (wanted.at * SECOND) as u64;
        let at = times.start().saturating_add(since).saturating_add(SHOWN_IN).min(*times.end());
        let around = Around::of(reader, at, &targets).map_err(|error| error.to_string())?;
        let messages = around.messages.into_iter().map(|(passed, peer)| {
            let mut message = read_by_frames(passed);
            message.peer = message.peer.or(peer);
            message
        });
        let told = json!({
            "at": seconds(at),
            "window": around.window.as_secs_f64(),
            "version": reader.version_at(at),
            "messages": messages.collect::<Vec<_>>(),
            "sockets": passages(reader, &around.sockets),
        });
        Ok(Json(told).into_response())
    })
    .await
}

/// `GET /api/recording/picture.svg`
pub(super) async fn then(State(site): State<Arc<Site>>, Query(wanted): Query<Then>) -> Response {
    reading(&site, wanted.name, false, move |site, found, reader| {
        let version = reader.versions().get(wanted.version).cloned();
        let version = version.ok_or("it has no such version of the topology")?;
        let topology = site.shelf.topology(found, version.at, || {
            if reader.texts_size(&version) > TEXTS {
                return Err("the texts of that version are too long to be drawn".to_owned());
            }
            let texts = reader.texts(&version).map_err(|error| error.to_string())?;
            let (generation, file) = (version.generation, version.file.clone());
            let texts = Texts { generation, file, part: Default::default(), texts };
            let topology = topology_of(texts, &site.lookup)?;
            // Of another file it may not have the place of the run.
            Ok(site.pictures.running_of(&topology).unwrap_or(topology))
        });
        Ok(drawn(&*topology?, &wanted.open, &wanted.copies))
    })
    .await
}

/// Answers from a recording, on another thread.
async fn reading(
    site: &Arc<Site>,
    name: String,
    is_fresh: bool,
    read: impl FnOnce(&Site, &Found, &mut Reader) -> Result<Response, String> + Send + 'static,
) -> Response {
    site.look(move |site| {
        let Some(found) = Looked::of(&site.board.run()).find(&name) else { return absent() };
        let answered = site
            .shelf
            .reader(&found, is_fresh)
            .and_then(|reader: Arc<Mutex<Reader>>| read(site, &found, &mut locked(&reader)));
        answered.unwrap_or_else(|error| refusal(StatusCode::UNPROCESSABLE_ENTITY, &error))
    })
    .await
}

/// There is no recording of that name.
pub(super) fn absent() -> Response {
    refusal(StatusCode::NOT_FOUND, "there is no recording of that name beside the topology's file")
}

/// What is said of a recording in the list.
fn described(found: &Found) -> Value {
    let mut told = match Shelf::glimpse(found) {
        Ok(reader) => sums(&reader),
        Err(error) => json!({"error": error}),
    };
    told["name"] = json!(found.name);
    told["size"] = json!(found.glance.length);
    told["changed"] = json!(since_epoch(found.changed).as_secs_f64());
    told
}

/// What a recording has in all.
fn sums(reader: &Reader) -> Value {
    let channels = reader.channels().values();
    let sum = |figure: fn(&Channel) -> u64| channels.clone().map(figure).sum::<u64>();
    let broken_off = reader.broken_off();
    let begun = reader.times().map(|times| seconds(*times.start()));
    let lasted = reader.times().map(|times| since(*times.start(), *times.end()));
    json!({
        "begun": begun,
        "seconds": lasted.unwrap_or_default(),
        "messages": sum(|channel| channel.messages),
        "bytes": sum(|channel| channel.bytes.unwrap_or_default()),
        // One without an end does not say it.
        "missing": broken_off.is_none().then(|| sum(|channel| channel.missing)),
        "unread": broken_off,
        "file": reader.versions().first().map(|version| &version.file),
        "generations": reader.versions().len(),
    })
}

fn versions(reader: &Reader) -> Vec<Value> {
    let start = reader.times().map_or(0, |times| *times.start());
    let told = reader.versions().iter().map(|version| {
        json!({"generation": version.generation, "file": version.file, "at": since(start, version.at)})
    });
    told.collect()
}

/// A line of time, with seconds since the beginning.
fn line(overview: &Overview) -> Value {
    let start = overview.first;
    let marks = overview.marks.iter().map(|mark| {
        json!({
            "at": since(start, mark.at), "kind": mark.kind, "count": mark.count,
            "node": mark.node, "text": mark.text,
        })
    });
    json!({
        "step": since(0, overview.step),
        "columns": overview.columns,
        "exact": overview.is_exact,
        "marks": marks.collect::<Vec<_>>(),
        "marked_until": overview.marked_until.map(|until| since(start, until)),
    })
}

/// What passed each socket that the recording has, also where nothing did.
fn passages(reader: &Reader, found: &[Passage]) -> Vec<Value> {
    let told = reader.channels().values().map(|channel| {
        let is_it =
            |one: &&Passage| one.place == channel.place && one.direction == channel.direction;
        let (messages, bytes) =
            found.iter().find(is_it).map_or((0, 0), |it| (it.messages, it.bytes));
        json!({
            "instance": &*channel.place.instance,
            "node": copy_of(&channel.place.instance).0,
            "socket": &*channel.place.socket,
            "role": channel.place.role.word(),
            "way": if channel.direction == Direction::In { "in" } else { "out" },
            "messages": messages,
            "bytes": bytes,
        })
    });
    told.collect()
}

/// Whether the run is writing it: it has no end, and the run has not come to its own.
fn is_written(found: &Found, is_gone: bool) -> bool {
    found.is_own && found.glance.index.is_none() && !is_gone
}

#[allow(clippy::cast_precision_loss, reason = "microseconds are shown")]
fn since(start: u64, at: u64) -> f64 {
    at.saturating_sub(start) as f64 / SECOND
}

fn seconds(at: u64) -> f64 {
    since(0, at)
}
