//! A run with a page, and a client that knows nothing of it but HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use crate::support::http::{Answer, request};
use crate::support::{PATIENCE, Runner, Zrig};

/// A topology with something of everything.
pub(crate) const NEWS: &str = "
name: news
nodes:
  station:
    role: pub
    bind: tcp://127.0.0.1:*
    every: 10ms
    on_tick: 'publish(1000, \"x\")'
  display: {role: sub, connect: station, msgids: [1000], replicas: 2, on_message: 'count(\"got\")'}
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: 'msg.text + \"!\"'}
";

/// A run, and where its page is.
pub(crate) struct Page {
    pub(crate) run: Runner,
    pub(crate) port: u16,
}

impl Page {
    pub(crate) fn of(yaml: &str) -> Self {
        Self::with(Zrig::of(yaml))
    }

    pub(crate) fn with(zrig: Zrig) -> Self {
        Self::at(zrig, "127.0.0.1")
    }

    /// Served at another address of this machine.
    pub(crate) fn at(zrig: Zrig, host: &str) -> Self {
        let run = zrig.arguments(["--web", &format!("{host}:0")]).start();
        let at = format!("page at http://{host}:");
        let said = run.says(&at);
        let port = said.split(&at).nth(1).unwrap();
        let port = port.split('/').next().unwrap().parse().unwrap();
        Self { run, port }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        crate::support::http::get(self.port, path)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Sends JSON; the status, and what was answered.
    pub(crate) fn post(&self, path: &str, value: &Value) -> (u16, Value) {
        let body = value.to_string();
        let answer = request(self.port, &posted(path, &body));
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    /// Begins to follow what is told.
    pub(crate) fn follow(&self, path: &str) -> Stream {
        Stream::open(self.port, path, "")
    }
}

/// A request that brings something.
pub(crate) fn posted(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Server-sent events as they come.
pub(crate) struct Stream {
    lines: BufReader<TcpStream>,
    id: u64,
}

impl Stream {
    /// With more lines of the head, each with its end.
    pub(crate) fn open(port: u16, path: &str, head: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line.trim() != "" {
            line.clear();
            lines.read_line(&mut line).unwrap();
        }
        Self { lines, id: 0 }
    }

    /// The next event: its kind, and what it says.
    pub(crate) fn next(&mut self) -> (String, Value) {
        let mut kind = String::new();
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some(id) = line.strip_prefix("id: ") {
                self.id = id.trim().parse().unwrap();
            } else if let Some(word) = line.strip_prefix("event: ") {
                word.trim().clone_into(&mut kind);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (kind, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The next event of a kind that is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (found, value) = self.next();
            assert!(
                begun.elapsed() < 2 * PATIENCE,
                "no {kind} as wanted; the last: {found} {value}"
            );
            if found == kind && wanted(&value) {
                return value;
            }
        }
    }

    /// The number of what came last.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}
