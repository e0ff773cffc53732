//! What is said of a file: that it cannot be read, that it is no YAML, or what was found in it.
//!
//! Owns that no secret of a text is in that, and its order. Never finds a fault.

use std::path::Path;

use super::read::ReadError;
use super::secrets::Secrets;
use crate::diagnostic::{Code, Diagnostic};
use crate::document::Document;
use crate::security::secret_places;
use crate::source::{Source, SourceId, SourceMap};

/// That a file cannot be read.
pub(super) fn unreadable(path: &Path, error: &ReadError) -> Diagnostic {
    let code = if error.is_size() { Code::TooLarge } else { Code::Unreadable };
    Diagnostic::new(code, format!("cannot read {}", path.display()))
        .because(error.to_string())
        .help(error.help())
}

/// The document of a text, which is added to the sources with its secrets hidden; or why there is none.
pub(super) fn parsed(
    source: &Source,
    sources: &mut SourceMap,
    parse: impl FnOnce(SourceId) -> Result<Document, Vec<Diagnostic>>,
) -> Result<(SourceId, Document), Vec<Diagnostic>> {
    let id = sources.add(source.clone());
    match parse(id) {
        Ok(document) => {
            sources.hide(id, document.secrets().iter().cloned());
            Ok((id, document))
        }
        Err(faults) => {
            let places = secret_places(source.text());
            let faults = Secrets::of_text(source, &places).kept_out_of(faults);
            sources.hide(id, places);
            Err(faults)
        }
    }
}

/// What was found in a document, the gravest first.
pub(super) fn in_order(document: &Document, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told = Secrets::of_document(document).kept_out_of(found);
    told.sort_by_key(|fault| fault.severity);
    told
}
