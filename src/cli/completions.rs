//! `zrig completions`: what a shell reads to complete zrig's command line.
//!
//! Owns which shells there are. What is completed is the command line's own definition.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell as Dialect;

/// Write what lets a shell complete the commands and options of zrig
///
/// For bash: zrig completions bash > ~/.local/share/bash-completion/completions/zrig
/// For zsh: zrig completions zsh > a folder of $fpath, as _zrig
/// For fish: zrig completions fish > ~/.config/fish/completions/zrig.fish
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionsArguments {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl CompletionsArguments {
    /// Writes them to standard output.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub(super) fn run(&self, mut definition: Command) -> io::Result<ExitCode> {
        let dialect = match self.shell {
            Shell::Bash => Dialect::Bash,
            Shell::Zsh => Dialect::Zsh,
            Shell::Fish => Dialect::Fish,
        };
        // Into memory first: the generators end the program where nobody reads them.
        let mut script = Vec::new();
        clap_complete::generate(dialect, &mut definition, "zrig", &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
