//! `process`: a node that a program drives.
//!
//! Owns reading it, and what such a node and its sockets cannot have. Never looks for the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Entry, Mapping, Node, is_handler_key};
use crate::source::Span;
use crate::topology::environment::{OWN_VARIABLES, socket_variable};
use crate::topology::program::{OnExit, ProgramSpec, Ready, StopSignal, StopSpec};
use crate::topology::spec::Attachment;
use crate::zeromq::{Endpoint, Side, Transport};

use super::keys;
use super::report::Report;
use super::unresolved::{Resolved, UnresolvedNode, UnresolvedSocket};
use super::value;

/// The keys of `process`.
pub const PROCESS_KEYS: &[&str] =
    &["command", "directory", "environment", "on_exit", "ready", "stop"];
/// The keys of its `stop`.
pub const STOP_KEYS: &[&str] = &["signal", "within"];

const ON_EXIT: &[(&str, OnExit)] =
    &[("restart", OnExit::Restart), ("stop", OnExit::Stop), ("leave", OnExit::Leave)];

/// What the nodes of handlers have and a program has not, and why.
const NOT_BESIDE: &[(&str, &str)] = &[
    ("script", "a node is driven by handlers or by a program"),
    ("every", "a program has timers of its own"),
    ("idle", "a program has timers of its own"),
    ("timers", "a program has timers of its own"),
    ("forward", "the program opens the sockets, so zrig has no message to move"),
    ("capture", "the program opens the sockets, so zrig has no message to copy"),
    ("read", "the program opens the sockets, so zrig has none to send lines by"),
    ("write", "the program opens the sockets, so zrig receives no message to write"),
    ("persist", "it keeps `this`, which only handlers have"),
    ("params", "they are read by handlers; a program has arguments and an environment"),
    ("on_error", "it is about handlers that fail; `on_exit` of `process` is about a program"),
    ("isolate", "it is about the thread of handlers, and a program is a process of its own"),
    ("state_limit", "it is about `this`, which only handlers have"),
    ("counts", "the program opens the sockets, so zrig has none to tell counts by"),
];

/// What zrig does at the sockets that it opens itself, and why it cannot here.
const NOT_AT_SOCKETS: &[(&str, &str)] = &[
    ("when_full", "what a full queue does is up to the program, which sends"),
    ("sequence", "zrig adds and checks the numbers where it sends and receives itself"),
    ("plain", "zrig says and checks passwords at the sockets that it opens itself"),
    ("allow", "zrig asks who comes at the sockets that it opens itself"),
    ("deny", "zrig asks who comes at the sockets that it opens itself"),
];

/// Reads `process` of a node, and reports what cannot stand beside it.
pub(super) fn read(
    node: &Mapping,
    sockets: &[UnresolvedSocket],
    report: &mut Report<'_>,
) -> Option<ProgramSpec> {
    let entry = node.entry("process")?;
    report_others(entry, node, report);
    report_variables(sockets, report);
    let mapping = value::map("process", &entry.value, report)?;
    keys::check(mapping, &[PROCESS_KEYS], "`process`", report);
    let folder = folder(report);
    let command = match mapping.entry("command") {
        Some(command) => read_command(&command.value, report),
        None if keys::stands_for(mapping, "command", &[PROCESS_KEYS]) => None,
        None => {
            report.add(
                Diagnostic::new(Code::MissingKey, "a `process` without a command")
                    .at(entry.key.span, "it has no `command`")
                    .because("the command is the program that is started")
                    .help("write `command: [python3, worker.py]`"),
            );
            None
        }
    };
    let directory = mapping.get("directory").and_then(|d| read_path("directory", d, report));
    let spec = ProgramSpec {
        command: command?,
        directory: directory.map_or(folder.clone(), |directory| folder.join(directory)),
        environment: mapping
            .get("environment")
            .map(|environment| read_environment(environment, report))
            .unwrap_or_default(),
        on_exit: mapping
            .get("on_exit")
            .and_then(|word| value::word("on_exit", word, ON_EXIT, report))
            .unwrap_or_default(),
        ready: mapping.get("ready").and_then(|ready| read_ready(ready, sockets, report)),
        stop: mapping.get("stop").map(|stop| read_stop(stop, report)).unwrap_or_default(),
        keys: None,
    };
    Some(spec)
}

