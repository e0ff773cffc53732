//! The lines of a certificate, which are ZeroMQ's property language (RFC 4).
//!
//! Owns where sections, names, values and comments begin and end. Never judges a key.

use super::{CertificateFault, Flaws};
use crate::security::flaw::Flaw;

/// A value and where it begins, counted from zero.
pub(super) struct Value<'a> {
    pub(super) text: &'a str,
    line: usize,
    column: usize,
}

impl Value<'_> {
    pub(super) fn flaw(&self, fault: CertificateFault) -> Flaw<CertificateFault> {
        Flaw::at(self.line, self.column, fault)
    }
}

/// What the lines hold.
#[derive(Default)]
pub(super) struct Lines<'a> {
    pub(super) metadata: Vec<(&'a str, Value<'a>)>,
    pub(super) public: Option<Value<'a>>,
    pub(super) secret: Option<Value<'a>>,
    /// How many there are.
    pub(super) count: usize,
}

#[derive(Clone, Copy)]
enum Section {
    Metadata,
    Curve,
    /// Before the first one.
    None,
    /// One that has been told of.
    Wrong,
}

impl<'a> Lines<'a> {
    pub(super) fn read(text: &'a str) -> (Self, Flaws) {
        let (mut lines, mut flaws) = (Self::default(), Flaws::new());
        let mut section = Section::None;
        // Windows' editors begin a file with a mark.
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            lines.count = at + 1;
            let line = line.trim_end();
            let indent = line.len() - line.trim_start().len();
            if line.is_empty() || line[indent..].starts_with('#') {
                continue;
            }
            let taken = match &line[..indent] {
                "" => {
                    let opened = open(line);
                    section = opened.unwrap_or(Section::Wrong);
                    opened.map(|_| ()).map_err(|fault| (0, fault))
                }
                "    " => lines.add(section, &line[4..], at),
                _ => Err((0, CertificateFault::Indentation)),
            };
            if let Err((column, fault)) = taken {
                flaws.push(Flaw::at(at, column, fault));
            }
        }
        (lines, flaws)
    }

    /// Adds one line of a section; what is wrong is at a character of the whole line.
    fn add(
        &mut self,
        section: Section,
        line: &'a str,
        at: usize,
    ) -> Result<(), (usize, CertificateFault)> {
        let Some((name, rest)) = line.split_once('=') else {
            return Err((4, CertificateFault::NoValue));
        };
        let begin = name.len() + 1 + rest.len() - rest.trim_start().len();
        let column = 4 + line[..begin].chars().count();
        let text = unquoted(rest.trim_start()).map_err(|fault| (column, fault))?;
        let value = Value { text, line: at, column };
        let name = name.trim_end();
        let slot = match (section, name) {
            (Section::Metadata, "") => return Err((4, CertificateFault::NoValue)),
            (Section::Metadata, _) => {
                let before = self.metadata.iter().find(|(before, _)| *before == name);
                if let Some((_, first)) = before {
                    return Err((4, CertificateFault::Twice(first.line + 1)));
                }
                self.metadata.push((name, value));
                return Ok(());
            }
            (Section::Curve, "public-key") => &mut self.public,
            (Section::Curve, "secret-key") => &mut self.secret,
            (Section::Curve, _) => return Err((4, CertificateFault::Key)),
            (Section::Wrong, _) => return Ok(()),
            (Section::None, _) => return Err((4, CertificateFault::Section)),
        };
        if let Some(first) = slot {
            return Err((4, CertificateFault::Twice(first.line + 1)));
        }
        *slot = Some(value);
        Ok(())
    }
}

fn open(line: &str) -> Result<Section, CertificateFault> {
    let name = line.split('#').next().unwrap_or_default().trim_end();
    match name {
        "metadata" => Ok(Section::Metadata),
        "curve" => Ok(Section::Curve),
        _ => Err(CertificateFault::Section),
    }
}

/// A value without its quotes, or up to a comment; a `#` inside a word is part of it, as in a key.
fn unquoted(text: &str) -> Result<&str, CertificateFault> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let mut marks = text.match_indices('#').map(|(at, _)| at);
        let end = marks.find(|&at| at == 0 || text[..at].ends_with(char::is_whitespace));
        return Ok(text[..end.unwrap_or(text.len())].trim_end());
    };
    let (inside, behind) = text[1..].split_once(quote).ok_or(CertificateFault::OpenQuote)?;
    let behind = behind.trim_start();
    if behind.is_empty() || behind.starts_with('#') {
        Ok(inside)
    } else {
        Err(CertificateFault::BehindQuote)
    }
}
