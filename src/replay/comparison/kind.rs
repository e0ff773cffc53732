//! In which way a call of now differs from what one did then.
//!
//! Owns the ways, and which of them it is. Never calls a handler.

use serde::Serialize;

/// What a call did, as far as it can be compared.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Done {
    /// Whether it failed.
    pub(super) has_failed: bool,
    /// Where it sent, in order: the socket, or none where it wrote, and what tells the frames from others.
    pub(super) sent: Vec<(Option<String>, u64)>,
    /// What else it wanted done, in words.
    pub(super) deeds: Vec<String>,
}

/// In which way it differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It fails now.
    Fails,
    /// It failed then.
    Works,
    /// It sends nothing now.
    Nothing,
    /// It sends the same by another socket.
    Elsewhere,
    /// It sends what it did, and more.
    More,
    /// It sends less of what it did.
    Fewer,
    /// It sends the same in another order.
    Order,
    /// It sends something else.
    Content,
    /// It sends the same, and does something else beside.
    Other,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Fails,
        Self::Works,
        Self::Nothing,
        Self::Elsewhere,
        Self::More,
        Self::Fewer,
        Self::Order,
        Self::Content,
        Self::Other,
    ];

    /// As `--accept` has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Works => "works",
            Self::Nothing => "nothing",
            Self::Elsewhere => "elsewhere",
            Self::More => "more",
            Self::Fewer => "fewer",
            Self::Order => "order",
            Self::Content => "content",
            Self::Other => "other",
        }
    }

    /// What so many calls do.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Fails => "fail now",
            Self::Works => "fail no longer",
            Self::Nothing => "send nothing now",
            Self::Elsewhere => "send the same elsewhere",
            Self::More => "send more",
            Self::Fewer => "send less",
            Self::Order => "send the same in another order",
            Self::Content => "send something else",
            Self::Other => "send the same, and do something else beside",
        }
    }

    /// In which way `now` differs from `then`, if it does.
    pub(super) fn of(then: &Done, now: &Done) -> Option<Self> {
        match (then.has_failed, now.has_failed) {
            (false, true) => return Some(Self::Fails),
            (true, false) => return Some(Self::Works),
            (true, true) | (false, false) => {}
        }
        if then.sent == now.sent {
            return (then.deeds != now.deeds).then_some(Self::Other);
        }
        let sorted = |sent: &[(Option<String>, u64)]| {
            let mut all: Vec<u64> = sent.iter().map(|(_, fingerprint)| *fingerprint).collect();
            all.sort_unstable();
            all
        };
        Some(if now.sent.is_empty() {
            Self::Nothing
        } else if is_within(&then.sent, &now.sent) {
            Self::More
        } else if is_within(&now.sent, &then.sent) {
            Self::Fewer
        } else if sorted(&then.sent) != sorted(&now.sent) {
            Self::Content
        } else if is_reordered(&then.sent, &now.sent) {
            Self::Order
        } else {
            Self::Elsewhere
        })
    }
}

/// Whether all of these are there in their order, perhaps with others between.
fn is_within<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    let mut all = all.iter();
    some.iter().all(|one| all.any(|other| other == one))
}

fn is_reordered<T: Ord>(one: &[T], other: &[T]) -> bool {
    let sorted = |sent: &[T]| {
        let mut order: Vec<usize> = (0..sent.len()).collect();
        order.sort_by(|a, b| sent[*a].cmp(&sent[*b]));
        order
    };
    let (first, second) = (sorted(one), sorted(other));
    first.iter().zip(&second).all(|(a, b)| one[*a] == other[*b])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a call did: `a1 b2` sent 1 by a and 2 by b, `!` failed, `+x` did x.
    fn done(text: &str) -> Done {
        let mut done = Done::default();
        for word in text.split_whitespace() {
            match word.split_at(1) {
                ("!", _) => done.has_failed = true,
                ("+", deed) => done.deeds.push(deed.to_owned()),
                ("w", number) => done.sent.push((None, number.parse().unwrap())),
                (socket, number) => {
                    done.sent.push((Some(socket.to_owned()), number.parse().unwrap()));
                }
            }
        }
        done
    }

    #[test]
    fn each_difference_is_of_one_kind() {
        for (then, now, kind) in [
            ("", "", None),
            ("a1 b2 +x", "a1 b2 +x", None),
            ("! a1", "! a1", None),
            ("a1", "!", Some(Kind::Fails)),
            ("a1", "! a1", Some(Kind::Fails)),
            ("!", "a1", Some(Kind::Works)),
            ("a1", "", Some(Kind::Nothing)),
            ("", "a1", Some(Kind::More)),
            ("a1 a2", "a1 b7 a2", Some(Kind::More)),
            ("a1 a2 a3", "a1 a3", Some(Kind::Fewer)),
            ("a1", "b1", Some(Kind::Elsewhere)),
            ("a1 a2", "b1 a2", Some(Kind::Elsewhere)),
            ("a1", "w1", Some(Kind::Elsewhere)),
            ("a1 a2", "a2 a1", Some(Kind::Order)),
            ("a1 b2", "b2 a1", Some(Kind::Order)),
            ("a1", "a2", Some(Kind::Content)),
            ("a1 a2", "a1 a3", Some(Kind::Content)),
            ("a1 a2", "a3", Some(Kind::Content)),
            ("a1", "b2", Some(Kind::Content)),
            ("a1", "a1 +x", Some(Kind::Other)),
            ("a1 +y", "a1 +x", Some(Kind::Other)),
            ("a1 +y", "a2 +x", Some(Kind::Content)),
        ] {
            assert_eq!(Kind::of(&done(then), &done(now)), kind, "{then:?} → {now:?}");
        }
    }

    #[test]
    fn each_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|it| it.word()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
