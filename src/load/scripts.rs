//! The scripts that a topology names, with what they import.
//!
//! Owns finding them from the topology's folder, and pointing at what is wrong with them. What
//! may be imported is the script engine's rule.

use std::cell::{LazyCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, MAX_BYTES, YamlHand};
use crate::lint::Surveys;
use crate::script::{
    Engine, FaultKind, Handlers, ImportError, ScriptFault, ScriptFix, ScriptText, Survey,
};
use crate::source::{Source, SourceId, SourceMap, Span};
use crate::topology::{InlineHandler, Scripts, WantedHandlers, wanted_scripts};

use super::unsaved::{Kept, Unsaved};
use super::{LOOK, Origin};
use crate::aside::within;

/// Loads and compiles the handlers of every node.
pub(super) fn load_scripts(
    document: &Document,
    topology: SourceId,
    from: &mut Origin<'_>,
    sources: &mut SourceMap,
    files: &mut Vec<PathBuf>,
) -> Loaded {
    let path = document.source().path().to_owned();
    let mut loader = ScriptLoader {
        engine: from.kept.engine(),
        kept: &mut from.kept,
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        path,
        topology,
        reading: RefCell::new(Reading {
            sources,
            files,
            texts: HashMap::new(),
            unsaved: from.unsaved,
        }),
        compiled: HashMap::new(),
    };
    let mut scripts = Scripts::default();
    let mut surveys = Surveys::new(loader.engine.vocabulary());
    for wanted in wanted_scripts(document) {
        let compiled = loader.load(wanted.handlers);
        if let Ok(compiled) = &compiled {
            surveys.insert(wanted.node.clone(), Arc::clone(&compiled.survey));
            scripts.insert_survey(wanted.node.clone(), Arc::clone(&compiled.survey));
        }
        scripts.insert(wanted.node, compiled.map(|compiled| compiled.text));
    }
    loader.kept.end(loader.engine);
    Loaded { scripts, surveys }
}

/// The handlers of all nodes.
pub(super) struct Loaded {
    pub(super) scripts: Scripts,
    pub(super) surveys: Surveys,
}

/// A script that compiles, with what it says about itself.
#[derive(Clone)]
struct Sound {
    text: ScriptText,
    survey: Arc<Survey>,
}

struct ScriptLoader<'m> {
    engine: Engine,
    kept: &'m mut Kept,
    folder: PathBuf,
    path: PathBuf,
    topology: SourceId,
    reading: RefCell<Reading<'m>>,
    /// Script files by path: many nodes may name one.
    compiled: HashMap<PathBuf, Result<Sound, Vec<Diagnostic>>>,
}

struct Reading<'m> {
    sources: &'m mut SourceMap,
    files: &'m mut Vec<PathBuf>,
    texts: HashMap<PathBuf, Arc<str>>,
    unsaved: &'m Unsaved,
}

