//! Why a topology could not be started, or a step of a reload failed.
//!
//! Owns the words. Never decides what follows from it.

use std::sync::Arc;

use thiserror::Error;

use crate::listing::thousands;
use crate::node::{Errno, NodeError, SocketError};

/// Why a topology could not be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// libzmq gave no context.
    #[error("libzmq could not be set up: {0}")]
    Context(Errno),
    /// The system gave no thread.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The run's own ZAP handler could not begin.
    #[error("nobody can be asked who may come: {0}")]
    Zap(std::io::Error),
    /// Nodes could not be made.
    #[error("{}", failures(.0))]
    Nodes(Vec<(Arc<str>, NodeError)>),
}

/// How many nodes that could not be made are named.
const FAILURES: usize = 5;

/// A line for each node, up to five, and how many more.
fn failures(failures: &[(Arc<str>, NodeError)]) -> String {
    let shown = failures.iter().take(FAILURES).map(|(node, error)| format!("{node}: {error}"));
    let mut lines: Vec<String> = shown.collect();
    if failures.len() > FAILURES {
        lines.push(format!("and {} more nodes", thousands((failures.len() - FAILURES) as u64)));
    }
    lines.join("\n")
}

impl From<(Arc<str>, SocketError)> for StartError {
    fn from((node, error): (Arc<str>, SocketError)) -> Self {
        Self::Nodes(vec![(node, error.into())])
    }
}
