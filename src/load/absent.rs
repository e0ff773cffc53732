//! Files that nodes are to read, and programs that are to drive them, that are not there.
//!
//! Owns what is said of them before a run. Never opens one.

use super::{LOOK, Loaded};
use crate::aside::within;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::document::Kind;
use crate::node::locate;
use crate::source::Span;
use crate::topology::FileSpec;

impl Loaded {
    /// A warning for each file that a node reads and that is not there now.
    #[must_use]
    pub fn absent_files(&self) -> Vec<Diagnostic> {
        let nodes = self.topology.iter().flat_map(|topology| &topology.nodes);
        let absent = nodes.filter_map(|node| {
            let read = node.read.as_ref().filter(|read| !read.follow)?;
            let FileSpec::Path(path) = &read.file else { return None };
            let looked = path.clone();
            within(LOOK, move || looked.metadata().is_err()).filter(|is_absent| *is_absent)?;
            let mut finding = Diagnostic::new(
                Code::Unreadable,
                format!("`{}` reads {}, which is not there", node.name, path.display()),
            )
            .because("a run that starts without it fails")
            .help(
                "make the file, or check the path: it is relative to the topology's folder; \
                   `follow: true` of the `read` waits for it",
            );
            finding.severity = Severity::Warning;
            Some(match self.place_of_file(&node.name) {
                Some(span) => finding.at(span, "no such file now"),
                None => finding,
            })
        });
        absent.collect()
    }

    /// A warning for each program that is to be started and is not found now.
    #[must_use]
    pub fn absent_programs(&self) -> Vec<Diagnostic> {
        let nodes = self.topology.iter().flat_map(|topology| &topology.nodes);
        let absent = nodes.filter_map(|node| {
            // Where it runs may be another machine.
            let program = node.process.clone().filter(|_| node.place.is_none())?;
            let why = within(LOOK, move || locate(&program).err())??;
            let mut finding = Diagnostic::new(
                Code::Unreadable,
                format!("the program of `{}` cannot be started: {why}", node.name),
            )
            .because("a run that starts without it fails")
            .help(
                "install or build it, or correct the command; a name with a `/` is relative to \
                 `directory`, which is the topology's folder unless `process` says another",
            );
            finding.severity = Severity::Warning;
            Some(match self.place_of_command(&node.name) {
                Some(span) => finding.at(span, "not found now"),
                None => finding,
            })
        });
        absent.collect()
    }

    fn place_of_command(&self, node: &str) -> Option<Span> {
        let nodes = self.document.as_ref()?.root().as_mapping()?.get("nodes")?;
        let process = nodes.as_mapping()?.get(node)?.as_mapping()?.get("process")?;
        let command = process.as_mapping()?.get("command")?;
        Some(match &command.kind {
            Kind::Sequence(items) => items.first().map_or(command.span, |first| first.span),
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => command.span,
        })
    }

    fn place_of_file(&self, node: &str) -> Option<Span> {
        let nodes = self.document.as_ref()?.root().as_mapping()?.get("nodes")?;
        let read = nodes.as_mapping()?.get(node)?.as_mapping()?.get("read")?;
        Some(read.as_mapping()?.get("file")?.span)
    }
}
