//! What the server knows: the client, its texts, and what was found in them.
//!
//! Owns how each of these changes. The answers to questions are `answers.rs`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use lsp_server::{ErrorCode, Message, Notification, Request};
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    PublishDiagnosticsParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::checking::{Findings, Job, Outcome};
use super::documents::{Documents, Kind};
use super::places::{path_of, uri_of};
use super::told;
use crate::language::Encoding;

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    Go,
    End,
}

/// One client's.
pub(super) struct Session {
    out: Sender<Message>,
    jobs: Sender<Job>,
    pub(super) encoding: Encoding,
    pub(super) documents: Documents,
    roots: Vec<PathBuf>,
    client: Option<u64>,
    is_initialized: bool,
    is_shut_down: bool,
    watches: bool,
    /// How many checks were asked for.
    asked: u64,
    /// The first check of each text since it was opened: what others found is of another text.
    first: BTreeMap<PathBuf, u64>,
    /// By topology.
    pub(super) findings: BTreeMap<PathBuf, Findings>,
    /// Scripts that no topology names.
    alone: BTreeSet<PathBuf>,
    /// The files of which something was told.
    published: BTreeMap<PathBuf, (Option<i32>, Vec<lsp_types::Diagnostic>)>,
}

impl Session {
    pub(super) fn new(out: Sender<Message>, jobs: Sender<Job>) -> Self {
        Self {
            out,
            jobs,
            encoding: Encoding::Utf16,
            documents: Documents::default(),
            roots: Vec::new(),
            client: None,
            is_initialized: false,
            is_shut_down: false,
            watches: false,
            asked: 0,
            first: BTreeMap::new(),
            findings: BTreeMap::new(),
            alone: BTreeSet::new(),
            published: BTreeMap::new(),
        }
    }

    pub(super) fn send(&self, message: Message) {
        // A client that does not read any more has gone, which the reader tells.
        let _ = self.out.send(message);
    }

    fn notify(&self, method: &str, params: impl serde::Serialize) {
        self.send(Message::Notification(Notification::new(method.to_owned(), params)));
    }

