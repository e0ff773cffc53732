//! Files that nodes are to read and that are not there.
//!
//! Owns what is said of them before a run. Never opens one.

use super::{LOOK, Loaded};
use crate::aside::within;
use crate::diagnostic::{Code, Diagnostic, Severity};
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

    fn place_of_file(&self, node: &str) -> Option<Span> {
        let nodes = self.document.as_ref()?.root().as_mapping()?.get("nodes")?;
        let read = nodes.as_mapping()?.get(node)?.as_mapping()?.get("read")?;
        Some(read.as_mapping()?.get("file")?.span)
    }
}
