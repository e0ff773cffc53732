//! Places in a text as editors count them.
//!
//! Owns the way between bytes and lines with columns in UTF-16 or UTF-8. Never looks at what stands
//! there.

/// What a column counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units.
    Utf16,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The byte of a line and a column, both from 0; what is past an end counts as that end.
    #[must_use]
    pub fn byte(&self, text: &str, line: u32, column: u32, encoding: Encoding) -> usize {
        let line = line as usize;
        let Some(&start) = self.starts.get(line) else { return text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let line = text[start..end].trim_end_matches(['\n', '\r']);
        let column = column as usize;
        start
            + match encoding {
                Encoding::Utf8 => floor(line, column),
                Encoding::Utf16 => byte_of_utf16(line, column),
            }
    }

    /// The line and the column of a byte, both from 0.
    #[must_use]
    pub fn position(&self, text: &str, byte: usize, encoding: Encoding) -> (u32, u32) {
        let byte = floor(text, byte);
        let line = self.starts.partition_point(|&start| start <= byte) - 1;
        let before = &text[self.starts[line]..byte];
        let column = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => utf16_len(before),
        };
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (narrow(line), narrow(column))
    }
}

/// The byte so many UTF-16 code units into a text; inside a character, where that begins.
#[must_use]
pub fn byte_of_utf16(text: &str, units: usize) -> usize {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left < c.len_utf16() {
            return at;
        }
        left -= c.len_utf16();
    }
    text.len()
}

/// How many UTF-16 code units stand before a byte.
#[must_use]
pub fn utf16_of_byte(text: &str, byte: usize) -> usize {
    utf16_len(&text[..floor(text, byte)])
}

fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The last place between two characters that is not behind a byte.
pub(super) fn floor(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    (0..=byte).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_and_its_byte_are_inverse_in_each_encoding() {
        let text = "aä€𝄞\r\n\n𝄞b";
        let lines = Lines::new(text);
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (byte, c) in text.char_indices().filter(|(_, c)| *c != '\n') {
                let (line, column) = lines.position(text, byte, encoding);
                assert_eq!(lines.byte(text, line, column, encoding), byte, "{c:?} {encoding:?}");
            }
        }
        assert_eq!(lines.position(text, text.len(), Encoding::Utf16), (2, 3));
        assert_eq!(lines.position(text, text.len(), Encoding::Utf8), (2, 5));
    }

    #[test]
    fn places_that_are_not_there_are_the_nearest_end() {
        let text = "𝄞a\r\nb";
        let lines = Lines::new(text);
        assert_eq!(lines.byte(text, 0, 99, Encoding::Utf16), 5);
        assert_eq!(lines.byte(text, 9, 0, Encoding::Utf16), text.len());
        assert_eq!(lines.byte(text, 0, 1, Encoding::Utf16), 0, "inside a character");
        assert_eq!(lines.byte(text, 0, 2, Encoding::Utf8), 0, "inside a character");
        assert_eq!(byte_of_utf16(text, 3), 5);
        assert_eq!(utf16_of_byte(text, 5), 3);
    }
}
