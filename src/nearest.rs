//! The word that was probably meant.
//!
//! Owns how near is near enough. Never reports.

/// The words that were probably meant: one, or several that are equally near.
pub(crate) struct Guess<'c>(Vec<&'c str>);

impl<'c> Guess<'c> {
    /// A single word.
    pub(crate) fn of(word: &'c str) -> Self {
        Self(vec![word])
    }

    /// The likeliest of them.
    pub(crate) fn first(&self) -> &'c str {
        self.0.first().copied().unwrap_or_default()
    }

    /// `did you mean …?`
    pub(crate) fn question(&self) -> String {
        format!("did you mean {}?", one_of(self.0.iter().copied()))
    }
}

/// More words than that are no help.
const MOST: usize = 3;

/// The candidates nearest to a word, if any is near enough to be a slip; of those equally near the
/// ones that it begins come first.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<Guess<'c>> {
    // Nobody mistypes a whole line, and distances cost the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    // Any letter is one slip from any other.
    let allowed = match word.chars().count() {
        0 | 1 => 0,
        count => (count / 3).max(1),
    };
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate, allowed), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    let least = near.iter().map(|(distance, _)| *distance).min()?;
    near.retain(|(distance, _)| *distance == least);
    near.sort_by_key(|(_, candidate)| !candidate.to_lowercase().starts_with(&word));
    let mut meant = Vec::new();
    for (_, candidate) in near {
        if !meant.contains(&candidate) && meant.len() < MOST {
            meant.push(candidate);
        }
    }
    Some(Guess(meant))
}

fn distance(word: &str, candidate: &str, allowed: usize) -> usize {
    if word.len().abs_diff(candidate.len()) > allowed * 4 {
        return usize::MAX;
    }
    let candidate = candidate.to_lowercase();
    // Each letter more is a slip, which is counted faster than all of them.
    if word.chars().count().abs_diff(candidate.chars().count()) > allowed {
        return usize::MAX;
    }
    strsim::damerau_levenshtein(word, &candidate)
}

/// `a, b or c`.
pub(crate) fn one_of<'c>(words: impl IntoIterator<Item = &'c str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let words = &["connect", "bind", "role", "on_message", "msgids"];
        let nearest = |word: &str, words: &[&'static str]| {
            super::nearest(word, words.iter().copied()).map(|guess| guess.first())
        };
        assert_eq!(nearest("conect", words), Some("connect"));
        assert_eq!(nearest("on_mesage", words), Some("on_message"));
        assert_eq!(nearest("msgid", words), Some("msgids"));
        assert_eq!(nearest("ROLE", words), Some("role"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest("x", &["y"]), None);
        assert_eq!(nearest("x", &["X"]), Some("X"));
        assert_eq!(nearest(&"x".repeat(10_000), words), None);
    }

    #[test]
    fn all_that_are_equally_near_are_offered_those_that_the_word_begins_first() {
        let question = |word, words: &[&'static str]| {
            super::nearest(word, words.iter().copied()).map(|guess| guess.question())
        };
        let roles = &["pair", "pub", "sub", "push", "pull", "pub"];
        assert_eq!(question("pul", roles).unwrap(), "did you mean `pull` or `pub`?");
        assert_eq!(question("pusj", roles).unwrap(), "did you mean `push`?");
        assert_eq!(
            question("a1", &["a2", "a3", "a4", "a5"]).unwrap(),
            "did you mean `a2`, `a3` or `a4`?"
        );
    }

    #[test]
    fn words_are_listed_with_or() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
