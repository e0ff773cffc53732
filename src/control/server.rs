//! The run's end of the control socket.
//!
//! Owns who may speak, and how many at a time. Whatever a client does or leaves
//! undone, no node waits for it.

use std::io;
use std::os::unix::net::UnixStream as StandardStream;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::asked::Asking;
use super::protocol::{
    Failed, Hello, HelloNode, REQUEST_MAX, Released, Reloaded, Reply, Request, Texts, VERSION,
};
use super::record::{self, Recordable};
use super::tapping::{self, Wish};
use super::whole::ENDING;
use super::{events, folder, speak, stepping};
use crate::event::{Event, EventKind, Events};
use crate::load::Versions;
use crate::node::{Interceptors, Target};
use crate::recording::Wanted;
use crate::supervisor::{Hold, Holding, Roster, Supervisor, View};

/// Clients at a time.
const CLIENTS: usize = 64;
/// Taps among them, each with a thread.
const TAPS: u32 = 16;
/// How long a client may take to ask, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may be silent between two questions.
const SILENCE: Duration = Duration::from_secs(120);

/// The taps that look at a run.
#[derive(Clone, Debug)]
pub struct OpenTaps(Arc<Semaphore>);

impl OpenTaps {
    /// Waits until all have ended, since the run is over, or have had their time for that.
    pub async fn ended(self) {
        // Each has a place among them until it has.
        let _ = timeout(2 * ENDING, self.0.acquire_many(TAPS)).await;
    }
}

/// Where clients of a run are answered, however they come.
#[derive(Clone)]
pub struct Desk {
    run: Arc<Run>,
    runtime: Handle,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Desk").field(&self.run.file).finish()
    }
}

impl Desk {
    /// The desk of a run, what it was read from, whether its files are watched and what it is recorded to; what
    /// it hands on is asked of who reads the other end. Has to be called inside a tokio runtime, which answers.
    #[must_use]
    pub fn of(
        file: &Path,
        versions: &Versions,
        watched: bool,
        recording: Option<&Path>,
        supervisor: &Supervisor,
        events: &Events,
        asking: Asking,
    ) -> Self {
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let run = Arc::new(Run {
            file,
            versions: versions.clone(),
            watched,
            recording: recording.map(|to| absolute(to).unwrap_or_else(|_| to.to_owned())),
            user: folder::user(),
            interceptors: supervisor.interceptors(),
            roster: supervisor.roster(),
            view: supervisor.view(),
            events: events.clone(),
            asking,
            holding: supervisor.holding(),
            clients: Arc::new(Semaphore::new(CLIENTS)),
            taps: OpenTaps(Arc::new(Semaphore::new(TAPS as usize))),
        });
        Self { run, runtime: Handle::current() }
    }

    /// The name of what runs.
    pub(super) fn name(&self) -> String {
        self.run.roster().name.clone()
    }

    /// Takes a client, if there is room for it.
    pub(super) fn attend(&self, stream: UnixStream) {
        attend(stream, Arc::clone(&self.run));
    }

    /// The taps that look at the run, which may still have something to show when it has ended.
    #[must_use]
    pub fn taps(&self) -> OpenTaps {
        self.run.taps.clone()
    }

    /// A connection for another thread of this process.
    ///
    /// # Errors
    ///
    /// When the system gives no descriptors.
    pub fn connect(&self) -> io::Result<StandardStream> {
        let (ours, theirs) = StandardStream::pair()?;
        theirs.set_nonblocking(true)?;
        let run = Arc::clone(&self.run);
        self.runtime.spawn(async move {
            if let Ok(stream) = UnixStream::from_std(theirs) {
                attend(stream, run);
            }
        });
        Ok(ours)
    }
}

/// A place among the clients, and one among the taps.
type Slots = (OwnedSemaphorePermit, OwnedSemaphorePermit);

