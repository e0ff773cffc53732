//! Lines that come again and again: told at once, then once a second with a count.
//!
//! Owns what is held back. Never writes a line, and never loses the count of one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::line::Line;

/// The lines of the last moment.
#[derive(Debug)]
pub(super) struct Repeats {
    every: Duration,
    told: HashMap<Line, Told>,
    /// No line is due before this.
    next: Option<Instant>,
}

#[derive(Debug)]
struct Told {
    at: Instant,
    held: u64,
}

impl Repeats {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, told: HashMap::new(), next: None }
    }

    /// Whether a line is to be written now, and how many like it came besides. One that was counted
    /// before it came here has waited already.
    pub(super) fn admit(&mut self, line: &Line, repeated: u64, now: Instant) -> Option<u64> {
        if let Some(told) = self.told.get_mut(line) {
            if repeated == 0 && now.duration_since(told.at) < self.every {
                told.held += 1;
                return None;
            }
            told.at = now;
            return Some(std::mem::take(&mut told.held) + repeated);
        }
        self.told.insert(line.clone(), Told { at: now, held: 0 });
        self.next.get_or_insert(now + self.every);
        Some(repeated)
    }

    /// When to look for lines that were held back, and to forget those that were not.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Takes the lines that were held back for long enough; each stands for itself and the rest.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(Line, u64)> {
        let every = self.every;
        let mut due = Vec::new();
        self.told.retain(|line, told| {
            let is_over = now.duration_since(told.at) >= every;
            if is_over && told.held > 0 {
                due.push((line.clone(), told.held - 1));
                *told = Told { at: now, held: 0 };
                return true;
            }
            !is_over
        });
        // A flood of different lines is not gone through again for each of them.
        let soonest = now + every / 10;
        self.next = self.told.values().map(|told| told.at + every).min().map(|at| at.max(soonest));
        due
    }

    /// Takes every line that is held back.
    pub(super) fn take_all(&mut self) -> Vec<(Line, u64)> {
        self.next = None;
        let held = self.told.drain().filter(|(_, told)| told.held > 0);
        held.map(|(line, told)| (line, told.held - 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Level;

    #[test]
    fn the_same_line_comes_once_a_second_and_none_is_lost() {
        let line = |text: &str| Line {
            level: Level::Info,
            node: "a".into(),
            socket: None,
            message: text.to_owned(),
            fault: None,
        };
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut repeats = Repeats::new(Duration::from_secs(1));
        let mut told = 0;
        let mut shown = 0;
        for step in 0..2500 {
            if let Some(repeated) = repeats.admit(&line("x"), 0, at(step)) {
                told += 1 + repeated;
                shown += 1;
            }
            assert_eq!(repeats.admit(&line(&step.to_string()), 0, at(step)), Some(0));
        }
        assert_eq!(shown, 3);
        assert_eq!(repeats.due(), Some(at(1000)));
        assert_eq!(repeats.take_due(at(2500)), []);
        let late = repeats.take_due(at(3100));
        assert_eq!((late.len(), &*late[0].0.message), (1, "x"));
        told += 1 + late[0].1;
        assert_eq!(told, 2500);
        assert_eq!(repeats.told.len(), 400, "those of more than a second ago are forgotten");

        assert_eq!(repeats.admit(&line("x"), 0, at(3200)), None);
        assert_eq!(repeats.admit(&line("x"), 5, at(3201)), Some(6));
        assert_eq!(repeats.admit(&line("x"), 0, at(3202)), None);
        assert_eq!(repeats.take_all(), [(line("x"), 0)]);
        assert_eq!((repeats.due(), repeats.take_all()), (None, Vec::new()));
    }
}
