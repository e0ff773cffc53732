//! Colours, and what stands for them where there are none.
//!
//! Owns that nothing is told by a colour alone.

use ratatui::style::{Color, Modifier, Style};

use super::pane::Look;
use super::tree::Trouble;

/// How things look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Theme {
    /// Whether there are colours.
    pub(super) colours: bool,
}

impl Theme {
    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What stands out as a bar from edge to edge.
    pub(super) fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn chart(self) -> Style {
        self.colour(Color::Cyan)
    }

    pub(super) fn trouble(self, trouble: Trouble) -> Style {
        match trouble {
            Trouble::None => Style::new(),
            Trouble::Some => self.colour(Color::Yellow),
            Trouble::Much => self.colour(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// The sign before a row.
    pub(super) fn mark(trouble: Trouble) -> &'static str {
        match trouble {
            Trouble::None => " ",
            Trouble::Some => "!",
            Trouble::Much => "‼",
        }
    }

    pub(super) fn said(self, look: Look) -> Style {
        match look {
            Look::Received => self.colour(Color::Green),
            Look::Sent => self.colour(Color::Cyan),
            Look::Plain => Style::new(),
            Look::Warning => self.colour(Color::Yellow),
            Look::Error => self.colour(Color::Red),
            Look::Aside => self.faint(),
        }
    }
}
