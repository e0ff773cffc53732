//! What those who look are told: the last figures, what happened, and what became of reloads.
//!
//! Owns the numbers of what is told, the history, and that a viewer who is slow holds up nobody and
//! is told how much it missed. Never asks the run: `sampler` does.

mod history;

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::timeout;

use self::history::History;
use super::sample::Sample;
use crate::control::Hello;
use crate::lock::locked;
use crate::observe::Happened;
use crate::snapshot::Snapshot;

/// How many tellings may wait for a viewer: some five seconds of them.
const ROOM: usize = 64;
/// How long the run may take to say who it is, at the beginning.
const MEETING: Duration = Duration::from_secs(3);
/// How many events are told together; more at once are counted.
pub(super) const EVENTS_TOGETHER: usize = 200;

/// What is told to everybody who looks.
pub(super) struct Board {
    state: Mutex<State>,
    tellings: broadcast::Sender<Arc<Telling>>,
    /// Told when figures are wanted at once.
    wanted: Notify,
    /// Whether the run was met.
    met: watch::Sender<bool>,
}

struct State {
    run: RunTold,
    /// The number of what was told last.
    last: u64,
    sample: Option<Arc<Sample>>,
    history: History,
}

/// Who runs, as the page is told.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct RunTold {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) pid: u32,
    pub(super) generation: u64,
    pub(super) edit: bool,
    /// Whether what is saved is applied by itself.
    pub(super) watched: bool,
    /// Whether the page holds the run.
    pub(super) holding: bool,
    /// What the run has recorded to since its start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recording: Option<String>,
    pub(super) version: &'static str,
    pub(super) gone: bool,
}

/// Some records, one after the other.
struct Telling {
    first: u64,
    last: u64,
    text: Bytes,
}

/// One who looks.
pub(super) struct Viewer {
    board: Arc<Board>,
    tellings: broadcast::Receiver<Arc<Telling>>,
    /// The number of what it was told last.
    seen: u64,
}

impl Board {
    pub(super) fn new(edit: bool) -> Arc<Self> {
        let run = RunTold {
            name: String::new(),
            file: String::new(),
            pid: 0,
            generation: 0,
            edit,
            watched: true,
            holding: false,
            recording: None,
            version: env!("CARGO_PKG_VERSION"),
            gone: true,
        };
        Arc::new(Self {
            state: Mutex::new(State { run, last: 0, sample: None, history: History::default() }),
            tellings: broadcast::channel(ROOM).0,
            wanted: Notify::new(),
            met: watch::Sender::new(false),
        })
    }

    /// Who runs.
    pub(super) fn run(&self) -> RunTold {
        locked(&self.state).run.clone()
    }

    /// All that is known of the time before, as JSON.
    pub(super) fn history(&self) -> String {
        // Written while others wait only as long as it takes to copy what is kept.
        let history = locked(&self.state).history.clone();
        history.told()
    }

    /// Whether anybody looks.
    pub(super) fn is_looked_at(&self) -> bool {
        self.tellings.receiver_count() > 0
    }

    /// Wants figures at once.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// Returns when figures are wanted at once.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The run is there.
    pub(super) fn here(&self, hello: &Hello) {
        let mut state = locked(&self.state);
        let was_there = state.run.pid != 0;
        // Of one that came back nothing is known from before.
        state.sample = None;
        state.run = RunTold {
            name: hello.title(),
            file: hello.file.clone(),
            pid: hello.pid,
            generation: hello.generation,
            watched: hello.watched,
            recording: hello.recording.clone(),
            gone: false,
            ..state.run.clone()
        };
        let mut records = Records::after(state.last);
        if was_there {
            records.add("back", "{}");
        }
        records.add("run", &state.run.json());
        self.tell(&mut state, records);
        drop(state);
        self.met.send_replace(true);
    }

    /// Waits until the run was met, which takes a moment at the beginning.
    pub(super) async fn met(&self) {
        let mut met = self.met.subscribe();
        // A run that does not answer is one that is gone.
        let _ = timeout(MEETING, met.wait_for(|met| *met)).await;
    }