/// The topology's folder, which a program is started in.
fn folder(report: &Report<'_>) -> PathBuf {
    let folder = report.folder();
    if folder.as_os_str().is_empty() { Path::new(".").to_owned() } else { folder.to_owned() }
}

fn report_others(process: &Entry, node: &Mapping, report: &mut Report<'_>) {
    for entry in &node.entries {
        let key = &*entry.key.text;
        let known = NOT_BESIDE.iter().find(|(other, _)| *other == key).map(|(_, why)| *why);
        let is_handler = is_handler_key(key) && known.is_none();
        let why = if is_handler { Some(NOT_BESIDE[0].1) } else { known };
        let Some(why) = why else { continue };
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{key}` beside `process`"))
                .at(entry.key.span, "not of a program")
                .at(process.key.span, "a program drives this node")
                .because(why)
                .help(match key {
                    "on_error" | "on_exit" => {
                        "write `on_exit` into `process`, or remove it".to_owned()
                    }
                    "params" => "write `environment` into `process`, or remove it".to_owned(),
                    _ => format!("remove `{key}`, or give it to a node of its own"),
                }),
        );
    }
    let named = node.get("sockets").and_then(|sockets| sockets.as_mapping());
    let named = named.into_iter().flat_map(|sockets| &sockets.entries);
    let of_sockets = named.filter_map(|entry| entry.value.as_mapping()).chain([node]);
    for entry in of_sockets.flat_map(|socket| &socket.entries) {
        let key = &*entry.key.text;
        let Some((_, why)) = NOT_AT_SOCKETS.iter().find(|(other, _)| *other == key) else {
            continue;
        };
        report.add(
            Diagnostic::new(Code::Conflict, format!("`{key}` at a socket of a program"))
                .at(entry.key.span, "not here")
                .at(process.key.span, "the program opens it")
                .because(*why)
                .help(format!("remove `{key}`, and let the program do it")),
        );
    }
}

/// Two sockets whose names differ in capitals alone.
fn report_variables(sockets: &[UnresolvedSocket], report: &mut Report<'_>) {
    let mut told: BTreeMap<String, &UnresolvedSocket> = BTreeMap::new();
    for socket in sockets {
        let variable = socket_variable(&socket.name);
        let Some(first) = told.get(&variable).copied() else {
            told.insert(variable, socket);
            continue;
        };
        report.add(
            Diagnostic::new(
                Code::Conflict,
                format!("`{}` and `{}` give one variable", first.name, socket.name),
            )
            .at(socket.name_span, format!("{variable} again"))
            .at(first.name_span, variable.clone())
            .because("a program finds the endpoints of a socket by its name in capitals")
            .help("give one of them another name"),
        );
    }
}

fn read_command(node: &Node, report: &mut Report<'_>) -> Option<Vec<String>> {
    const HELP: &str = "write `command: [python3, worker.py]`: the program, then its arguments";
    let items = value::one_or_many(node);
    if node.as_mapping().is_some() || items.is_empty() {
        value::wrong("command", node, "a program and its arguments", HELP, report);
        return None;
    }
    let mut words = Vec::with_capacity(items.len());
    for item in items {
        let Some(word) = item.as_scalar().filter(|scalar| !scalar.is_null()) else {
            value::wrong("command", item, "texts: the program and its arguments", HELP, report);
            return None;
        };
        words.push(word.text.to_string());
    }
    if let [one] = &*words
        && node.as_scalar().is_some()
        && one.trim().contains(char::is_whitespace)
    {
        let parts: Vec<&str> = one.split_whitespace().collect();
        report.add(
            Diagnostic::new(
                Code::WrongType,
                "`command` takes a list: the program and its arguments",
            )
            .at(node.span, "one text, which would be the name of the program")
            .because("no shell stands between, so nothing divides it at its spaces")
            .help(format!("write `command: [{}]`", parts.join(", "))),
        );
        return None;
    }
    if words.iter().any(|word| word.contains('\0')) || words[0].is_empty() {
        value::wrong("command", node, "the name of a program first", HELP, report);
        return None;
    }
    Some(words)
}

fn read_path(key: &str, node: &Node, report: &mut Report<'_>) -> Option<PathBuf> {
    let text = value::text(key, node, report)?;
    if text.is_empty() || text.contains('\0') {
        let help = format!("write the path of a folder, such as `{key}: build`");
        value::wrong(key, node, "the path of a folder", &help, report);
        return None;
    }
    Some(PathBuf::from(text))
}

fn read_environment(node: &Node, report: &mut Report<'_>) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    let Some(mapping) = value::map("environment", node, report) else { return environment };
    for entry in &mapping.entries {
        let name = &*entry.key.text;
        if name.is_empty() || name.contains(['=', '\0']) {
            report.add(
                Diagnostic::new(Code::BadName, "a variable's name has no `=`, and is not empty")
                    .at(entry.key.span, "no name of a variable")
                    .help("write `NAME: value`"),
            );
            continue;
        }
        if name.starts_with(OWN_VARIABLES) {
            report.add(
                Diagnostic::new(Code::Conflict, format!("`{name}` is a variable of zrig's own"))
                    .at(entry.key.span, "begins with `ZRIG_`")
                    .because("by these the program finds its endpoints")
                    .help("give it another name"),
            );
            continue;
        }
        if let Some(text) = value::text(name, &entry.value, report) {
            environment.insert(name.to_owned(), text);
        }
    }
    environment
}

/// A port, an endpoint, or the name of a socket that binds.
fn read_ready(node: &Node, sockets: &[UnresolvedSocket], report: &mut Report<'_>) -> Option<Ready> {
    const HELP: &str = "write a port, an endpoint such as `tcp://127.0.0.1:8080`, or the name of a \
                        socket of this node that binds";
    const WANTED: &str = "a port, an endpoint, or the name of a socket that binds";
    let scalar = node.as_scalar().filter(|scalar| !scalar.is_null());
    let Some(scalar) = scalar else {
        value::wrong("ready", node, WANTED, HELP, report);
        return None;
    };
    if let Some(port) = scalar.as_integer() {
        let Some(port) = u16::try_from(port).ok().filter(|port| *port > 0) else {
            report.add(value::out_of_range("ready", node, "1", "65535"));
            return None;
        };
        return Some(Ready::Endpoint(Endpoint::local(port)));
    }
    if let Some(socket) = sockets.iter().find(|socket| *socket.name == *scalar.text) {
        if socket.binds() {
            return Some(Ready::Socket(socket.name.clone()));
        }
        report.add(
            Diagnostic::new(Code::NobodyBinds, format!("`{}` binds nothing", socket.name))
                .at(node.span, "nothing will accept there")
                .at(socket.span(), "it only connects")
                .because("`ready` is what has to accept connections before the program is ready")
                .help(HELP),
        );
        return None;
    }
    match Endpoint::parse(&scalar.text, Side::Connect) {
        Ok(endpoint) if endpoint.transport() == Transport::Inproc => {
            report.add(inproc(node.span));
            None
        }
        Ok(endpoint) => Some(Ready::Endpoint(endpoint)),
        Err(_) => {
            value::wrong("ready", node, WANTED, HELP, report);
            None
        }
    }
}

fn read_stop(node: &Node, report: &mut Report<'_>) -> StopSpec {
    let default = StopSpec::default();
    let Some(mapping) = value::map("stop", node, report) else { return default };
    keys::check(mapping, &[STOP_KEYS], "`stop`", report);
    let signal = mapping.get("signal");
    let within = mapping.get("within");
    StopSpec {
        signal: signal
            .and_then(|word| value::word("signal", word, &StopSignal::WORDS, report))
            .unwrap_or(default.signal),
        within: within
            .and_then(|within| value::duration("within", within, report))
            .unwrap_or(default.within),
    }
}

/// Reports endpoints that a program cannot reach: those inside this process.
pub(super) fn check_endpoints(
    unresolved: &[UnresolvedNode],
    resolved: &Resolved,
    report: &mut Report<'_>,
) {
    for (node, attached) in unresolved.iter().zip(resolved) {
        if !node.spec.is_program() {
            continue;
        }
        for (socket, attached) in node.sockets.iter().zip(attached) {
            for (target, attachment) in socket.targets.iter().zip(attached) {
                let is_inside = attachment.as_ref().map(Attachment::endpoint);
                if is_inside.is_some_and(|it| it.transport() == Transport::Inproc) {
                    report.add(inproc(target.span));
                }
            }
        }
    }
}

fn inproc(place: Span) -> Diagnostic {
    Diagnostic::new(Code::BadEndpoint, "an inproc:// endpoint at a program")
        .at(place, "inside zrig's own process")
        .because("a program is a process of its own, and inproc:// reaches nothing outside of one")
        .help("use ipc:// or tcp:// at both ends of the link")
}