impl ScriptLoader<'_> {
    fn load(&mut self, wanted: WantedHandlers) -> Result<Sound, Vec<Diagnostic>> {
        match wanted {
            WantedHandlers::File { path, span } => self.load_file(&path, span),
            WantedHandlers::Inline(handlers) => self.load_inline(handlers),
        }
    }

    fn load_file(&mut self, path: &str, span: Span) -> Result<Sound, Vec<Diagnostic>> {
        let path = tidy(&self.folder.join(path));
        if let Some(done) = self.compiled.get(&path) {
            return done.clone();
        }
        let text = self.reading.borrow_mut().read(&path).map_err(|error| {
            let message = format!("cannot read the script {}", path.display());
            vec![
                Diagnostic::new(Code::Unreadable, message)
                    .at(span, error.to_string())
                    .because("a script's path is relative to the topology's folder")
                    .help("check the path"),
            ]
        })?;
        let script = ScriptText {
            path: path.clone(),
            handlers: Handlers::File(text),
            modules: BTreeMap::new(),
        };
        let script = self.complete(script, &[]);
        self.compiled.insert(path, script.clone());
        script
    }

    fn load_inline(&mut self, handlers: Vec<InlineHandler>) -> Result<Sound, Vec<Diagnostic>> {
        let texts = handlers.iter().map(|handler| handler.text.clone()).collect();
        let script = ScriptText {
            path: self.path.clone(),
            handlers: Handlers::Inline(texts),
            modules: BTreeMap::new(),
        };
        self.complete(script, &handlers)
    }

    /// Gets what a script imports, and compiles all of it.
    fn complete(
        &mut self,
        mut script: ScriptText,
        inline: &[InlineHandler],
    ) -> Result<Sound, Vec<Diagnostic>> {
        if let Some(survey) = self.kept.find(&script) {
            return Ok(Sound { text: script, survey });
        }
        // Few scripts import anything, and looking at folders takes longer than compiling one.
        let folders = LazyCell::new(|| real_folders(&[&self.path, &script.path]));
        let read = |path: &Path| {
            let path = tidy(path);
            if let Some(target) = leads_out(&path, &folders) {
                // Once it no longer does, the topology may be sound.
                self.reading.borrow_mut().files.push(path);
                return Err(ImportError::Unreadable(format!(
                    "a symbolic link leads to {}, outside the folders of the script and the \
                     topology",
                    target.display()
                )));
            }
            self.reading.borrow_mut().read(&path)
        };
        let modules = self.engine.gather(&script, &self.folder, &read);
        drop(folders);
        let checked = modules.and_then(|modules| {
            script.modules = modules;
            self.engine.compile(&script)
        });
        match checked {
            Ok(program) => {
                let survey = Arc::new(program.survey().clone());
                self.kept.keep(&script, &survey);
                Ok(Sound { text: script, survey })
            }
            Err(faults) => {
                Err(faults.into_iter().map(|fault| self.diagnose(fault, inline)).collect())
            }
        }
    }

    fn diagnose(&self, fault: ScriptFault, inline: &[InlineHandler]) -> Diagnostic {
        let (code, help) = match fault.kind {
            FaultKind::Syntax => {
                (Code::ScriptSyntax, "`zrig explain handlers` says what a script may have")
            }
            FaultKind::Import => (
                Code::ScriptImport,
                "import a file below the topology's folder by its path, without `.rhai`",
            ),
        };
        let diagnostic = Diagnostic::new(code, fault.message)
            .help(fault.help.unwrap_or_else(|| help.to_owned()));
        let reading = self.reading.borrow();
        // A module's fault without a place of its own is told at the topology's first byte.
        let source = reading.sources.find(&fault.path).unwrap_or(self.topology);
        let text = reading.sources.get(source);
        let start = fault.position.map_or(0, |position| text.byte(position));
        let end = text.word_end(start);
        let place = Span::new(source, start, end);
        let handler = inline.iter().find(|handler| {
            handler.span.source == source
                && (handler.span.start..=handler.span.end).contains(&start)
        });
        let diagnostic = match fault.fix {
            // YAML's escapes may stand where the script has something else.
            Some(ScriptFix { at, written, replacement })
                if text.text()[text.byte(at)..].starts_with(&written) =>
            {
                let start = text.byte(at);
                diagnostic.fix(Span::new(source, start, start + written.len()), replacement)
            }
            Some(_) | None => diagnostic,
        };
        match handler {
            Some(handler) => seen_through_yaml(diagnostic, place, handler),
            None => diagnostic.at(place, ""),
        }
    }
}

/// A fault of an inline handler, with what YAML had to do with it.
fn seen_through_yaml(diagnostic: Diagnostic, place: Span, handler: &InlineHandler) -> Diagnostic {
    let Some(hand) = handler.yaml_hand else { return diagnostic.at(place, "") };
    let is_cut = matches!(hand, YamlHand::CutAtHash | YamlHand::CutInBraces);
    let label = if is_cut { "the text ends here" } else { "" };
    let diagnostic = diagnostic.at(place, label).because(hand.why()).help(hand.help());
    match &handler.uncut {
        Some((span, block)) => diagnostic.fix(*span, block.clone()),
        None => diagnostic,
    }
}

impl Reading<'_> {
    fn read(&mut self, path: &Path) -> Result<Arc<str>, ImportError> {
        if let Some(text) = self.texts.get(path) {
            return Ok(Arc::clone(text));
        }
        self.files.push(path.to_owned());
        let text: Arc<str> = match self.unsaved.read(path, MAX_BYTES) {
            // Editors that mark a text as UTF-8 so do no harm.
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(&text).into(),
            Err(error) if error.is_missing() => return Err(ImportError::Missing),
            Err(error) => return Err(ImportError::Unreadable(error.to_string())),
        };
        self.sources.add(Source::new(path, Arc::clone(&text)));
        self.texts.insert(path.to_owned(), Arc::clone(&text));
        Ok(text)
    }
}

/// The folders that files lie in, as written and behind symbolic links, without any such link.
fn real_folders(files: &[&Path]) -> Vec<PathBuf> {
    let as_written = files.iter().map(|file| match file.parent() {
        Some(folder) if folder != Path::new("") => canonical(folder),
        Some(_) | None => canonical(Path::new(".")),
    });
    let behind_links = files.iter().map(|file| canonical(file)?.parent().map(Path::to_owned));
    as_written.chain(behind_links).flatten().collect()
}

/// A path without symbolic links, if there is such a file and its file system answers.
fn canonical(path: &Path) -> Option<PathBuf> {
    let path = path.to_owned();
    within(LOOK, move || path.canonicalize())?.ok()
}

/// Where a file really is, if it is below none of these folders.
fn leads_out(path: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let target = canonical(path)?;
    (!folders.iter().any(|folder| target.starts_with(folder))).then_some(target)
}

/// A path without `..`, where that is still the same file.
pub(super) fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            Component::ParentDir
            | Component::Normal(_)
            | Component::RootDir
            | Component::Prefix(_) => plain.push(part),
        }
    }
    // A symbolic link before a `..` leads elsewhere.
    let is_same = match (canonical(path), canonical(&plain)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if is_same { plain } else { path.to_owned() }
}
