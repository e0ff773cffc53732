//! Text in the cells of a terminal: how wide it is, cut with `…`, and broken into lines.
//!
//! Owns that no text is wider than its room. Pure.

use ratatui::style::Style;
use ratatui::text::Span;

/// What stands where something was left out.
const MORE: &str = "…";

/// The cells that a text takes.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text in so many cells: cut where it is longer.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let mut shown = parts(text, room).next().unwrap_or_default();
    shown.push_str(MORE);
    shown
}

/// The text in lines of so many cells.
pub(super) fn broken(text: &str, room: usize) -> Vec<String> {
    if room == 0 || width(text) <= room {
        return vec![text.to_owned()];
    }
    parts(text, room).collect()
}

/// The text in lines of so many cells, broken between words where that can be.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut pieces = broken(word, room).into_iter();
        let first = pieces.next().unwrap_or_default();
        match lines.last_mut().filter(|line| width(line) + 1 + width(&first) <= room) {
            Some(line) if line.is_empty() => line.push_str(&first),
            Some(line) => {
                line.push(' ');
                line.push_str(&first);
            }
            None => lines.push(first),
        }
        lines.extend(pieces);
    }
    if lines.len() > 1 && lines[0].is_empty() {
        lines.remove(0);
    }
    lines
}

/// The pieces of a text that fit so many cells; what does not fit even alone is left out.
fn parts(text: &str, room: usize) -> impl Iterator<Item = String> {
    let span = Span::raw(text.to_owned());
    let symbols: Vec<(String, usize)> = span
        .styled_graphemes(Style::default())
        .map(|one| (one.symbol.to_owned(), width(one.symbol)))
        .filter(|(_, cells)| *cells <= room)
        .collect();
    let mut symbols = symbols.into_iter().peekable();
    std::iter::from_fn(move || {
        symbols.peek()?;
        let (mut part, mut taken) = (String::new(), 0);
        while let Some((symbol, cells)) = symbols.next_if(|(_, cells)| taken + cells <= room) {
            part.push_str(&symbol);
            taken += cells;
        }
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        assert_eq!(cut("temperature", 11), "temperature");
        assert_eq!(cut("temperature", 5), "temp…");
        assert_eq!([cut("temperature", 1), cut("temperature", 0)], ["…", ""]);
        assert_eq!(cut("温度計", 4), "温…", "a wide sign takes two cells");
        assert_eq!(broken("temperature", 4), ["temp", "erat", "ure"]);
        assert_eq!(broken("", 4), [""]);
        assert_eq!(wrapped("a word or many", 6), ["a word", "or", "many"]);
        assert_eq!(wrapped("temperature", 4), ["temp", "erat", "ure"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in "[\\PC温👩‍🚀é]{0,40}", room in 0_usize..30) {
            prop_assert!(width(&cut(&text, room)) <= room);
            if room > 0 {
                prop_assert!(broken(&text, room).iter().all(|line| width(line) <= room));
                prop_assert!(wrapped(&text, room).iter().all(|line| width(line) <= room));
            }
        }
    }
}
