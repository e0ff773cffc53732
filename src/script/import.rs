//! What a script imports, and from where it may.
//!
//! Owns the rule that an import is a literal path which stays below the script's folder or the
//! topology's. Never opens a file: the caller's reader does.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rhai::{AST, ASTNode, Expr, Position, Stmt};
use thiserror::Error;

use super::engine::Engine;
use super::fault::{FaultKind, ScriptFault};
use super::limits;
use super::places::Places;
use super::text::ScriptText;

/// Why a module cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ImportError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It is there, but.
    #[error("{0}")]
    Unreadable(String),
}

/// Said of an import whose path is computed.
pub(super) const NOT_LITERAL: &str = "an import names its file with a literal text";

/// One `import` statement.
pub(super) struct Import {
    /// Its path, if it is written out.
    pub(super) literal: Option<String>,
    pub(super) place: Position,
}

impl Engine {
    /// Reads every module that a script imports, directly or not, by its path as shown in
    /// messages: as far from the current folder as [`ScriptText::path`] is. `folder` is the
    /// topology's.
    ///
    /// A text that does not parse has no imports here: compiling says what is wrong with it.
    ///
    /// # Errors
    ///
    /// With every import that cannot be had.
    pub fn gather(
        &self,
        text: &ScriptText,
        folder: &Path,
        read: &dyn Fn(&Path) -> Result<Arc<str>, ImportError>,
    ) -> Result<BTreeMap<PathBuf, Arc<str>>, Vec<ScriptFault>> {
        let own = text.path.parent().unwrap_or(Path::new(""));
        let mut gathering = Gathering {
            engine: self,
            folders: [plain(folder), plain(own)],
            read,
            modules: BTreeMap::new(),
            faults: Vec::new(),
        };
        let (script, places) = Places::of_script(text);
        gathering.follow(&script, &places);
        if gathering.faults.is_empty() { Ok(gathering.modules) } else { Err(gathering.faults) }
    }
}

struct Gathering<'a> {
    engine: &'a Engine,
    folders: [PathBuf; 2],
    read: &'a dyn Fn(&Path) -> Result<Arc<str>, ImportError>,
    modules: BTreeMap<PathBuf, Arc<str>>,
    faults: Vec<ScriptFault>,
}

impl Gathering<'_> {
    fn follow(&mut self, script: &str, places: &Places) {
        // Most texts import nothing, and to parse one only to find that out takes as long as to
        // compile it.
        if script.len() > limits::SCRIPT_BYTES || !script.contains("import") {
            return;
        }
        let Ok(ast) = self.engine.rhai.compile(script) else { return };
        for import in imports_of(&ast) {
            match self.fetch(&import, places) {
                Ok(Some((path, script))) => {
                    self.modules.insert(path.clone(), Arc::clone(&script));
                    self.follow(&script, &Places::of_file(path));
                }
                Ok(None) => {}
                Err((message, help)) => self.faults.push(ScriptFault {
                    kind: FaultKind::Import,
                    path: places.path().to_owned(),
                    position: places.find(import.place),
                    message,
                    help,
                    fix: None,
                }),
            }
        }
    }

    /// A module that is not there yet.
    #[expect(clippy::type_complexity, reason = "a fault's two texts are not worth a type")]
    fn fetch(
        &self,
        import: &Import,
        from: &Places,
    ) -> Result<Option<(PathBuf, Arc<str>)>, (String, Option<String>)> {
        let Some(literal) = &import.literal else {
            return Err((NOT_LITERAL.to_owned(), None));
        };
        let path = target_of(from.path(), literal);
        let leaves = Path::new(literal).is_absolute()
            || !self.folders.iter().any(|folder| is_below(&path, folder));
        if leaves {
            return Err((
                format!("the import {literal:?} leaves the folder of the script"),
                Some(
                    "Modules are taken from below the script's folder and the topology's."
                        .to_owned(),
                ),
            ));
        }
        if self.modules.contains_key(&path) {
            return Ok(None);
        }
        if self.modules.len() >= limits::MODULES {
            return Err((format!("more than {} modules are imported", limits::MODULES), None));
        }
        match (self.read)(&path) {
            Ok(script) => Ok(Some((path, script))),
            Err(error) => {
                Err((format!("the module {} cannot be read: {error}", path.display()), None))
            }
        }
    }
}

/// The imports of a script, in its functions too, in order.
#[expect(clippy::wildcard_enum_match_arm, reason = "only a text that is written out is literal")]
pub(super) fn imports_of(ast: &AST) -> Vec<Import> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, place))) = path.last() {
            let literal = match &import.0 {
                Expr::StringConstant(text, _) => Some(text.to_string()),
                _ => None,
            };
            found.push(Import { literal, place: *place });
        }
        true
    });
    found
}

/// The file that a literal path means in a script of that path: beside the script, with `.rhai`
/// where the path has no ending of its own.
pub(super) fn target_of(script: &Path, literal: &str) -> PathBuf {
    let mut target = script.parent().unwrap_or(Path::new("")).join(literal);
    if target.extension().is_none_or(|extension| extension != "rhai") {
        let mut name = target.into_os_string();
        name.push(".rhai");
        target = PathBuf::from(name);
    }
    plain(&target)
}

/// A path without `.` and, where it can be told from the text alone, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if matches!(out.components().next_back(), Some(Component::Normal(_))) {
                    out.pop();
                } else {
                    out.push("..");
                }
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    out
}

fn is_below(path: &Path, folder: &Path) -> bool {
    path.strip_prefix(folder).is_ok_and(|rest| {
        let mut parts = rest.components();
        parts.next().is_some_and(|first| matches!(first, Component::Normal(_)))
    })
}

#[cfg(test)]
mod tests;
