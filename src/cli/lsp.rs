//! `zrig lsp`: the language server, for editors.
//!
//! Owns its exit status. What it does is `lsp/`'s.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::output::FAILED;
use crate::lsp::serve;

/// Serve an editor over standard input and output, by the Language Server Protocol
#[derive(Args, Debug)]
pub(super) struct LspArguments {
    /// For editors that say so; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

impl LspArguments {
    /// Serves one editor until it goes.
    ///
    /// # Errors
    ///
    /// When what the editor says cannot be read.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let said_goodbye = serve(io::stdin(), io::stdout())?;
        Ok(if said_goodbye { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
    }
}