    pub(super) fn log(&self, text: &str) {
        self.notify("window/logMessage", json!({"type": 2, "message": text}));
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// Whether the process that said who it is has ended.
    pub(super) fn client_is_gone(&self) -> bool {
        let proc = Path::new("/proc");
        self.client
            .is_some_and(|id| proc.join("self").exists() && !proc.join(id.to_string()).exists())
    }

    /// Whether a question is about a file that is being checked for the first time.
    pub(super) fn is_early(&self, request: &Request) -> bool {
        let uri = request.params.pointer("/textDocument/uri").and_then(Value::as_str);
        let path = uri.and_then(|uri| uri.parse().ok()).map(|uri| path_of(&uri));
        let Some(path) = path else { return false };
        match self.documents.get(&path).map(|document| document.kind) {
            Some(Kind::Topology | Kind::Tests) => !self.findings.contains_key(&path),
            Some(Kind::Script) => {
                self.topologies_of(&path).is_empty() && !self.alone.contains(&path)
            }
            Some(Kind::Other) | None => false,
        }
    }

    /// Why nothing can be asked now, if so.
    pub(super) fn refusal(&self) -> Option<(ErrorCode, &'static str)> {
        if !self.is_initialized {
            return Some((ErrorCode::ServerNotInitialized, "`initialize` comes first"));
        }
        self.is_shut_down.then_some((ErrorCode::InvalidRequest, "the server is shut down"))
    }

    /// Nothing more is asked.
    pub(super) fn shut_down(&mut self) {
        self.is_shut_down = true;
    }

    /// Takes what the client says of itself.
    pub(super) fn initialize(&mut self, params: &Value) {
        self.is_initialized = true;
        self.client = params.get("processId").and_then(Value::as_u64);
        let offered = params.pointer("/capabilities/general/positionEncodings");
        let offers = |name: &str| {
            offered.and_then(Value::as_array).is_some_and(|them| them.iter().any(|it| it == name))
        };
        self.encoding = if offers("utf-8") { Encoding::Utf8 } else { Encoding::Utf16 };
        let watches = "/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration";
        self.watches = params.pointer(watches).and_then(Value::as_bool).unwrap_or_default();
        let folders = params.get("workspaceFolders").and_then(Value::as_array);
        let folders = folders.into_iter().flatten().filter_map(|folder| folder.get("uri"));
        let roots = folders.chain(params.get("rootUri")).filter_map(Value::as_str);
        self.roots = roots.filter_map(|uri| uri.parse().ok()).map(|uri| path_of(&uri)).collect();
    }

    /// Takes note of what the client tells.
    pub(super) fn notified(&mut self, notification: Notification) -> Flow {
        let Notification { method, params } = notification;
        let done = match method.as_str() {
            "exit" => return Flow::End,
            "initialized" => {
                self.watch();
                Ok(())
            }
            "textDocument/didOpen" => read(params).and_then(|params| self.opened(params)),
            "textDocument/didChange" => read(params).and_then(|params| self.changed(params)),
            "textDocument/didClose" => read(params).map(|params| self.closed(&params)),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.check_everything();
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(why) = done {
            self.log(&format!("{method}: {why}"));
        }
        Flow::Go
    }

    /// Asks to be told of files that change without an editor.
    fn watch(&self) {
        if !self.watches {
            return;
        }
        let watchers = ["**/*.yaml", "**/*.yml", "**/*.rhai", "**/*.{json,csv,key}"]
            .map(|glob| json!({"globPattern": glob}));
        let params = json!({"registrations": [{
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": {"watchers": watchers},
        }]});
        let id = "watch".to_owned().into();
        self.send(Message::Request(Request::new(
            id,
            "client/registerCapability".to_owned(),
            params,
        )));
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) -> Result<(), String> {
        let document = params.text_document;
        let path = path_of(&document.uri);
        let language = document.language_id;
        let opened = self.documents.open(
            path.clone(),
            document.uri,
            &language,
            document.version,
            document.text,
        );
        self.first.insert(path.clone(), self.asked + 1);
        self.check(&path);
        opened
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) -> Result<(), String> {
        let document = params.text_document;
        let path = path_of(&document.uri);
        let changes = params.content_changes;
        let changed = self.documents.change(&path, document.version, changes, self.encoding);
        self.check(&path);
        changed
    }

    fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let path = path_of(&params.text_document.uri);
        self.documents.close(&path);
        self.first.remove(&path);
        let is_needed = |findings: &Findings| {
            findings.files.iter().any(|file| self.documents.get(file).is_some())
        };
        let left: Vec<PathBuf> = self
            .findings
            .iter()
            .filter(|(_, findings)| !is_needed(findings))
            .map(|(topology, _)| topology.clone())
            .collect();
        for topology in left {
            self.findings.remove(&topology);
        }
        self.alone.remove(&path);
        self.check(&path);
        self.publish();
    }

    /// The topologies that a file is part of, as far as that is known.
    pub(super) fn topologies_of(&self, path: &Path) -> BTreeSet<PathBuf> {
        let has = |findings: &&Findings| findings.files.iter().any(|file| file == path);
        self.findings.values().filter(has).map(|it| it.topology.clone()).collect()
    }

    /// Has a file checked, and what it is part of.
    fn check(&mut self, path: &Path) {
        let mut topologies = self.topologies_of(path);
        let mut scripts = BTreeSet::new();
        match self.documents.get(path).map(|document| document.kind) {
            Some(Kind::Topology | Kind::Tests) => {
                topologies.insert(path.to_owned());
            }
            Some(Kind::Script) if topologies.is_empty() && !self.alone.contains(path) => {
                scripts.insert(path.to_owned());
            }
            Some(Kind::Script | Kind::Other) | None => {}
        }
        self.send_job(topologies, scripts);
    }

    fn check_everything(&mut self) {
        let open = self.documents.iter();
        let open = open
            .filter(|(_, it)| matches!(it.kind, Kind::Topology | Kind::Tests))
            .map(|(path, _)| path.clone());
        let topologies = open.chain(self.findings.keys().cloned()).collect();
        let scripts = std::mem::take(&mut self.alone);
        self.send_job(topologies, scripts);
    }

    fn send_job(&mut self, topologies: BTreeSet<PathBuf>, scripts: BTreeSet<PathBuf>) {
        if topologies.is_empty() && scripts.is_empty() {
            return;
        }
        self.asked += 1;
        let job = Job {
            number: self.asked,
            unsaved: self.documents.unsaved(),
            versions: self.documents.versions(),
            topologies,
            scripts,
            roots: self.roots.clone(),
        };
        if self.jobs.send(job).is_err() {
            self.log("nothing is checked any more: please start the server again");
        }
    }

    /// Whether a text was opened since it was looked at, and is looked at again.
    fn is_outdated(&self, findings: &Findings) -> bool {
        let mut first = findings.files.iter().filter_map(|file| self.first.get(file));
        first.any(|first| findings.job < *first)
    }

    /// Takes what a check came to.
    pub(super) fn checked(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Checked(findings) if self.is_outdated(&findings) => return,
            Outcome::Checked(mut findings) => {
                let before = self.findings.remove(&findings.topology);
                findings.follow(before);
                let is_open = findings.files.iter().any(|it| self.documents.get(it).is_some());
                self.alone.retain(|script| !findings.files.contains(script));
                if is_open {
                    self.findings.insert(findings.topology.clone(), *findings);
                }
            }
            Outcome::Alone(script) => {
                if self.documents.get(&script).is_some() {
                    self.alone.insert(script);
                }
            }
            Outcome::Panicked(topology, why) => {
                self.log(&format!("the check of {} panicked: {why}", topology.display()));
            }
        }
        self.publish();
    }

