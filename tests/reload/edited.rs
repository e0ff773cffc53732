//! A run whose topology file is edited, and its receipts.
//!
//! Owns saving and the reading of receipts. Never knows what an edit is about.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Ending, PATIENCE, Runner, Zrig, eventually, soaking};

/// How often something is done: a few times, or as often as a release wants it.
pub(crate) fn times(few: usize, full: usize) -> usize {
    if soaking() { full } else { few }
}

/// A run whose file is edited.
pub(crate) struct Edited {
    pub(crate) run: Runner,
    receipts: PathBuf,
    seen: usize,
}

impl Edited {
    /// Starts a topology and waits until it runs.
    pub(crate) fn start(yaml: &str) -> Self {
        Self::of(Zrig::of(yaml))
    }

    /// Starts a run that may have more arguments.
    pub(crate) fn of(zrig: Zrig) -> Self {
        let receipts = zrig.path("receipts.jsonl");
        let receipts_text = receipts.to_str().unwrap().to_owned();
        let desk = zrig.path("desk");
        fs::create_dir(&desk).unwrap();
        let run = zrig
            .arguments(["--receipts", &receipts_text])
            .environment("XDG_RUNTIME_DIR", desk.display())
            .start();
        // Its control socket is the last thing that a start makes.
        eventually("it runs", || {
            fs::read_dir(desk.join("zrig")).is_ok_and(|sockets| sockets.count() > 0)
        });
        Self { run, receipts, seen: 0 }
    }

    /// Saves by writing beside the file and renaming, as most editors do.
    pub(crate) fn save(&self, yaml: &str) {
        self.save_as("topology.yaml", yaml);
    }

    /// The same for another file of the topology.
    pub(crate) fn save_as(&self, name: &str, text: &str) {
        let beside = self.run.path(&format!(".{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, self.run.path(name)).unwrap();
    }

    /// Every receipt so far.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.receipts).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits for the next receipt.
    #[track_caller]
    pub(crate) fn receipt(&mut self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(receipt) = self.receipts().into_iter().nth(self.seen) {
                self.seen += 1;
                return receipt;
            }
            assert!(
                Instant::now() < deadline,
                "no receipt number {} in {PATIENCE:?}; the log:\n{}",
                self.seen + 1,
                tail(&self.run.log())
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until so many reloads changed anything.
    #[track_caller]
    pub(crate) fn changes(&self, wanted: usize) {
        let changed = |receipt: &&Value| !receipt["nodes"].as_array().unwrap().is_empty();
        let deadline = Instant::now() + PATIENCE;
        while self.receipts().iter().filter(changed).count() < wanted {
            assert!(
                Instant::now() < deadline,
                "change {wanted} was not made in {PATIENCE:?}; threads: {}; the log:\n{}",
                self.run.threads(),
                tail(&self.run.log())
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Saves, and wants it to be applied.
    #[track_caller]
    pub(crate) fn apply(&mut self, yaml: &str) -> Value {
        self.save(yaml);
        let receipt = self.receipt();
        assert_eq!(
            receipt["verdict"],
            "applied",
            "{receipt:#}\nthe log:\n{}",
            tail(&self.run.log())
        );
        receipt
    }

    /// The greatest number that follows a text in the log, where a repeated line comes a second late.
    pub(crate) fn greatest_number(&self, text: &str) -> Option<u64> {
        self.run.log().iter().filter_map(|line| number_after(line, text)).max()
    }

    /// Waits until the number behind a text is greater than another.
    #[track_caller]
    pub(crate) fn passes(&self, text: &str, than: u64) -> u64 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.greatest_number(text) {
                Some(now) if now > than => return now,
                now => assert!(
                    Instant::now() < deadline,
                    "it stalls: {text:?} is {now:?} and not beyond {than}; the log:\n{}",
                    tail(&self.run.log())
                ),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the run in good order.
    #[track_caller]
    pub(crate) fn stop(self) -> Ending {
        self.run.stop()
    }
}

/// The number that follows a text in a line.
pub(crate) fn number_after(line: &str, text: &str) -> Option<u64> {
    let rest = &line[line.find(text)? + text.len()..];
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The notes of a receipt, as one text.
pub(crate) fn notes(receipt: &Value) -> String {
    let notes = receipt["notes"].as_array().unwrap().iter();
    notes.map(|note| note.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The last lines.
pub(crate) fn tail(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(40)..].join("\n")
}
