//! The answers to a client's questions.
//!
//! Owns which question is whose in `language/`, and how the protocol has each answer. Changes
//! nothing.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use lsp_server::{ErrorCode, Request, Response};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CompletionItem,
    CompletionItemKind, CompletionOptions, CompletionParams, CompletionTextEdit,
    DocumentFormattingParams, DocumentSymbol, DocumentSymbolParams, GotoDefinitionParams,
    HoverContents, HoverParams, HoverProviderCapability, Location, MarkupContent, MarkupKind,
    OneOf, PositionEncodingKind, PrepareRenameResponse, ReferenceParams, RenameOptions,
    RenameParams, ServerCapabilities, ServerInfo, TextDocumentPositionParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextEdit, Uri,
    WorkspaceEdit,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::documents::{Document, Kind};
use super::places::{Text, path_of, uri_of};
use super::session::Session;
use crate::language::{
    self, Completion, CompletionKind, Encoding, File, Lines, Project, Symbol, SymbolKind,
    complete_test, hover_test,
};
use crate::script::panic_text;

/// Why there is no answer.
#[derive(Debug)]
enum Refused {
    /// Nobody knows the question.
    Unknown,
    /// It cannot be read.
    Params(String),
    /// What is asked for cannot be.
    Failed(String),
}

type Answer = Result<Value, Refused>;

/// Answers a question, or says why not.
pub(super) fn respond(session: &mut Session, request: Request) -> Response {
    let Request { id, method, params } = request;
    let refused =
        |id, code: ErrorCode, why: &str| Response::new_err(id, code as i32, why.to_owned());
    if method == "initialize" {
        session.initialize(&params);
        return Response::new_ok(id, capabilities(session.encoding));
    }
    if let Some((code, why)) = session.refusal() {
        return refused(id, code, why);
    }
    if method == "shutdown" {
        session.shut_down();
        return Response::new_ok(id, Value::Null);
    }
    match catch_unwind(AssertUnwindSafe(|| answer(session, &method, params))) {
        Ok(Ok(answer)) => Response::new_ok(id, answer),
        Ok(Err(Refused::Unknown)) => {
            refused(id, ErrorCode::MethodNotFound, "no method of this server")
        }
        Ok(Err(Refused::Params(why))) => refused(id, ErrorCode::InvalidParams, &why),
        Ok(Err(Refused::Failed(why))) => refused(id, ErrorCode::RequestFailed, &why),
        Err(panic) => {
            session.log(&format!("an answer panicked: {}", panic_text(&*panic)));
            refused(id, ErrorCode::InternalError, "the answer panicked; please report it")
        }
    }
}

/// What the server can do.
fn capabilities(encoding: Encoding) -> Value {
    let capabilities = ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(true.into()),
            ..TextDocumentSyncOptions::default()
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", ":", "\"", " "].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        ..ServerCapabilities::default()
    };
    let version = Some(env!("CARGO_PKG_VERSION").to_owned());
    let info = ServerInfo { name: "zrig".to_owned(), version };
    serde_json::json!({"capabilities": capabilities, "serverInfo": info})
}

fn answer(session: &Session, method: &str, params: Value) -> Answer {
    match method {
        "textDocument/completion" => completion(session, read(params)?),
        "textDocument/hover" => hover(session, read(params)?),
        "textDocument/definition" => definition(session, read(params)?),
        "textDocument/references" => references(session, read(params)?),
        "textDocument/prepareRename" => prepare_rename(session, read(params)?),
        "textDocument/rename" => rename(session, read(params)?),
        "textDocument/documentSymbol" => symbols(session, read(params)?),
        "textDocument/formatting" => formatting(session, read(params)?),
        "textDocument/codeAction" => actions(session, read(params)?),
        _ => Err(Refused::Unknown),
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|error| Refused::Params(error.to_string()))
}

fn written(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|error| Refused::Failed(error.to_string()))
}

/// An open text that is a topology, a script or a test file.
struct Asked<'s> {
    session: &'s Session,
    path: PathBuf,
    document: &'s Document,
}

impl<'s> Asked<'s> {
    /// One that is part of a project, as a test file is not.
    fn of(session: &'s Session, uri: &Uri) -> Option<Self> {
        Self::any(session, uri).filter(|asked| asked.document.kind != Kind::Tests)
    }

    fn any(session: &'s Session, uri: &Uri) -> Option<Self> {
        let path = path_of(uri);
        let document = session.documents.get(&path).filter(|it| it.kind != Kind::Other)?;
        Some(Self { session, path, document })
    }

    fn at(session: &'s Session, place: &TextDocumentPositionParams) -> Option<(Self, usize)> {
        Some(Self::of(session, &place.text_document.uri)?.with_byte(place))
    }

    fn any_at(session: &'s Session, place: &TextDocumentPositionParams) -> Option<(Self, usize)> {
        Some(Self::any(session, &place.text_document.uri)?.with_byte(place))
    }