    /// Tells what is known now, where that is something else than was told.
    fn publish(&mut self) {
        let mut now: BTreeMap<PathBuf, (Option<i32>, Vec<lsp_types::Diagnostic>)> = BTreeMap::new();
        for findings in self.findings.values() {
            for (path, told) in told::by_file(findings, self.encoding) {
                let version = findings.versions.get(&path).copied();
                let known = now.entry(path).or_insert((version, Vec::new()));
                // One script may be told of by several topologies.
                for told in told {
                    if !known.1.contains(&told) {
                        known.1.push(told);
                    }
                }
            }
        }
        let gone: Vec<PathBuf> =
            self.published.keys().filter(|path| !now.contains_key(*path)).cloned().collect();
        for path in gone {
            now.insert(path, (None, Vec::new()));
        }
        for (path, (version, diagnostics)) in &now {
            let is_open = self.documents.get(path);
            let is_news = self.published.get(path) != Some(&(*version, diagnostics.clone()));
            let never =
                diagnostics.is_empty() && !self.published.contains_key(path) && is_open.is_none();
            if !is_news || never {
                continue;
            }
            let Some(uri) = is_open.map(|it| it.uri.clone()).or_else(|| uri_of(path)) else {
                continue;
            };
            let (diagnostics, version) = (diagnostics.clone(), *version);
            let params = PublishDiagnosticsParams { uri, diagnostics, version };
            self.notify("textDocument/publishDiagnostics", params);
        }
        now.retain(|path, (_, told)| !told.is_empty() || self.documents.get(path).is_some());
        self.published = now;
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, String> {
    serde_json::from_value(params).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::checking;
    use super::*;
    use crate::load::Kept;

    /// The versions that the client was told of, and how much was said of each.
    fn told(out: &mpsc::Receiver<Message>) -> Vec<(i64, usize)> {
        let told = out.try_iter().filter_map(|message| match message {
            Message::Notification(it) if it.method.ends_with("publishDiagnostics") => {
                let said = it.params["diagnostics"].as_array()?.len();
                Some((it.params["version"].as_i64().unwrap_or(-1), said))
            }
            Message::Notification(_) | Message::Request(_) | Message::Response(_) => None,
        });
        told.collect()
    }

    #[test]
    fn what_was_found_in_a_text_that_was_closed_since_is_not_said_of_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let uri = uri_of(&path).unwrap();
        let ((out, heard), (jobs, asked)) = (mpsc::channel(), mpsc::channel());
        let mut session = Session::new(out, jobs);
        session.initialize(&json!({}));
        let note = |session: &mut Session, what: &str, document: Value| {
            let params = json!({"textDocument": document});
            session.notified(Notification::new(format!("textDocument/{what}"), params));
        };
        let text = |version: i32, text: &str| json!({"uri": uri, "languageId": "zrig", "version": version, "text": text});
        let check = |session: &mut Session, job: &Job| {
            let (findings, ..) = checking::check(&path, job, Kept::default());
            session.checked(Outcome::Checked(Box::new(findings)));
        };
        note(&mut session, "didOpen", text(9, "nodes: ["));
        let before = asked.recv().unwrap();
        note(&mut session, "didClose", json!({"uri": uri}));
        note(&mut session, "didOpen", text(1, "nodes: {a: {role: pull, bind: 5}}"));
        check(&mut session, &before);
        assert_eq!(told(&heard), [], "of the text before");
        check(&mut session, &asked.try_iter().last().unwrap());
        assert_eq!(told(&heard), [(1, 0)]);
    }
}
