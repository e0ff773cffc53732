//! Pictures of messages over time, as files and as output.
//!
//! Owns what a picture can be written as, and by which ending of a file's name. Draws nothing: `sequence` does.

use std::fs;
use std::io;
use std::path::Path;

use crate::sequence::{Sequence, mermaid, svg, text};
use crate::visible::visible;
use crate::whole::naming;

/// What a picture is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Lines for a terminal.
    Text,
    /// A picture for slides and pages.
    Svg,
    /// A diagram for sites that draw Mermaid.
    Mermaid,
}

impl Form {
    /// What a file of that name has.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "svg" => Some(Self::Svg),
            "mmd" => Some(Self::Mermaid),
            _ => None,
        }
    }

    /// Draws.
    pub(super) fn draw(self, sequence: &Sequence, title: &str) -> String {
        match self {
            Self::Text => text(sequence),
            Self::Svg => svg(sequence, title),
            Self::Mermaid => mermaid(sequence, title),
        }
    }
}

/// Why one of these files cannot be a picture.
pub(super) fn no_picture<'p>(mut paths: impl Iterator<Item = &'p Path>) -> Option<String> {
    let path = paths.find(|path| Form::of_file(path).is_none())?;
    Some(format!("{} is no picture: FILE.svg or FILE.mmd", visible(&path.display().to_string())))
}

/// Draws to a file.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn draw_to(path: &Path, sequence: &Sequence, title: &str) -> io::Result<()> {
    let form = Form::of_file(path).unwrap_or(Form::Text);
    fs::write(path, form.draw(sequence, title)).map_err(|error| naming(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_what_its_picture_is_written_as() {
        for (name, want) in [
            ("a.svg", Some(Form::Svg)),
            ("a.b.mmd", Some(Form::Mermaid)),
            ("a.png", None),
            ("svg", None),
        ] {
            assert_eq!(Form::of_file(Path::new(name)), want, "{name}");
        }
        let names = ["a.svg", "b\x1b.png"].map(Path::new);
        let why = no_picture(names.into_iter()).unwrap();
        assert_eq!(why, "b\\x1b.png is no picture: FILE.svg or FILE.mmd");
    }
}