struct Run {
    file: PathBuf,
    versions: Versions,
    /// Whether what is saved is applied by itself.
    watched: bool,
    /// What is recorded to from the start on.
    recording: Option<PathBuf>,
    user: u32,
    interceptors: Arc<Interceptors>,
    roster: watch::Receiver<Arc<Roster>>,
    view: View,
    events: Events,
    asking: Asking,
    holding: Holding,
    clients: Arc<Semaphore>,
    taps: OpenTaps,
}

/// Takes a client, if there is room for it.
fn attend(stream: UnixStream, run: Arc<Run>) {
    match Arc::clone(&run.clients).try_acquire_owned() {
        Ok(slot) => drop(tokio::spawn(client(stream, run, slot))),
        Err(_) => {
            let error = format!("{CLIENTS} clients are connected already");
            // It is not waited for: what a fresh socket does not take at once is not worth it.
            let _ = stream.try_write(&Reply::Failed(Failed::now(error)).line());
        }
    }
}

async fn client(stream: UnixStream, run: Arc<Run>, slot: OwnedSemaphorePermit) {
    let user = stream.peer_cred().map(|peer| peer.uid());
    let mut stream = BufReader::new(stream);
    if !user.is_ok_and(|user| user == run.user || user == 0) {
        let failed = Failed::invalid("this run belongs to another user");
        say(&mut stream, &Reply::Failed(failed)).await;
        return;
    }
    let mut patience = PATIENCE;
    let (mut line, mut hold) = (Vec::new(), None);
    while let Some(request) = next(&mut stream, &mut line, patience, &mut hold).await {
        let reply = match request {
            Ok(Request::Tap { .. } | Request::Record { .. } | Request::Events { .. })
                if hold.is_some() =>
            {
                Reply::Failed(Failed::invalid("this connection holds the run; look by another one"))
            }
            Ok(Request::Hold) => stepping::hold(&run.holding, &run.roster, &mut hold).await,
            Ok(Request::Step { target }) => {
                stepping::step(&target, &run.roster(), &run.interceptors, &mut hold).await
            }
            Ok(Request::Release) => stepping::release(&mut hold),
            Err(error) => {
                say(&mut stream, &Reply::Failed(Failed::invalid(error))).await;
                return;
            }
            Ok(Request::Tap { target, direction, filter, all, frames }) => {
                match run.wish(target.as_deref()) {
                    Ok((target, tap_slot)) => {
                        let wish = Wish { target, direction, filter, all, frames };
                        return run.tap(wish, stream.into_inner(), (slot, tap_slot));
                    }
                    Err(failed) => Reply::Failed(failed),
                }
            }
            Ok(Request::Record { to, target, filter, when_slow, rotate }) => {
                match run.wish(target.as_deref()) {
                    Ok((target, tap_slot)) => {
                        let to = PathBuf::from(to);
                        // What a filter leaves out handlers were given all the same.
                        let calls = filter.is_none();
                        let wanted = Wanted { to, target, when_full: when_slow, calls, rotate };
                        return run.record(wanted, filter, stream.into_inner(), (slot, tap_slot));
                    }
                    Err(failed) => Reply::Failed(failed),
                }
            }
            Ok(Request::Events { last }) => {
                // From before it is told who runs, so that nothing happens between.
                let (past, reader) = events::reader(&run.events, last);
                if say(&mut stream, &Reply::Hello(run.hello())).await
                    && (last == 0 || events::tell_past(&mut stream, past).await)
                {
                    events::tell(&mut stream, reader).await;
                }
                return;
            }
            Ok(Request::Reload) => match run.asking.reload().await {
                Ok(receipt) => Reply::Reloaded(Box::new(Reloaded {
                    verdict: receipt.verdict,
                    message: receipt.to_string(),
                    // Its parts always are JSON.
                    receipt: serde_json::to_value(&*receipt).unwrap_or_default(),
                })),
                Err(failed) => Reply::Failed(failed),
            },
            Ok(Request::Stop) => {
                run.stop();
                if say(&mut stream, &Reply::Stopping).await {
                    // The end of the run ends the connection, which is how the client knows.
                    ended(&mut stream).await;
                }
                return;
            }
            Ok(Request::Hello) => Reply::Hello(run.hello()),
            Ok(Request::Figures) => {
                let figures = run.view.snapshot(&run.file).await;
                Reply::Figures(Box::new(Arc::unwrap_or_clone(figures)))
            }
            Ok(Request::Counts) => Reply::Counts(Box::new(run.view.told_counts())),
            Ok(Request::Texts { generation }) => {
                let texts = texts(&run.versions, generation);
                texts.map_or_else(Reply::Failed, |texts| Reply::Texts(Box::new(texts)))
            }
            Ok(Request::Send(spoken)) => {
                speak::send(&run.roster(), spoken).await.map_or_else(Reply::Failed, Reply::Done)
            }
            Ok(Request::Call(spoken)) => speak::call(&run.roster(), spoken)
                .await
                .map_or_else(Reply::Failed, |answer| Reply::Answer(Box::new(answer))),
        };
        if !say(&mut stream, &reply).await {
            return;
        }
        patience = SILENCE;
    }
}

