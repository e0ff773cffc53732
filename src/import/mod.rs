//! Topologies of other systems, as topologies of this one.
//!
//! Owns which system a text is of, and its way to the text of a topology. Reads no file and checks
//! nothing that `topology/` checks: what comes out is read by a person first.

mod fairmq;
mod model;
mod names;
mod reading;
mod stand_in;
mod system;
mod writing;
mod yaml;
mod zdcf;
mod zpl;

use crate::diagnostic::{Code, Diagnostic, in_order};
use crate::document::{Document, Mapping};
use crate::source::{Source, SourceId, Span};

use self::reading::Reading;
pub use self::system::System;

/// A topology of another system, in the words of this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// The text of the topology file.
    pub text: String,
    /// The system that the file is of.
    pub system: System,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many things have no equal here; each is a comment of the text.
    pub remarks: usize,
}

/// Puts the file of another system into the words of this one.
///
/// # Errors
///
/// All that keeps it from being read, each with its place.
pub fn import(id: SourceId, source: &Source) -> Result<Imported, Vec<Diagnostic>> {
    let text = source.text().trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return Err(vec![
            Diagnostic::new(Code::WrongType, "this is XML, which is not read")
                .at(Span::new(id, 0, 0), "JSON or ZPL is expected here")
                .help("write the same tree as JSON: FairMQ's and ZDCF's files have that form too"),
        ]);
    }
    let (root, mut faults) = if text.is_empty() || text.starts_with('{') {
        let document = Document::parse_data(id, source)?;
        (document.root().clone(), document.faults().to_vec())
    } else {
        (zpl::parse(id, source.text())?, Vec::new())
    };
    let mut reading = Reading::default();
    let nothing = Mapping::default();
    let tree = reading.mapping(&root, "the file").unwrap_or(&nothing);
    let (system, nodes) = match tree.get("fairMQOptions") {
        Some(options) => (System::FairMq, fairmq::nodes(options, &mut reading)),
        None => (System::Zdcf, zdcf::nodes(tree, &mut reading)),
    };
    if nodes.is_empty() && reading.faults.is_empty() && faults.is_empty() {
        faults.push(
            Diagnostic::new(Code::MissingKey, "there is no device in this file")
                .at(root.span, "neither FairMQ's `fairMQOptions` nor devices of ZDCF")
                .help("give it a file of FairMQ (`--mq-config`) or of ZDCF (ZeroMQ RFC 5)"),
        );
    }
    faults.append(&mut reading.faults);
    if faults.iter().any(Diagnostic::is_error) {
        return Err(in_order(faults));
    }
    let nodes = names::settled(nodes);
    let file = source.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let file = file.unwrap_or_default();
    let text = writing::topology(&file, system, &reading.remarks, &nodes);
    let remarks = reading.remarks.len() + nodes.iter().map(model::Node::remarks).sum::<usize>();
    Ok(Imported { text, system, nodes: nodes.len(), remarks })
}

#[cfg(test)]
mod tests;
