//! What a program prints, line by line into the log.
//!
//! Owns the bounds: how long a line is, how many are told in a second, how fast it is read. Never keeps
//! zrig waiting; a program that prints faster than it is read waits itself.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::clock;
use crate::event::EventKind;
use crate::node::emitter::Emitter;
use crate::script::Level;

/// As much of a line as is told.
const LONGEST: usize = 8 << 10;
/// How many lines are told in a second.
const LINES: u32 = 200;
/// How many may come at once after a silence.
const BURST: u32 = 1000;
/// As much as is read at once, with a pause behind it.
const CHUNK: usize = 64 << 10;
/// That pause: with it, 64 MiB a second at most.
const PAUSE: Duration = Duration::from_millis(1);
/// How often it is told how many lines were left out.
const EVERY: Duration = Duration::from_secs(1);

/// How many lines of one of a program's two outputs may still be told.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    since: Instant,
    left_out: u64,
    told: Option<Instant>,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, left_out: 0, told: None }
    }

    /// Whether one more line may be told; one that may not is counted.
    fn admits(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.since);
        let more = passed.as_millis() * u128::from(LINES) / 1000;
        if more > 0 {
            self.since = now;
            self.left = self.left.saturating_add(u32::try_from(more).unwrap_or(BURST)).min(BURST);
        }
        if self.left > 0 {
            self.left -= 1;
            return true;
        }
        self.left_out += 1;
        false
    }

    /// How many lines were left out, if it is time to say so.
    fn due(&mut self, now: Instant, is_over: bool) -> Option<u64> {
        if self.left_out == 0 {
            return None;
        }
        let told = self.told.get_or_insert(now);
        if !is_over && now.duration_since(*told) < EVERY {
            return None;
        }
        self.told = None;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Tells what a program prints until it has closed its end.
pub(super) async fn tell(
    mut from: impl AsyncRead + Unpin,
    emitter: Emitter,
    allowance: Rc<RefCell<Allowance>>,
) {
    let mut lines = Lines::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let wait = clock::before(clock::now() + EVERY, from.read(&mut chunk)).await;
        let read = match wait {
            Some(Ok(read)) => read,
            Some(Err(_)) => 0,
            None => {
                say_left_out(&emitter, &allowance, false);
                continue;
            }
        };
        let ended = if read == 0 { lines.end() } else { lines.take(&chunk[..read]) };
        for text in ended {
            if allowance.borrow_mut().admits(clock::now()) {
                emitter.emit(EventKind::Log { level: Level::Info, text });
            }
        }
        say_left_out(&emitter, &allowance, read == 0);
        if read == 0 {
            return;
        }
        if read == CHUNK {
            clock::sleep(PAUSE).await;
        }
    }
}

fn say_left_out(emitter: &Emitter, allowance: &Rc<RefCell<Allowance>>, is_over: bool) {
    if let Some(lines) = allowance.borrow_mut().due(clock::now(), is_over) {
        emitter.emit(EventKind::OutputLeftOut { lines });
    }
}

/// The line that is being printed.
#[derive(Default, Debug)]
struct Lines {
    begun: Vec<u8>,
    /// Bytes of it that are too many.
    beyond: usize,
}

impl Lines {
    /// The lines that end with these bytes.
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut ended = Vec::new();
        let mut parts = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = LONGEST.saturating_sub(self.begun.len()).min(part.len());
            self.begun.extend_from_slice(&part[..room]);
            self.beyond += part.len() - room;
            if parts.peek().is_some() {
                ended.push(self.finish());
            }
        }
        ended
    }

    /// What was begun and has no end.
    fn end(&mut self) -> Vec<String> {
        if self.begun.is_empty() && self.beyond == 0 { Vec::new() } else { vec![self.finish()] }
    }

    fn finish(&mut self) -> String {
        if self.begun.last() == Some(&b'\r') {
            self.begun.pop();
        }
        let mut text = shown(&self.begun);
        if self.beyond > 0 {
            text.push_str(&format!("… and {} bytes more", self.beyond));
        }
        self.begun.clear();
        self.beyond = 0;
        text
    }
}

/// A text in which what is no UTF-8 is shown: `\xff`.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for part in bytes.utf8_chunks() {
        text.push_str(part.valid());
        text.push_str(&part.invalid().escape_ascii().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_as_they_end_whatever_the_pieces_they_come_in() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"one\ntw"), ["one"]);
        assert_eq!(lines.take(b"o\r\n\nthree"), ["two", ""]);
        assert_eq!(lines.end(), ["three"]);
        assert_eq!(lines.end(), [""; 0]);
    }

    #[test]
    fn what_is_no_text_is_shown_and_a_long_line_is_cut() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"a\xff\xfeb\n"), ["a\\xff\\xfeb"]);
        let mut long = vec![b'x'; LONGEST + 5];
        long.push(b'\n');
        let told = lines.take(&long);
        assert!(told[0].ends_with("x… and 5 bytes more"), "{}", &told[0][LONGEST - 3..]);
        assert_eq!(lines.take(b"next\n"), ["next"]);
    }

    #[test]
    fn a_flood_is_told_up_to_its_bound_and_what_is_left_out_is_counted() {
        let begun = Instant::now();
        let mut allowance = Allowance::new(begun);
        let told = (0..5000).filter(|_| allowance.admits(begun)).count();
        assert_eq!(told, 1000);
        assert_eq!(allowance.due(begun, false), None, "it is told once a second");
        let later = begun + Duration::from_secs(1);
        assert_eq!(allowance.due(later, false), Some(4000));
        let told = (0..5000).filter(|_| allowance.admits(later)).count();
        assert_eq!(told, 200);
        assert_eq!(allowance.due(later, true), Some(4800), "at the end at the latest");
    }
}
