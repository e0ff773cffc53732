//! How wide a text is, without asking a font.
//!
//! Owns a table of glyph widths on the safe side: those of the widest sans-serif that a viewer is
//! likely to fall back to. Never reads a font, so that a picture is the same everywhere.

/// How a text is set.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Type {
    /// Pixels an em.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
}

impl Type {
    /// Of that size.
    pub(crate) const fn plain(size: f64) -> Self {
        Self { size, bold: false }
    }

    /// Of that size, bold.
    pub(crate) const fn bold(size: f64) -> Self {
        Self { size, bold: true }
    }

    /// The width of a text in pixels, or a little more.
    pub(crate) fn width(self, text: &str) -> f64 {
        let thousandths: u32 = text.chars().map(|c| glyph_width(c, self.bold)).sum();
        f64::from(thousandths) * self.size / 1000.0
    }

    /// The text, or as much of its beginning as fits, with an ellipsis.
    pub(crate) fn fit(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…");
        let mut used = 0.0;
        let kept: String = text
            .chars()
            .take_while(|&c| {
                used += f64::from(glyph_width(c, self.bold)) * self.size / 1000.0;
                used <= room
            })
            .collect();
        format!("{}…", kept.trim_end())
    }

    /// The text in lines no wider than this and no more than that many, the last one cut to fit.
    pub(crate) fn wrap(self, text: &str, width: f64, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let is_last = lines.len() == most;
            match lines.last_mut() {
                Some(line) if self.width(line) + self.width(" ") + self.width(word) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                Some(line) if is_last => {
                    // What follows would not be read anyway.
                    while self.width(line) + self.width(" …") > width
                        && let Some((kept, _)) = line.rsplit_once(' ')
                    {
                        line.truncate(kept.len());
                    }
                    line.push_str(" …");
                    break;
                }
                Some(_) | None => lines.push(word.to_owned()),
            }
        }
        lines.iter().map(|line| self.fit(line, width)).collect()
    }
}

/// From space to tilde, in thousandths of an em.
const PLAIN: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

/// The same in bold.
const BOLD: [u16; 95] = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683,
    683, 821, 837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771,
    724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665,
    343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
];

fn glyph_width(c: char, bold: bool) -> u32 {
    let table = if bold { &BOLD } else { &PLAIN };
    let known = u32::from(c).checked_sub(32).and_then(|at| table.get(at as usize));
    match (known, c) {
        (Some(&width), _) => u32::from(width),
        // Combining marks stand on the letter before.
        (None, '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}') => 0,
        (None, '“' | '”') => 520,
        (None, '…' | '–' | '·' | '×' | '°') => 1000,
        // The widest letters of Latin, Greek, Cyrillic and Arabic are below, and ideographs are
        // one em; emoji are somewhat more.
        (None, '\0'..'\u{2E80}') => 1200,
        (None, '\u{2E80}'..) => 1400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_fits() {
        let set = Type::plain(12.0);
        for text in
            ["short", "a rather long description of something", "漢字仮名交じり文", "ÄÖÜäöüß"]
        {
            for width in [20.0, 40.0, 80.0, 300.0] {
                let fitted = set.fit(text, width);
                assert!(set.width(&fitted) <= width, "{fitted} in {width}");
                assert_eq!(fitted == text, set.width(text) <= width, "{fitted} in {width}");
            }
        }
    }

    #[test]
    fn a_text_is_wrapped_between_words_and_cut_after_the_last_line() {
        let set = Type::plain(10.0);
        assert_eq!(set.wrap("one two three", 45.0, 5), ["one two", "three"]);
        assert_eq!(set.wrap("one two three", 45.0, 1), ["one …"]);
        assert_eq!(set.wrap("", 45.0, 1), [""; 0]);
        for line in set.wrap("incomprehensibilities of an unbreakable word", 60.0, 3) {
            assert!(set.width(&line) <= 60.0, "{line}");
        }
    }
}
