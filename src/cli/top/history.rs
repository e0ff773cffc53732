//! What each row did in the last minute, second by second, for its chart.
//!
//! Owns how long is remembered, and how seconds become bars that stand still. Pure.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::tree::Key;

/// Seconds that are remembered.
pub(super) const SPAN: u64 = 60;

/// The rates of every row.
#[derive(Default, Debug)]
pub(super) struct History {
    rows: HashMap<Key, VecDeque<Second>>,
    /// The second that is written now.
    now: u64,
}

/// A second of a row: the mean of what was seen in it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Second {
    at: u64,
    sum: f32,
    count: u16,
}

impl History {
    /// Remembers what a row did between two moments, in seconds.
    pub(super) fn add(&mut self, key: &Key, from: f64, to: f64, rate: f64) {
        let (before, last) = (from.max(0.0) as u64, to.max(0.0) as u64);
        // What lasted over several seconds was so in each of them.
        let first = if before < last { before + 1 } else { last };
        let first = first.max(last.saturating_sub(SPAN));
        self.now = self.now.max(last);
        if !self.rows.contains_key(key) {
            self.rows.insert(key.clone(), VecDeque::new());
        }
        let Some(seconds) = self.rows.get_mut(key) else { return };
        for at in first..=last {
            match seconds.back_mut().filter(|second| second.at == at) {
                Some(second) => {
                    second.sum += rate as f32;
                    second.count = second.count.saturating_add(1);
                }
                None => seconds.push_back(Second { at, sum: rate as f32, count: 1 }),
            }
        }
        while seconds.front().is_some_and(|second| second.at + SPAN <= last) {
            seconds.pop_front();
        }
    }

    /// Forgets rows that have not been there for as long as anything is remembered.
    pub(super) fn forget(&mut self) {
        let now = self.now;
        self.rows.retain(|_, seconds| seconds.back().is_some_and(|last| last.at + SPAN > now));
    }

    /// The last minute of a row as so many bars, the newest last; none where nobody looked. A bar is
    /// of the same seconds until the next one begins.
    pub(super) fn bars(&self, key: &Key, bars: usize) -> Vec<Option<f64>> {
        let each = SPAN.div_ceil(bars.max(1) as u64).max(1);
        let newest = self.now / each;
        let mut sums = vec![(0.0, 0_u32); bars];
        for second in self.rows.get(key).into_iter().flatten() {
            let back = newest.saturating_sub(second.at / each) as usize;
            if let Some(place) = bars.checked_sub(back + 1) {
                sums[place].0 += f64::from(second.sum) / f64::from(second.count.max(1));
                sums[place].1 += 1;
            }
        }
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        sums.into_iter().map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::Instance("a".to_owned())
    }

    #[test]
    fn a_minute_is_remembered_and_no_second_is_left_out() {
        let mut history = History::default();
        for at in 0..200 {
            // Looked at a little seldomer than once a second.
            let (from, to) = (f64::from(at) * 1.01, f64::from(at + 1) * 1.01);
            history.add(&key(), from, to, f64::from(at));
        }
        let bars = history.bars(&key(), 60);
        assert_eq!(bars.len(), 60);
        assert!(bars.iter().all(Option::is_some), "{bars:?}");
        assert!(bars.windows(2).all(|two| two[0] <= two[1]), "{bars:?}");
        assert_eq!(bars[59], Some(199.0));
    }

    #[test]
    fn a_bar_is_of_the_same_seconds_until_the_next_begins() {
        let mut history = History::default();
        for at in 0..59 {
            history.add(&key(), f64::from(at), f64::from(at) + 0.9, 1.0 + f64::from(at % 3));
        }
        let before = history.bars(&key(), 10);
        history.add(&key(), 58.9, 59.5, 3.0);
        let after = history.bars(&key(), 10);
        assert_eq!(before[..9], after[..9], "only the newest changes");
        history.add(&key(), 59.5, 60.5, 3.0);
        assert_eq!(after[1..9], history.bars(&key(), 10)[..8], "all move on together");
    }

    #[test]
    fn nothing_is_drawn_of_the_time_when_nobody_looked() {
        let mut history = History::default();
        history.add(&key(), 0.0, 1.0, 7.0);
        history.add(&key(), 40.0, 41.0, 7.0);
        let bars = history.bars(&key(), 60);
        assert_eq!(bars.iter().flatten().count(), 2, "{bars:?}");
        assert_eq!(history.bars(&Key::Group("b".to_owned()), 3), [None; 3]);
        history.add(&Key::Group("b".to_owned()), 200.0, 201.0, 1.0);
        history.forget();
        assert_eq!(history.bars(&key(), 3), [None; 3]);
        assert!(history.bars(&key(), 0).is_empty());
    }

    #[test]
    fn many_looks_in_a_second_are_one() {
        let mut history = History::default();
        for look in 0..10 {
            history.add(&key(), 5.0 + f64::from(look) * 0.05, 5.05 + f64::from(look) * 0.05, 4.0);
        }
        assert_eq!(history.bars(&key(), 60)[59], Some(4.0));
    }
}