    fn with_byte(self, place: &TextDocumentPositionParams) -> (Self, usize) {
        let byte = self.text().byte(place.position);
        (self, byte)
    }

    /// Asks something of a test file, with the topology that it tests.
    fn with_tested<T>(&self, ask: impl FnOnce(&File<'_>, Option<&File<'_>>) -> T) -> T {
        let topology = self.session.topology_for(&self.path);
        let text = topology.as_deref().and_then(|path| self.session.text(path));
        let topology = topology.as_deref().zip(text.as_deref());
        let topology = topology.map(|(path, text)| File { path, text });
        ask(&File { path: &self.path, text: &self.document.text }, topology.as_ref())
    }

    fn text(&self) -> Text<'s> {
        let Document { text, lines, .. } = self.document;
        Text { text, lines, encoding: self.session.encoding }
    }

    fn range(&self, bytes: Range<usize>) -> lsp_types::Range {
        self.text().range(bytes)
    }

    fn with_project<T>(&self, ask: impl FnOnce(&Project<'_>, &Path) -> T) -> T {
        let topology = self.session.topology_for(&self.path);
        self.session
            .with_project(&self.path, topology.as_deref(), |project| ask(project, &self.path))
    }

    /// Locations of any file of the project as the protocol has them.
    fn locations(&self, found: Vec<language::Location>) -> Vec<Location> {
        let mut known: HashMap<PathBuf, (String, Lines)> = HashMap::new();
        let mut told = Vec::new();
        for location in found {
            let Some(uri) = uri_of(&location.path) else { continue };
            let uri = self.session.documents.get(&location.path).map_or(uri, |it| it.uri.clone());
            let (text, lines) = known.entry(location.path.clone()).or_insert_with(|| {
                let text =
                    self.session.text(&location.path).map_or(String::new(), |it| it.to_string());
                let lines = Lines::new(&text);
                (text, lines)
            });
            let text = Text { text, lines, encoding: self.session.encoding };
            let location = Location { uri, range: text.range(location.start..location.end) };
            told.push(location);
        }
        told
    }
}

fn completion(session: &Session, params: CompletionParams) -> Answer {
    let Some((asked, byte)) = Asked::any_at(session, &params.text_document_position) else {
        return Ok(Value::Null);
    };
    let found = match asked.document.kind {
        Kind::Tests => asked.with_tested(|file, topology| complete_test(file, topology, byte)),
        Kind::Topology | Kind::Script | Kind::Other => {
            asked.with_project(|project, path| language::complete(project, path, byte))
        }
    };
    let items = found.into_iter().enumerate().map(|(at, found)| item(&asked, at, found));
    written(items.collect::<Vec<CompletionItem>>())
}

fn item(asked: &Asked<'_>, at: usize, found: Completion) -> CompletionItem {
    let kind = match found.kind {
        CompletionKind::Key => CompletionItemKind::FIELD,
        CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Place => CompletionItemKind::STRUCT,
        CompletionKind::Node => CompletionItemKind::MODULE,
        CompletionKind::Socket => CompletionItemKind::INTERFACE,
        CompletionKind::Endpoint => CompletionItemKind::VALUE,
        CompletionKind::Handler => CompletionItemKind::EVENT,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Property => CompletionItemKind::PROPERTY,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Name => CompletionItemKind::CONSTANT,
        CompletionKind::File => CompletionItemKind::FILE,
        CompletionKind::Code => CompletionItemKind::ENUM,
    };
    let edit = TextEdit { range: asked.range(found.replace), new_text: found.insert };
    CompletionItem {
        label: found.label,
        kind: Some(kind),
        detail: found.detail,
        sort_text: Some(format!("{at:05}")),
        text_edit: Some(CompletionTextEdit::Edit(edit)),
        ..CompletionItem::default()
    }
}

fn hover(session: &Session, params: HoverParams) -> Answer {
    let place = params.text_document_position_params;
    let Some((asked, byte)) = Asked::any_at(session, &place) else { return Ok(Value::Null) };
    let found = match asked.document.kind {
        Kind::Tests => asked.with_tested(|file, topology| hover_test(file, topology, byte)),
        Kind::Topology | Kind::Script | Kind::Other => {
            asked.with_project(|project, path| language::hover(project, path, byte))
        }
    };
    written(found.map(|found| lsp_types::Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: found.markdown,
        }),
        range: Some(asked.range(found.range)),
    }))
}

fn definition(session: &Session, params: GotoDefinitionParams) -> Answer {
    let place = params.text_document_position_params;
    let Some((asked, byte)) = Asked::at(session, &place) else { return Ok(Value::Null) };
    let found = asked.with_project(|project, path| language::definition(project, path, byte));
    written(asked.locations(found))
}

fn references(session: &Session, params: ReferenceParams) -> Answer {
    let Some((asked, byte)) = Asked::at(session, &params.text_document_position) else {
        return Ok(Value::Null);
    };
    let mut found = asked.with_project(|project, path| language::references(project, path, byte));
    found.retain(|it| params.context.include_declaration || !it.is_declaration);
    written(asked.locations(found))
}

