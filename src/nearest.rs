//! The word that was probably meant.
//!
//! Owns how near is near enough. Never reports.

/// The candidate nearest to a word, if one is near enough to be a slip.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
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
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate, allowed), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn distance(word: &str, candidate: &str, allowed: usize) -> usize {
    if word.len().abs_diff(candidate.len()) > allowed * 4 {
        return usize::MAX;
    }
    strsim::damerau_levenshtein(word, &candidate.to_lowercase())
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
        let words = ["connect", "bind", "role", "on_message", "msgids"];
        assert_eq!(nearest("conect", words), Some("connect"));
        assert_eq!(nearest("on_mesage", words), Some("on_message"));
        assert_eq!(nearest("msgid", words), Some("msgids"));
        assert_eq!(nearest("ROLE", words), Some("role"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("x", ["X"]), Some("X"));
        assert_eq!(nearest(&"x".repeat(10_000), words), None);
    }

    #[test]
    fn words_are_listed_with_or() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
