//! How the page's server comes to its run: within the process, or by the control socket.
//!
//! Owns that a run which ended is found again when it comes back. Never decides what it is asked.

use std::io;
use std::os::unix::net::UnixStream;

use crate::control::{Conversation, Desk, Failed, Reply, Request, find};

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
    /// Its file: a run that comes back is of the same one, and has another process.
    file: String,
}

impl Reach {
    /// A run of another process, named as `zrig top` names it.
    ///
    /// # Errors
    ///
    /// When there is none, or several.
    pub fn beside(run: &str) -> Result<Self, Failed> {
        let file = find(run)?.hello.file;
        Ok(Self::Beside(Beside { run: run.to_owned(), file }))
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

    /// What it answers to a question, over a connection of its own.
    ///
    /// # Errors
    ///
    /// When it does not run, or ends before it has answered.
    pub(super) async fn ask(&self, request: &Request) -> Result<Reply, Failed> {
        let mut conversation = self.connect().await?;
        conversation.ask(request).await.map_err(now)?;
        let reply = conversation.next().await.map_err(now)?;
        reply.ok_or_else(|| now(io::Error::other("the run ended meanwhile")))
    }
}

impl Beside {
    fn connect(&self) -> Result<UnixStream, Failed> {
        let client = match find(&self.run) {
            Ok(client) if client.hello.file == self.file => client,
            Ok(_) | Err(_) => find(&self.file)?,
        };
        Ok(client.into_stream())
    }
}

fn now(error: impl Into<io::Error>) -> Failed {
    Failed { error: error.into().to_string(), invalid: false }
}
