//! How the page's server comes to its run: within the process, or by the control socket.
//!
//! Owns that a run which ended is found again when it comes back. Never asks for more than who it is.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use crate::control::{Conversation, Desk, Failed, find};
use crate::lock::locked;

/// Where the run is.
#[derive(Clone, Debug)]
pub enum Reach {
    /// In this process.
    Within(Desk),
    /// In another one.
    Beside(Beside),
}

/// A run of another process.
#[derive(Clone, Debug)]
pub struct Beside {
    /// What it was called.
    run: String,
    /// Its file, once it was found: a run that comes back is of the same file, and has another process.
    file: Arc<Mutex<Option<String>>>,
}

impl Reach {
    /// A run that is named as `zrig top` names it.
    #[must_use]
    pub fn beside(run: &str) -> Self {
        Self::Beside(Beside { run: run.to_owned(), file: Arc::default() })
    }

    /// A connection with it.
    ///
    /// # Errors
    ///
    /// When it does not run, or does not answer.
    pub(super) async fn connect(&self) -> Result<Conversation, Failed> {
        let stream = match self {
            Self::Within(desk) => desk.connect().map_err(now)?,
            Self::Beside(beside) => {
                let beside = beside.clone();
                tokio::task::spawn_blocking(move || beside.connect()).await.map_err(now)??
            }
        };
        Conversation::over(stream).map_err(now)
    }
}

impl Beside {
    fn connect(&self) -> Result<UnixStream, Failed> {
        let known = locked(&self.file).clone();
        let client = find(known.as_deref().unwrap_or(&self.run))?;
        *locked(&self.file) = Some(client.hello.file.clone());
        Ok(client.into_stream())
    }
}

fn now(error: impl Into<io::Error>) -> Failed {
    Failed { error: error.into().to_string(), invalid: false }
}
