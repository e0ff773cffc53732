//! From the parser's character counts to bytes.
//!
//! Owns that conversion, in constant time a place. Never looks at what stands there.

use saphyr_parser::Marker;

/// Every so many characters one byte offset is kept.
const STRIDE: usize = 64;

/// The byte of every 64th character of a text; nothing for ASCII, where both counts agree.
pub(super) struct Places<'t> {
    text: &'t str,
    every_stride: Option<Vec<usize>>,
}

impl<'t> Places<'t> {
    /// The places of a text.
    pub(super) fn new(text: &'t str) -> Self {
        let every_stride = (!text.is_ascii())
            .then(|| text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect());
        Self { text, every_stride }
    }

    /// The byte where a marker points.
    pub(super) fn byte(&self, marker: &Marker) -> usize {
        let Some(every_stride) = &self.every_stride else {
            return marker.index().min(self.text.len());
        };
        let Some(&start) = every_stride.get(marker.index() / STRIDE) else {
            return self.text.len();
        };
        let rest = &self.text[start..];
        let within = rest.char_indices().nth(marker.index() % STRIDE);
        within.map_or(self.text.len(), |(byte, _)| start + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_found_at_its_byte() {
        for text in ["plain", "ä€𝄞", &"aä".repeat(200)] {
            let places = Places::new(text);
            for (index, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(places.byte(&Marker::new(index, 1, 0)), byte, "{text} {index}");
            }
            assert_eq!(places.byte(&Marker::new(10_000, 1, 0)), text.len());
        }
    }
}
