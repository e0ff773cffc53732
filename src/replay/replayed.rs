//! What became of a recording's messages, as figures and in words.
//!
//! Owns the words. Never gives a message.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::duration::format_duration;

/// What became of a recording's messages.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Replayed {
    /// How many were given.
    pub given: u64,
    /// How many came from nodes of the file, and so come again by themselves.
    pub inside: u64,
    /// How many could not be given, by why.
    pub refused: BTreeMap<String, u64>,
    /// How much later than it was to be the latest was given; none where each was to be as soon as could be.
    pub late: Option<Duration>,
}

impl Replayed {
    /// What was given, for a person: `12 messages given, at most 1.2ms late`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { given, inside, late, .. } = self;
        let mut text = format!("{given} messages given");
        if let Some(late) = late {
            let late = Duration::from_micros(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
            text.push_str(&format!(", at most {} late", format_duration(late)));
        }
        if *inside > 0 {
            text.push_str(&format!(
                "; {inside} came from nodes of the file, and come from them again"
            ));
        }
        text
    }
}
