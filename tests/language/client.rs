//! A client of the language server, as an editor is one.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::secrets;

/// How long anything may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    early: VecDeque<Value>,
    next: i64,
    versions: BTreeMap<PathBuf, i64>,
    /// What the server said in its log.
    pub(crate) logged: Vec<String>,
    /// The newest diagnostics of each file, with their version.
    pub(crate) told: BTreeMap<String, (Option<i64>, Vec<Value>)>,
}

pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Client {
    pub(crate) fn start() -> Self {
        Self::with(&json!({"processId": std::process::id(), "capabilities": {}}))
    }

    pub(crate) fn with(initialize: &Value) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .arg("lsp")
            .envs(secrets::VARIABLES)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let input = child.stdin.take();
        let (send, messages) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let mut client = Self {
            child,
            input,
            messages,
            early: VecDeque::new(),
            next: 0,
            versions: BTreeMap::new(),
            logged: Vec::new(),
            told: BTreeMap::new(),
        };
        client.request("initialize", initialize).unwrap();
        client.notify("initialized", &json!({}));
        client
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes)?;
        input.flush()
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.write(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Asks without waiting; the question's id comes back.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> i64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    pub(crate) fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let answer = self.wait(|message| message["id"] == id && message.get("method").is_none());
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// The next message of which something holds; what else comes is taken note of.
    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.early.iter().position(&is_it) {
            return self.early.remove(at).unwrap();
        }
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).expect("the server says nothing");
            self.note(&message);
            if is_it(&message) {
                return message;
            }
            self.early.push_back(message);
        }
    }

    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        match message["method"].as_str() {
            Some("window/logMessage") => {
                self.logged.push(params["message"].as_str().unwrap().to_owned());
            }
            Some("textDocument/publishDiagnostics") => {
                let told = params["diagnostics"].as_array().unwrap().clone();
                let uri = params["uri"].as_str().unwrap().to_owned();
                self.told.insert(uri, (params["version"].as_i64(), told));
            }
            _ => {}
        }
    }

    pub(crate) fn open(&mut self, path: &Path, language: &str, text: &str) {
        self.versions.insert(path.to_owned(), 1);
        let document = json!({
            "uri": uri(path), "languageId": language, "version": 1, "text": text,
        });
        self.notify("textDocument/didOpen", &json!({"textDocument": document}));
    }

    /// Changes a text; `changes` are as the protocol has them.
    pub(crate) fn change(&mut self, path: &Path, changes: &Value) -> i64 {
        let version = self.versions.get_mut(path).unwrap();
        *version += 1;
        let version = *version;
        let document = json!({"uri": uri(path), "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        self.notify("textDocument/didChange", &params);
        version
    }

    pub(crate) fn close(&mut self, path: &Path) {
        let params = json!({"textDocument": {"uri": uri(path)}});
        self.notify("textDocument/didClose", &params);
    }

    /// The diagnostics of a file once they are those of a version.
    pub(crate) fn diagnostics(&mut self, path: &Path, version: i64) -> Vec<Value> {
        let uri = uri(path);
        while self.told.get(&uri).is_none_or(|(told, _)| told.is_none_or(|told| told < version)) {
            self.early.clear();
            let wanted = uri.clone();
            self.wait(move |message| message["params"]["uri"] == *wanted);
        }
        self.told[&uri].1.clone()
    }

    /// What is asked of a place, from 0, columns in UTF-16.
    pub(crate) fn at(path: &Path, line: usize, character: usize) -> Value {
        json!({
            "textDocument": {"uri": uri(path)},
            "position": {"line": line, "character": character},
        })
    }

    /// Says goodbye, and waits until the server has gone.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.request("shutdown", &Value::Null).unwrap();
        self.notify("exit", &Value::Null);
        self.wait_for_exit()
    }

    pub(crate) fn hang_up(&mut self) {
        self.input.take();
    }

    pub(crate) fn wait_for_exit(&mut self) -> Option<i32> {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// A text without its `§`, and where that stood: the byte, and line and column in UTF-16.
pub(crate) fn marked(text: &str) -> (String, usize, (usize, usize)) {
    let byte = text.find('§').expect("a text has its mark");
    let before = &text[..byte];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap().encode_utf16().count();
    (text.replacen('§', "", 1), byte, (line, column))
}

/// The topologies of a folder of the repository.
pub(crate) fn topologies(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    paths.sort();
    paths
}

/// Applies edits of the protocol to a text.
pub(crate) fn applied(text: &str, edits: &[Value]) -> String {
    let lines = zrig::language::Lines::new(text);
    let byte = |place: &Value| {
        let number = |name: &str| u32::try_from(place[name].as_u64().unwrap()).unwrap();
        let encoding = zrig::language::Encoding::Utf16;
        lines.byte(text, number("line"), number("character"), encoding)
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (byte(&range["start"]), byte(&range["end"]), edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_unstable();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}