impl Run {
    /// Asks for the end, as a handler does.
    fn stop(&self) {
        let why = "a client of the control socket asked for it".to_owned();
        self.events.emit(Event::of_run(EventKind::StopRequested { status: 0, why }));
    }

    fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.borrow())
    }

    fn hello(&self) -> Hello {
        let roster = self.roster();
        let nodes = roster.entries.iter().map(|entry| HelloNode {
            name: entry.instance.to_string(),
            sockets: entry.spec.sockets.iter().map(|socket| socket.name.clone()).collect(),
        });
        Hello {
            zrig: VERSION,
            name: roster.name.clone(),
            place: roster.place.clone(),
            file: self.file.display().to_string(),
            pid: std::process::id(),
            generation: roster.generation,
            watched: self.watched,
            recording: self.recording.as_ref().map(|file| file.display().to_string()),
            nodes: nodes.collect(),
        }
    }

    fn wish(&self, target: Option<&str>) -> Result<(Target, OwnedSemaphorePermit), Failed> {
        let target = match target {
            Some(target) => target.parse().map_err(Failed::invalid)?,
            None => Target::everything(),
        };
        let roster = self.roster();
        let found = roster.find(&target).map_err(Failed::invalid)?;
        if found.iter().all(|entry| entry.spec.sockets.is_empty()) {
            let whose =
                if target.is_everything() { "the run".to_owned() } else { target.to_string() };
            return Err(Failed::invalid(format!("{whose} has no socket to look at")));
        }
        if !found.is_empty() && found.iter().all(|entry| entry.spec.is_program()) {
            let whose = if target.is_everything() { "all of the run" } else { &target.node };
            return Err(Failed::invalid(speak::not_ours(whose)));
        }
        let slot = Arc::clone(&self.taps.0).try_acquire_owned();
        let slot =
            slot.map_err(|_| Failed::now(format!("{TAPS} taps look at this run already")))?;
        Ok((target, slot))
    }

    fn tap(&self, wish: Wish, stream: UnixStream, slots: Slots) {
        let (interceptors, roster) = (Arc::clone(&self.interceptors), self.roster.clone());
        by_itself(stream, |stream| tapping::start(wish, stream, interceptors, roster, slots));
    }

    fn record(&self, wanted: Wanted, filter: Option<String>, stream: UnixStream, slots: Slots) {
        let run = Recordable {
            interceptors: Arc::clone(&self.interceptors),
            events: self.events.clone(),
            versions: self.versions.clone(),
            roster: self.roster.clone(),
        };
        by_itself(stream, |stream| record::start(wanted, filter, stream, run, slots));
    }
}

