//! What runs but is unwise, and what a script says that cannot work.
//!
//! Owns the warnings: whole-graph rules about what ZeroMQ will do, and rules about handlers, each
//! with its places, why, and what to do. Never reads a file and never refuses what is only
//! unusual: whatever it says can be silenced where it stands, unless it is an error.
//!
//! One file a subject, one `check_…` function a rule. `allow` silences findings.

mod agreement;
mod allow;
mod authentication;
mod endpoints;
mod exposure;
mod files;
mod filters;
mod handlers;
mod marks;
mod options;
mod peers;
mod places;
mod secrets;
mod sends;
mod subject;
mod survey;
mod words;
mod written;

use crate::diagnostic::{Diagnostic, in_order};

pub(crate) use allow::silence;
pub use subject::Subject;
pub use survey::Surveys;

use subject::Graph;

/// Everything that is unwise, in the order of the text, what the file allows left out.
#[must_use]
pub fn lint(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    words::check(subject, &mut findings);
    secrets::check(subject, &mut findings);
    if let Some(topology) = subject.topology {
        check(&Graph::new(*subject, topology), &mut findings);
    }
    silence(in_order(findings), subject.sources, subject.topology.is_some())
}

/// Every rule about a whole graph.
fn check(graph: &Graph<'_>, findings: &mut Vec<Diagnostic>) {
    marks::check(graph, findings);
    filters::check(graph, findings);
    peers::check(graph, findings);
    agreement::check(graph, findings);
    endpoints::check(graph, findings);
    files::check(graph, findings);
    options::check(graph, findings);
    authentication::check(graph, findings);
    exposure::check(graph, findings);
    places::check(graph, findings);
    handlers::check(graph, findings);
    sends::check(graph, findings);
}