fn prepare_rename(session: &Session, params: TextDocumentPositionParams) -> Answer {
    let Some((asked, byte)) = Asked::at(session, &params) else { return Ok(Value::Null) };
    let found = asked.with_project(|project, path| language::renamable(project, path, byte));
    written(found.map(|(range, placeholder)| PrepareRenameResponse::RangeWithPlaceholder {
        range: asked.range(range),
        placeholder,
    }))
}

#[expect(clippy::mutable_key_type, reason = "the protocol's own type")]
fn rename(session: &Session, params: RenameParams) -> Answer {
    let Some((asked, byte)) = Asked::at(session, &params.text_document_position) else {
        return Ok(Value::Null);
    };
    let to = params.new_name;
    let found = asked.with_project(|project, path| language::rename(project, path, byte, &to));
    let edits = found.map_err(Refused::Failed)?;
    let texts: Vec<String> = edits.iter().map(|edit| edit.text.clone()).collect();
    let places = asked.locations(edits.into_iter().map(|edit| edit.place).collect());
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (place, new_text) in places.into_iter().zip(texts) {
        changes.entry(place.uri).or_default().push(TextEdit { range: place.range, new_text });
    }
    written(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

fn symbols(session: &Session, params: DocumentSymbolParams) -> Answer {
    let Some(asked) = Asked::of(session, &params.text_document.uri) else { return Ok(Value::Null) };
    let found = asked.with_project(language::symbols);
    written(found.into_iter().map(|it| symbol(&asked, it)).collect::<Vec<DocumentSymbol>>())
}

#[expect(deprecated, reason = "the protocol has a field that nobody uses any more")]
fn symbol(asked: &Asked<'_>, found: Symbol) -> DocumentSymbol {
    let kind = match found.kind {
        SymbolKind::Node => lsp_types::SymbolKind::MODULE,
        SymbolKind::Socket => lsp_types::SymbolKind::INTERFACE,
        SymbolKind::Handler => lsp_types::SymbolKind::EVENT,
        SymbolKind::Function => lsp_types::SymbolKind::FUNCTION,
    };
    let children: Vec<DocumentSymbol> =
        found.children.into_iter().map(|it| symbol(asked, it)).collect();
    DocumentSymbol {
        name: if found.name.is_empty() { "?".to_owned() } else { found.name },
        detail: found.detail,
        kind,
        tags: None,
        deprecated: None,
        range: asked.range(found.span),
        selection_range: asked.range(found.selection),
        children: Some(children).filter(|children| !children.is_empty()),
    }
}

fn formatting(session: &Session, params: DocumentFormattingParams) -> Answer {
    let Some(asked) = Asked::of(session, &params.text_document.uri) else { return Ok(Value::Null) };
    let text = &asked.document.text;
    let formatted = match asked.document.kind {
        Kind::Topology => language::format_topology(text),
        Kind::Script => language::format_script(text),
        Kind::Tests | Kind::Other => None,
    };
    let edits = formatted.map(|formatted| {
        let (bytes, new_text) = language::difference(text, &formatted);
        TextEdit { range: asked.range(bytes), new_text }
    });
    written(edits.into_iter().collect::<Vec<TextEdit>>())
}

#[expect(clippy::mutable_key_type, reason = "the protocol's own type")]
fn actions(session: &Session, params: CodeActionParams) -> Answer {
    let Some(asked) = Asked::any(session, &params.text_document.uri) else {
        return Ok(Value::Null);
    };
    let bytes = asked.text().bytes(params.range);
    let mut told: Vec<CodeAction> = Vec::new();
    for findings in session.findings.values() {
        let source = findings.sources.find(&asked.path);
        // What was found in another text than this one has its places elsewhere.
        let source = source.filter(|id| findings.sources.get(*id).text() == &asked.document.text);
        let Some(source) = source else { continue };
        for action in language::actions(&findings.diagnostics, source, bytes.clone()) {
            let place = &action.fix.span;
            let path = findings.sources.get(place.source).path().to_owned();
            let location = language::Location {
                path,
                start: place.start,
                end: place.end,
                is_declaration: false,
            };
            let Some(place) = asked.locations(vec![location]).pop() else { continue };
            let edit = TextEdit { range: place.range, new_text: action.fix.replacement.clone() };
            let changes = HashMap::from([(place.uri, vec![edit])]);
            let code = action.mends.code.id();
            let mends: Vec<lsp_types::Diagnostic> = params
                .context
                .diagnostics
                .iter()
                .filter(|it| {
                    it.code == Some(lsp_types::NumberOrString::String(code.to_owned()))
                        && it.message.starts_with(&action.mends.message)
                })
                .cloned()
                .collect();
            let done = CodeAction {
                title: action.title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(mends).filter(|mends| !mends.is_empty()),
                edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
                is_preferred: Some(true),
                ..CodeAction::default()
            };
            if !told.contains(&done) {
                told.push(done);
            }
        }
    }
    written(told)
}
