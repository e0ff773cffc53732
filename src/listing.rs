//! A few of many names, and how many there are: what a person reads of a list that may have thousands.
//!
//! Owns how many are shown, and the plural. Never shortens what a program reads.

use std::fmt::Display;

/// How many names are shown; of one more there is room too.
const SHOWN: usize = 5;

/// `a, b, c, d, e and 2,995 more`; up to six are all named.
#[must_use]
pub fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    let shown = if names.len() <= SHOWN + 1 { names.len() } else { SHOWN };
    let text = names[..shown].iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len() - shown {
        0 => text,
        more => format!("{text} and {} more", thousands(more as u64)),
    }
}

/// `1 node`, `2 nodes`: for words whose plural ends in an `s`.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, word: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// A number with a comma after each thousand.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_are_named_and_the_rest_counted() {
        let names = |count: usize| (1..=count).map(|n| format!("n.{n}")).collect::<Vec<_>>();
        assert_eq!(some_of(&names(0)), "");
        assert_eq!(some_of(&names(6)), "n.1, n.2, n.3, n.4, n.5, n.6");
        assert_eq!(some_of(&names(3000)), "n.1, n.2, n.3, n.4, n.5 and 2,995 more");
        assert_eq!([7, 999, 1000, 1_234_567].map(thousands), ["7", "999", "1,000", "1,234,567"]);
    }
}
