//! Text from elsewhere on its way to a terminal: what would move the cursor, ring, colour or turn
//! the direction of writing is shown instead of done.
//!
//! Owns which characters those are and how they look. Never used where a program reads: JSON and
//! other formats have escapes of their own.

use std::borrow::Cow;
use std::fmt::Write;

/// A text on one line: line ends too are shown, as `\n`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// A text of several lines: line ends stay, and every line after the first is indented, so that
/// none of them can be taken for one that begins by itself.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let shown = escaped(text, |c| c != '\n' && acts(c));
    if !shown.split('\n').skip(1).any(is_flush) {
        return shown;
    }
    let mut lines = shown.split('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.push('\n');
        if is_flush(line) {
            text.push_str("    ");
        }
        text.push_str(line);
    }
    Cow::Owned(text)
}

/// A text of several lines as it is laid out, such as the table of a terminal.
#[must_use]
pub fn visible_layout(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && acts(c))
}

fn is_flush(line: &str) -> bool {
    !line.is_empty() && !line.starts_with("  ")
}

/// Whether a terminal does something on a character, instead of showing it: C0 and C1 controls,
/// separators of lines, and what turns the direction of the text around it.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

fn escaped(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&hides) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    for c in text[first..].chars() {
        if !hides(c) {
            shown.push(c);
            continue;
        }
        // Writing to a text never fails.
        let _ = match c {
            '\n' => shown.write_str("\\n"),
            '\r' => shown.write_str("\\r"),
            '\t' => shown.write_str("\\t"),
            c if c.is_ascii() => write!(shown, "\\x{:02x}", u32::from(c)),
            c => write!(shown, "\\u{{{:x}}}", u32::from(c)),
        };
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_do_is_shown() {
        for (text, shown) in [
            ("Oslo: 1 °C", "Oslo: 1 °C"),
            ("👩‍🚀 ¡olé! \\n", "👩‍🚀 ¡olé! \\n"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\x1b[31mred\\x1b]0;title\\x07"),
            ("\u{9b}2J\u{7f}\0", "\\u{9b}2J\\x7f\\x00"),
            ("a\u{202e}b\u{2028}c", "a\\u{202e}b\\u{2028}c"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert!(matches!(visible("as it is"), Cow::Borrowed(_)));
    }

    #[test]
    fn no_line_of_several_can_pass_for_a_line_of_its_own() {
        assert_eq!(
            visible_lines("reload applied\n  ~ a\n12:00:00.000  forged\n\n\u{7}"),
            "reload applied\n  ~ a\n    12:00:00.000  forged\n\n    \\x07"
        );
        assert_eq!(visible_layout("NODE  IN\na     \u{1b}1"), "NODE  IN\na     \\x1b1");
    }

    proptest! {
        #[test]
        fn nothing_acts_any_more(text in "[\\PC\\pC]*") {
            prop_assert!(!visible(&text).chars().any(acts));
            prop_assert!(!visible_lines(&text).chars().any(|c| c != '\n' && acts(c)));
            prop_assert!(!visible_lines(&text).split('\n').skip(1).any(is_flush));
        }
    }
}