/// Lets a thread of its own go on with a client, who is told where the system gives none.
fn by_itself(stream: UnixStream, start: impl FnOnce(StandardStream) -> io::Result<()>) {
    let Ok(stream) = stream.into_std() else { return };
    let copy = stream.try_clone();
    if let Err(error) = start(stream)
        && let Ok(mut copy) = copy
    {
        let failed = Failed::now(format!("the system gives no thread: {error}"));
        let _ = io::Write::write_all(&mut copy, &Reply::Failed(failed).line());
    }
}

/// The next request; none when the client has ended, or has been silent for too long. One that holds the
/// run may take its time, and is told when it holds it no more.
async fn next(
    stream: &mut BufReader<UnixStream>,
    line: &mut Vec<u8>,
    patience: Duration,
    hold: &mut Option<Hold>,
) -> Option<Result<Request, String>> {
    while let Some(held) = hold {
        tokio::select! {
            biased;
            reason = held.ended() => {
                *hold = None;
                if !say(stream, &Reply::Released(Released { reason })).await {
                    return None;
                }
            }
            request = request(stream, line) => return request,
        }
    }
    timeout(patience, request(stream, line)).await.ok().flatten()
}

/// The next request; none when the client has ended. What has come of it stays in `line` if it is not
/// waited for any longer.
async fn request(
    stream: &mut BufReader<UnixStream>,
    line: &mut Vec<u8>,
) -> Option<Result<Request, String>> {
    let room = REQUEST_MAX - line.len() as u64;
    stream.take(room).read_until(b'\n', line).await.ok()?;
    let line = std::mem::take(line);
    if line.is_empty() {
        return None;
    }
    if !line.ends_with(b"\n") && line.len() as u64 == REQUEST_MAX {
        return Some(Err(format!("a request has at most {} KiB", REQUEST_MAX >> 10)));
    }
    Some(parse(&line))
}

/// What a version was read from.
fn texts(versions: &Versions, generation: u64) -> Result<Texts, Failed> {
    let version = versions.version(generation);
    let version = version.ok_or_else(|| {
        Failed::invalid(format!("the texts of generation {generation} are not kept"))
    })?;
    let shown = |path: &PathBuf| path.display().to_string();
    Ok(Texts {
        generation,
        file: version.texts.first().map(|(path, _)| shown(path)).unwrap_or_default(),
        part: versions.part().clone(),
        texts: version.texts.iter().map(|(path, text)| (shown(path), text.to_string())).collect(),
    })
}

fn parse(line: &[u8]) -> Result<Request, String> {
    let mut request: Value =
        serde_json::from_slice(line).map_err(|error| format!("a request is JSON: {error}"))?;
    let version = request.as_object_mut().and_then(|fields| fields.remove("zrig"));
    if version != Some(VERSION.into()) {
        return Err(format!(
            "a request has \"zrig\": {VERSION}, the version of the protocol that this zrig speaks"
        ));
    }
    serde_json::from_value(request).map_err(|error| error.to_string())
}

/// Returns when the client has gone.
async fn ended(stream: &mut BufReader<UnixStream>) {
    while let Ok(said) = stream.fill_buf().await
        && !said.is_empty()
    {
        let length = said.len();
        stream.consume(length);
    }
}

/// Answers; whether the client took it.
async fn say(stream: &mut BufReader<UnixStream>, reply: &Reply) -> bool {
    timeout(PATIENCE, stream.write_all(&reply.line())).await.is_ok_and(|written| written.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_its_version_and_nothing_unknown() {
        assert_eq!(parse(b"{\"zrig\":1,\"ask\":\"hello\"}\n"), Ok(Request::Hello));
        for (line, word) in [
            (&b"hello"[..], "JSON"),
            (b"{\"ask\":\"hello\"}", "version"),
            (b"{\"zrig\":2,\"ask\":\"hello\"}", "version"),
            (b"{\"zrig\":1,\"ask\":\"dance\"}", "dance"),
            (b"{\"zrig\":1,\"ask\":\"tap\",\"target\":\"a\",\"count\":1}", "count"),
            (b"[1]", "version"),
            (b"\xff\xfe", "JSON"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
