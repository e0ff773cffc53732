//! `zrig explain`: what a word means.
//!
//! Owns how pages and their list are printed. The texts are `explain/`'s.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::output::invalid;
use crate::explain::{Kind, explain, nearest_word, pages};
use crate::visible::visible;

/// Say what a role, key, option, term or code means; without a word, list them all
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    /// The word, such as router, hwm, slow joiner or ZR0304
    word: Vec<String>,
}

impl ExplainArguments {
    /// Prints the page, or the list of all.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let mut out = io::stdout().lock();
        if self.word.is_empty() {
            out.write_all(list().as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let word = self.word.join(" ");
        if let Some(text) = explain(&word) {
            out.write_all(text.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        let hint = match nearest_word(&word) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`zrig explain` lists all words".to_owned(),
        };
        Ok(invalid(&format!("there is no page about `{}`; {hint}", visible(&word))))
    }
}

/// Every word with its one line, by kind.
fn list() -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let pages: Vec<_> = pages().iter().filter(|page| page.kind == kind).collect();
        let width = pages.iter().map(|page| page.word.chars().count()).max().unwrap_or(0);
        text.push_str(kind.heading());
        text.push('\n');
        for page in pages {
            text.push_str(&format!("  {:width$}  {}\n", page.word, page.meaning));
        }
        text.push('\n');
    }
    text.push_str("zrig explain WORD tells more.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_word_on_one_line() {
        let list = list();
        for page in pages() {
            let start = format!("  {} ", page.word);
            assert!(list.lines().any(|line| line.starts_with(&start)), "{}", page.word);
        }
        assert!(list.lines().all(|line| line.chars().count() < 140));
    }
}