    /// The run has ended, or is not to be reached.
    pub(super) fn gone(&self) {
        let mut state = locked(&self.state);
        if std::mem::replace(&mut state.run.gone, true) {
            return;
        }
        let mut records = Records::after(state.last);
        records.add("gone", "{}");
        records.add("run", &state.run.json());
        self.tell(&mut state, records);
    }

    /// The figures of a time.
    pub(super) fn sampled(&self, snapshot: &Snapshot, time: f64) {
        let mut state = locked(&self.state);
        let sample = Arc::new(Sample::of(snapshot, time, state.sample.as_deref()));
        let mut records = Records::after(state.last);
        if state.run.generation != snapshot.generation {
            state.run.generation = snapshot.generation;
            records.add("run", &state.run.json());
        }
        match &state.sample {
            Some(before) if self.is_looked_at() => records.add("figures", &sample.since(before)),
            None if self.is_looked_at() => records.add("figures", &sample.whole()),
            // It is kept for those who come.
            Some(_) | None => records.last += 1,
        }
        state.history.sampled(records.last, &sample);
        state.sample = Some(sample);
        self.tell(&mut state, records);
    }

    /// The page holds the run, or does no longer.
    pub(super) fn held(&self, holding: bool) {
        let mut state = locked(&self.state);
        state.run.holding = holding;
        let mut records = Records::after(state.last);
        records.add("run", &state.run.json());
        self.tell(&mut state, records);
    }

    /// Something for everybody who looks now.
    pub(super) fn tell_all(&self, kind: &str, value: &Value) {
        let mut state = locked(&self.state);
        let mut records = Records::after(state.last);
        records.add(kind, &value.to_string());
        self.tell(&mut state, records);
    }

    /// Some things happened, and so many more.
    pub(super) fn happened(&self, events: Vec<Happened>, more: u64) {
        let mut state = locked(&self.state);
        let mut records = Records::after(state.last);
        for event in events {
            let Ok(text) = serde_json::to_string(&event) else { continue };
            let text: Arc<str> = text.into();
            records.add("event", &text);
            state.history.happened(records.last, &text);
            if let Some(receipt) = receipt(&event) {
                records.add("reloaded", &receipt);
                state.history.reloaded(records.last, receipt.into());
            }
        }
        if more > 0 {
            records.add("missed", &format!("{{\"count\":{more},\"of\":\"events\"}}"));
        }
        self.tell(&mut state, records);
    }

    fn tell(&self, state: &mut State, records: Records) {
        let first = state.last + 1;
        state.last = records.last;
        if records.last >= first {
            let telling = Telling { first, last: records.last, text: records.text.into() };
            // Nobody may look.
            let _ = self.tellings.send(Arc::new(telling));
        }
    }

    /// Lets somebody look, who may have looked before, up to the number that was told last.
    pub(super) fn look(self: &Arc<Self>, seen: Option<u64>) -> (Viewer, Bytes) {
        let state = locked(&self.state);
        let viewer = Viewer {
            board: Arc::clone(self),
            tellings: self.tellings.subscribe(),
            seen: state.last,
        };
        let missed = seen.map_or(0, |seen| state.last.saturating_sub(seen));
        // Those who come while others look are told with them.
        let is_first = self.tellings.receiver_count() == 1;
        let greeting = state.greeting(missed);
        drop(state);
        if is_first {
            self.want();
        }
        (viewer, greeting)
    }
}

impl State {
    /// What one is told who knows nothing, or nothing any more.
    fn greeting(&self, missed: u64) -> Bytes {
        // None of them is new, so all bear the number of the last.
        let mut records = Records { last: self.last, text: String::new() };
        if missed > 0 {
            records.again("missed", &format!("{{\"count\":{missed}}}"));
        }
        records.again("run", &self.run.json());
        if let Some(sample) = &self.sample {
            records.again("figures", &sample.whole());
        }
        records.text.into()
    }
}

