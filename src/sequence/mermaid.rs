//! A sequence as a Mermaid diagram, which many documentation sites draw.
//!
//! Owns Mermaid's words and escapes. Never lays out: its readers do.

use std::fmt::{self, Write as _};

use super::{Sequence, What, seconds};
use crate::visible::acts;

/// Writes a sequence as a Mermaid sequence diagram.
#[must_use]
pub fn mermaid(sequence: &Sequence, title: &str) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_all(&mut out, sequence, title);
    out
}

fn write_all(out: &mut String, sequence: &Sequence, title: &str) -> fmt::Result {
    writeln!(out, "sequenceDiagram")?;
    writeln!(out, "  title: {}", Label(title))?;
    for (at, lane) in sequence.lanes.iter().enumerate() {
        writeln!(out, "  participant l{at} as {}", Label(lane))?;
    }
    let all = match sequence.lanes.len() {
        0 | 1 => "l0".to_owned(),
        count => format!("l0,l{}", count - 1),
    };
    for moment in &sequence.moments {
        let time = seconds(moment.at);
        match &moment.what {
            What::Message { from, to: Some(to), text, arrived } => {
                let is_late = arrived.is_some_and(|arrived| arrived > moment.at);
                let arrow = if is_late { "--)" } else { "->>" };
                writeln!(out, "  l{from}{arrow}l{to}: {} ({time})", Label(text))?;
            }
            What::Message { from, to: None, text, .. } => {
                writeln!(out, "  l{from}-xl{from}: {} ({time}, has not arrived)", Label(text))?;
            }
            What::Note { lane, text, .. } => {
                writeln!(out, "  Note over l{lane}: {} ({time})", Label(text))?;
            }
            What::Step { text } => {
                writeln!(out, "  Note over {all}: {} ({time})", Label(text))?;
            }
        }
    }
    Ok(())
}

/// A text that is no markup: Mermaid takes entities, with `#` in place of `&`.
struct Label<'t>(&'t str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                c if acts(c) => f.write_char(' ')?,
                '"' | '#' | '&' | '<' | '>' | ';' | '%' | '\\' | '{' | '}' => {
                    write!(f, "#{};", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
