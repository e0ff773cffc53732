//! `zrig recording FILE --format sequence`, `svg`, `mermaid` and `--picture`: a stretch as messages over time.
//!
//! Owns the title, and what is said beside a picture. What it shows is `recording`'s.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::super::message;
use super::super::output::aside;
use super::super::picture::{Form, draw_to};
use super::{Format, RecordingArguments, begin_of, is_meant, refuse};
use crate::control::Sieve;
use crate::duration::format_duration;
use crate::listing::thousands;
use crate::recording::{LANES, LeftOut, ROWS, Reader, Story, Wish, story};
use crate::visible::visible;

impl Format {
    /// What a picture is written as; none where it is a list.
    pub(super) fn form(self) -> Option<Form> {
        match self {
            Self::Text | Self::Jsonl => None,
            Self::Sequence => Some(Form::Text),
            Self::Svg => Some(Form::Svg),
            Self::Mermaid => Some(Form::Mermaid),
        }
    }
}

impl RecordingArguments {
    /// What a picture is printed as, if one is wanted there.
    pub(super) fn form(&self) -> Option<Form> {
        self.format.and_then(Format::form)
    }

    /// Draws a part: to the files that are wanted, or to standard output.
    ///
    /// # Errors
    ///
    /// When a picture cannot be written.
    pub(super) fn draw(&self, reader: &mut Reader, sieve: &mut Sieve) -> io::Result<ExitCode> {
        let begun = reader.times().map(|times| *times.start());
        let from = begun.map(|begun| format!(" from {}", begin_of(begun))).unwrap_or_default();
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let title = format!("{name}{from}");
        let wish = Wish {
            times: self.times(reader),
            message: &mut |passed| self.wants(sieve, passed),
            node: &|node, socket| is_meant(self.node.as_ref(), node, socket),
            // As in a list: what is asked for are messages.
            has_events: self.condition.is_none(),
            label: &message::label,
            lookup: &|name| std::env::var_os(name),
        };
        let drawn = match story(reader, wish) {
            Ok(drawn) => drawn,
            Err(error) => return Ok(refuse(&error)),
        };
        let mut out = io::stdout().lock();
        if let Some(form) = self.form() {
            out.write_all(form.draw(&drawn.sequence, &title).as_bytes())?;
        }
        for path in &self.picture {
            draw_to(path, &drawn.sequence, &title)?;
            writeln!(out, "drawn to {}", visible(&path.display().to_string()))?;
        }
        out.flush()?;
        self.tell(&drawn, begun.unwrap_or_default());
        Ok(ExitCode::SUCCESS)
    }

    /// Says what the picture has not, and what helps.
    fn tell(&self, drawn: &Story, begun: u64) {
        if drawn.sequence.moments.is_empty() {
            aside("… nothing passed in this stretch that was asked for");
        }
        if !drawn.is_by_links {
            aside(
                "… the recording has no text that says who is linked with whom: messages are one where \
                 they say the same and the roles fit",
            );
        }
        let LeftOut { since, crowded, .. } = drawn.left_out;
        if let Some(all) = drawn.left_out.later() {
            // No later than the first that is left out.
            let since = Duration::from_micros(since.saturating_sub(begun) / 1_000);
            let to = self.cut.and_then(|cut| cut.to).map(format_duration).unwrap_or_default();
            aside(&format!(
                "… left out: {all}; a picture has room for {ROWS}: choose a shorter stretch, or go on with \
                 --cut {}..{to}",
                format_duration(since)
            ));
        }
        if crowded > 0 {
            aside(&format!(
                "… {} are left out with nodes that have no lane: a picture has room for {LANES}; choose a node \
                 by --node",
                thousands(crowded)
            ));
        }
    }
}