impl Viewer {
    /// What it is told next.
    pub(super) async fn next(&mut self) -> Bytes {
        match self.tellings.recv().await {
            Ok(telling) if telling.first == self.seen + 1 => {
                self.seen = telling.last;
                telling.text.clone()
            }
            Ok(_) | Err(_) => {
                let state = locked(&self.board.state);
                let missed = state.last - self.seen;
                self.tellings = self.board.tellings.subscribe();
                self.seen = state.last;
                state.greeting(missed)
            }
        }
    }
}

impl RunTold {
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a reload came to, with its time.
fn receipt(event: &Happened) -> Option<String> {
    let receipt = event.details.get("receipt").filter(|_| event.kind == "reloaded")?;
    let mut told = receipt.clone();
    if let Value::Object(fields) = &mut told {
        fields.insert("time".to_owned(), event.time.into());
    }
    Some(told.to_string())
}

/// Records of server-sent events, each with its number.
struct Records {
    last: u64,
    text: String,
}

impl Records {
    fn after(last: u64) -> Self {
        Self { last, text: String::new() }
    }

    /// Adds one; JSON has no line ends.
    fn add(&mut self, kind: &str, data: &str) {
        self.last += 1;
        self.again(kind, data);
    }

    /// Adds one that is not new.
    fn again(&mut self, kind: &str, data: &str) {
        // Writing to a text never fails.
        let _ = write!(self.text, "id: {}\nevent: {kind}\ndata: {data}\n\n", self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &Bytes) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn happened(text: &str) -> Happened {
        Happened {
            time: 1.0,
            level: "info".to_owned(),
            node: None,
            socket: None,
            kind: "log".to_owned(),
            details: Value::Null,
            message: text.to_owned(),
            repeated: 0,
        }
    }

    #[test]
    fn one_who_is_slow_is_told_how_much_it_missed_and_then_all_there_is() {
        let board = Board::new(false);
        board.sampled(&Snapshot { generation: 1, seconds: 1.0, ..Default::default() }, 1.0);
        let (mut viewer, greeting) = board.look(None);
        assert!(text(&greeting).contains("event: figures"), "{greeting:?}");
        board.happened(vec![happened("one")], 0);
        assert!(text(&block_on(viewer.next())).contains("\"one\""));
        for _ in 0..3 * ROOM {
            board.happened(vec![happened("many"), happened("more")], 0);
        }
        let told = text(&block_on(viewer.next()));
        let missed = format!("event: missed\ndata: {{\"count\":{}}}", 6 * ROOM);
        assert!(told.contains(&missed) && told.contains("event: figures"), "{told}");
        board.happened(vec![happened("last")], 0);
        assert!(text(&block_on(viewer.next())).contains("\"last\""));
    }

    #[test]
    fn one_who_comes_back_is_told_what_was_said_meanwhile() {
        let board = Board::new(false);
        board.happened(vec![happened("one"), happened("two")], 0);
        let (_, greeting) = board.look(Some(1));
        assert!(text(&greeting).starts_with("id: 2\nevent: missed\ndata: {\"count\":1}"));
        // Its number is of another server.
        let (_, greeting) = board.look(Some(70));
        assert!(!text(&greeting).contains("missed"));
    }

    #[test]
    fn a_receipt_is_told_with_its_time_and_kept() {
        let board = Board::new(false);
        let (mut viewer, _) = board.look(None);
        let details = serde_json::json!({"receipt": {"verdict": "applied", "generation": 2}});
        let event = Happened { kind: "reloaded".to_owned(), details, ..happened("reload") };
        board.happened(vec![event], 7);
        let told = text(&block_on(viewer.next()));
        assert!(told.contains("event: reloaded\ndata: {"), "{told}");
        assert!(told.contains("{\"count\":7,\"of\":\"events\"}"), "{told}");
        let history: Value = serde_json::from_str(&board.history()).unwrap();
        assert_eq!(history["receipts"][0]["verdict"], "applied", "{history}");
        assert_eq!(history["receipts"][0]["time"], 1.0, "{history}");
    }
}
