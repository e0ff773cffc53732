//! What lies in the files that keep states, looked at before anything starts.
//!
//! Owns what is said of one that no node can go on with, at the `persist` that names it. Never
//! changes a file.

use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Document;
use crate::script::check_state_text;
use crate::source::Span;
use crate::topology::{NodeSpec, Topology};

use super::LOOK;
use super::read::{ReadError, read_file};
use crate::aside::within;

/// The largest state that is looked at here; a larger one is by the start alone.
const MOST: usize = 64 << 20;

/// Every state that no node can go on with.
pub(super) fn check_states(document: &Document, topology: &Topology) -> Vec<Diagnostic> {
    let keeps = |node: &&NodeSpec| node.persist.is_some();
    let nodes = topology.nodes.iter().map(AsRef::as_ref).filter(keeps);
    nodes.filter_map(|node| check_node(node, place_of(document, node)?)).collect()
}

fn place_of(document: &Document, node: &NodeSpec) -> Option<Span> {
    let nodes = document.root().as_mapping()?.get("nodes")?.as_mapping()?;
    Some(nodes.get(&node.name)?.as_mapping()?.get("persist")?.span)
}

fn check_node(node: &NodeSpec, place: Span) -> Option<Diagnostic> {
    node.states().find_map(|path| check_file(&path, place))
}

fn check_file(path: &Path, place: Span) -> Option<Diagnostic> {
    let unfit = |why: String, help: String| {
        let message = format!("cannot keep the state in {}", path.display());
        Some(Diagnostic::new(Code::Unreadable, message).at(place, why).help(help))
    };
    match read_file(path, MOST) {
        Ok(text) => {
            let why = check_state_text(text.as_bytes()).err()?;
            unfit(why, "mend the file, or move it away to begin with an empty state".to_owned())
        }
        Err(ReadError::TooLarge(_)) => None,
        Err(ReadError::Missing) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?.to_owned();
            let wanted = folder.clone();
            let is_folder = within(LOOK, move || wanted.is_dir())?;
            let why = format!("there is no folder {}", folder.display());
            let help = format!("make it: mkdir -p {}", folder.display());
            if is_folder { None } else { unfit(why, help) }
        }
        Err(error) => unfit(error.to_string(), error.help().to_owned()),
    }
}
