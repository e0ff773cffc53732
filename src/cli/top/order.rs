//! In which order rows stand: by name, or by a figure, and then only as much as it takes.
//!
//! Owns what can be sorted by and when rows change places. Pure.

use std::collections::HashMap;

use super::tree::{Entry, Key, Sums};

/// By how much a figure has to be more than another, for its row to go before that.
const MORE: f64 = 1.25;

/// What rows are sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    Name,
    In,
    Out,
    Waiting,
    Dropped,
    Busy,
}

/// An order that a person chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Order {
    pub(super) by: By,
    /// The other way round than one looks first: the largest last, or names from their end.
    pub(super) is_reversed: bool,
}

/// Where each row stood.
pub(super) type Places = HashMap<Key, usize>;

impl By {
    fn figure(self, sums: &Sums) -> f64 {
        match self {
            Self::Name => 0.0,
            Self::In => sums.received,
            Self::Out => sums.sent,
            Self::Waiting => sums.waiting as f64,
            Self::Dropped => sums.dropped as f64,
            Self::Busy => sums.handler.as_ref().map_or(0.0, |handler| handler.busy),
        }
    }

    /// What a figure moves without meaning anything.
    fn noise(self) -> f64 {
        match self {
            Self::Name | Self::Dropped => 0.0,
            Self::In | Self::Out => 1.0,
            Self::Waiting => 2.0,
            Self::Busy => 0.03,
        }
    }
}

impl Order {
    /// By name, from the first.
    pub(super) const FIRST: Self = Self { by: By::Name, is_reversed: false };

    /// The order after somebody asked for one: the same again is the other way round.
    pub(super) fn asked(self, by: By) -> Self {
        Self { by, is_reversed: self.by == by && !self.is_reversed }
    }

    /// Puts entries, which come by name, in this order; those that stood somewhere stay there unless
    /// a figure is clearly out of place. Sockets stand as in the file.
    pub(super) fn arrange(self, entries: &mut [Entry], before: &Places) {
        let are_sockets = entries.iter().all(|entry| matches!(entry.key, Key::Socket(..)));
        if !are_sockets {
            self.arrange_these(entries, before);
        }
        for entry in entries {
            self.arrange(&mut entry.below, before);
        }
    }

    fn arrange_these(self, entries: &mut [Entry], before: &Places) {
        if self.by == By::Name {
            if self.is_reversed {
                entries.reverse();
            }
            return;
        }
        if entries.iter().all(|entry| before.contains_key(&entry.key)) {
            let mut places: Vec<usize> = (0..entries.len()).collect();
            places.sort_by_key(|&at| before.get(&entries[at].key));
            if self.is_good_enough(places.iter().map(|&at| &entries[at])) {
                entries.sort_by_key(|entry| before.get(&entry.key).copied());
                return;
            }
        }
        let figure = |entry: &Entry| self.by.figure(&entry.sums);
        entries.sort_by(|a, b| {
            let order = figure(b).total_cmp(&figure(a));
            if self.is_reversed { order.reverse() } else { order }
        });
    }

    /// Whether none is clearly more than one before it, or less where the least is first.
    fn is_good_enough<'e>(self, entries: impl Iterator<Item = &'e Entry>) -> bool {
        let mut edge: Option<f64> = None;
        for entry in entries {
            let figure = self.by.figure(&entry.sums);
            let Some(passed) = edge else {
                edge = Some(figure);
                continue;
            };
            let (more, less) = if self.is_reversed { (passed, figure) } else { (figure, passed) };
            if more > less * MORE + self.by.noise() {
                return false;
            }
            edge = Some(if self.is_reversed { passed.max(figure) } else { passed.min(figure) });
        }
        true
    }
}

/// Where each of these stands now.
pub(super) fn places(entries: &[Entry]) -> Places {
    fn note(entries: &[Entry], places: &mut Places) {
        for (at, entry) in entries.iter().enumerate() {
            places.insert(entry.key.clone(), at);
            note(&entry.below, places);
        }
    }
    let mut places = Places::new();
    note(entries, &mut places);
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(name: &str, received: f64) -> Entry {
        Entry {
            key: Key::Instance(name.to_owned()),
            name: name.to_owned(),
            sums: Sums { received, ..Sums::default() },
            below: Vec::new(),
        }
    }

    fn entries(rates: &[f64]) -> Vec<Entry> {
        rates.iter().zip('a'..).map(|(rate, name)| entry(&name.to_string(), *rate)).collect()
    }

    fn names(entries: &[Entry]) -> String {
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn rows_change_places_only_when_a_figure_is_clearly_more() {
        let order = Order::FIRST.asked(By::In);
        let mut first = entries(&[100.0, 300.0, 200.0]);
        order.arrange(&mut first, &Places::new());
        assert_eq!(names(&first), "bca");
        let before = places(&first);
        let mut wobbled = entries(&[190.0, 195.0, 210.0]);
        order.arrange(&mut wobbled, &before);
        assert_eq!(names(&wobbled), "bca", "nobody is clearly more");
        let mut grown = entries(&[400.0, 195.0, 210.0]);
        order.arrange(&mut grown, &before);
        assert_eq!(names(&grown), "acb");
    }

    #[test]
    fn the_same_again_is_the_other_way_round() {
        let order = Order::FIRST.asked(By::In);
        let turned = order.asked(By::In);
        assert!(!order.is_reversed && turned.is_reversed && !turned.asked(By::Out).is_reversed);
        assert!(Order::FIRST.asked(By::Name).is_reversed);
        let mut rows = entries(&[100.0, 300.0, 200.0]);
        turned.arrange(&mut rows, &Places::new());
        assert_eq!(names(&rows), "acb");
        let mut still = entries(&[210.0, 195.0, 200.0]);
        turned.arrange(&mut still, &places(&rows));
        assert_eq!(names(&still), "acb");
    }

    #[test]
    fn the_sockets_of_a_node_stand_as_in_the_file() {
        let socket = |name: &str, received| Entry {
            key: Key::Socket("a".to_owned(), name.to_owned()),
            ..entry(name, received)
        };
        let mut rows =
            vec![Entry { below: vec![socket("in", 1.0), socket("out", 9.0)], ..entry("a", 1.0) }];
        Order::FIRST.asked(By::In).arrange(&mut rows, &Places::new());
        assert_eq!(names(&rows[0].below), "inout");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_never_far_from_sorted(
            first in prop::collection::vec(0.0..1000.0_f64, 1..12),
            then in prop::collection::vec(0.0..1000.0_f64, 12),
            is_reversed in any::<bool>(),
        ) {
            let order = Order { by: By::In, is_reversed };
            let mut rows = entries(&first);
            order.arrange(&mut rows, &Places::new());
            let mut next = entries(&then[..first.len()]);
            order.arrange(&mut next, &places(&rows));
            for (at, row) in next.iter().enumerate() {
                for later in &next[at + 1..] {
                    let (a, b) = (row.sums.received, later.sums.received);
                    let (more, less) = if is_reversed { (a, b) } else { (b, a) };
                    prop_assert!(more <= less * MORE + 1.0, "{a} before {b}");
                }
            }
        }
    }
}
