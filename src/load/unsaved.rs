//! Texts that stand for their files: as an editor has them, or as they were at one moment.
//!
//! Owns which text is read for a path, and what is kept between two loads of nearly the same texts.
//! Never writes a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::read::{ReadError, read_file};
use super::text_of;
use crate::script::{Engine, HandlerText, Handlers, ScriptText, Survey};

/// Texts that are read in place of their files, by their paths: mostly such that are not saved yet.
#[derive(Clone, Default, Debug)]
pub struct Unsaved(HashMap<PathBuf, Arc<str>>);

impl Unsaved {
    /// What these files say now, as far as they can be read.
    #[must_use]
    pub fn read_now(files: &[PathBuf]) -> Self {
        let texts = files.iter().filter_map(|path| Some((path.clone(), text_of(path)?.into())));
        Self(texts.collect())
    }

    /// Has a text read in place of a file.
    pub fn insert(&mut self, path: PathBuf, text: Arc<str>) {
        self.0.insert(path, text);
    }

    /// Has the file read again.
    pub fn remove(&mut self, path: &Path) {
        self.0.remove(path);
    }

    /// The text that is read in place of a file.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Arc<str>> {
        self.0.get(path)
    }

    /// As [`read_file`], what is not saved first.
    pub(super) fn read(&self, path: &Path, most: usize) -> Result<String, ReadError> {
        match self.0.get(path) {
            Some(text) if text.len() > most => Err(ReadError::TooLarge(most)),
            Some(text) => Ok(text.to_string()),
            None => read_file(path, most),
        }
    }
}

/// What is kept between two loads of one topology: scripts that compiled and have not changed.
#[derive(Default)]
pub struct Kept {
    engine: Option<Engine>,
    /// From the load before.
    old: HashMap<Key, Known>,
    /// From this one.
    new: HashMap<Key, Known>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("scripts", &self.new.len()).finish_non_exhaustive()
    }
}

/// A script by what it says; handlers may be moved together by some lines.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    texts: Vec<Part>,
}

/// A text with its name, and where its lines begin: counted from the first one's, with their columns.
type Part = (String, Arc<str>, Vec<(usize, usize)>);

/// What a script said of itself.
struct Known {
    survey: Arc<Survey>,
    /// The line where its first handler began.
    line: usize,
}

impl Kept {
    /// The engine that compiled what is kept.
    pub(super) fn engine(&mut self) -> Engine {
        self.engine.take().unwrap_or_default()
    }

    /// Takes the engine back, and forgets what the load before had and this one not.
    pub(super) fn end(&mut self, engine: Engine) {
        self.engine = Some(engine);
        self.old = std::mem::take(&mut self.new);
    }

    /// What a script that is known says of itself.
    pub(super) fn find(&mut self, text: &ScriptText) -> Option<Arc<Survey>> {
        let (key, line) = key_of(text)?;
        if let Some(known) = self.new.get(&key) {
            return Some(moved(known, line, &text.path));
        }
        let known = self.old.remove(&key)?;
        let survey = moved(&known, line, &text.path);
        self.new.insert(key, Known { survey: Arc::clone(&survey), line });
        Some(survey)
    }

    /// Keeps what a script says of itself.
    pub(super) fn keep(&mut self, text: &ScriptText, survey: &Arc<Survey>) {
        if let Some((key, line)) = key_of(text) {
            self.new.insert(key, Known { survey: Arc::clone(survey), line });
        }
    }
}

fn moved(known: &Known, line: usize, path: &Path) -> Arc<Survey> {
    if known.line == line {
        return Arc::clone(&known.survey);
    }
    let mut survey = (*known.survey).clone();
    survey.move_lines(path, known.line, line);
    Arc::new(survey)
}

/// Nothing for what imports others: their texts count too.
fn key_of(text: &ScriptText) -> Option<(Key, usize)> {
    let (texts, line) = match &text.handlers {
        Handlers::File(script) => (vec![(String::new(), Arc::clone(script), Vec::new())], 1),
        Handlers::Inline(handlers) => {
            let first = handlers.iter().flat_map(|handler| &handler.lines).map(|at| at.line).min();
            let first = first.unwrap_or(1);
            let of_handler = |handler: &HandlerText| {
                let lines = handler.lines.iter().map(|at| (at.line - first, at.column));
                (handler.name.clone(), Arc::clone(&handler.body), lines.collect())
            };
            (handlers.iter().map(of_handler).collect(), first)
        }
    };
    let imports = texts.iter().any(|(_, body, _)| body.contains("import"));
    (!imports).then(|| (Key { path: text.path.clone(), texts }, line))
}

#[cfg(test)]
mod tests {
    use super::super::load_unsaved;
    use super::*;

    const HEAD: &str = "nodes:\n  a:\n    role: pull\n    bind: 5\n    on_message: |\n";

    fn told(kept: &mut Kept, unsaved: &Unsaved, path: &Path) -> Vec<(String, usize)> {
        let loaded = load_unsaved(path, unsaved, kept, &|_| None);
        let place = |span| loaded.sources.position(span).line;
        let told = loaded.diagnostics.iter();
        told.map(|it| (it.message.clone(), it.span().map_or(0, place))).collect()
    }

    #[test]
    fn what_is_not_saved_is_read_and_what_moved_is_told_where_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let script = folder.path().join("b.rhai");
        let mut kept = Kept::default();
        let mut unsaved = Unsaved::default();
        for above in ["", "\n", "\n# two\n", ""] {
            let text = format!("{above}{HEAD}      let x = 1;\n      print(msg.tex)\n");
            unsaved.insert(path.clone(), text.into());
            let line = 7 + above.matches('\n').count();
            let want = [("a message has no `tex`".to_owned(), line)];
            assert_eq!(told(&mut kept, &unsaved, &path), want, "{above:?}");
            assert_eq!(kept.old.len(), 1, "{above:?}");
        }
        let text = "nodes:\n  a: {role: pull, bind: 5, script: b.rhai}\n";
        unsaved.insert(path.clone(), text.into());
        assert!(told(&mut kept, &unsaved, &path)[0].0.starts_with("cannot read the script"));
        unsaved.insert(script.clone(), "fn on_message(m) {\n  m.tex\n}".into());
        assert_eq!(told(&mut kept, &unsaved, &path), [("a message has no `tex`".to_owned(), 2)]);
        unsaved.remove(&script);
        std::fs::write(&script, "fn on_message(m) { print(m.text) }").unwrap();
        assert_eq!(told(&mut kept, &unsaved, &path), []);
    }
}
