//! temporary
use crate::diagnostic::Diagnostic; use crate::source::SourceMap;
pub(super) fn to_standard_error(d: &[Diagnostic], s: &SourceMap) { for d in d { let at = d.span().map(|x| format!("{}:{}: ", s.get(x.source).path().display(), s.position(x))).unwrap_or_default(); eprintln!("{at}{:?}[{}]: {}\n  why: {:?}\n  help: {:?}", d.severity, d.code, d.message, d.why, d.help); } }
pub(super) fn failure(t: &str) { eprintln!("error: {t}"); }
