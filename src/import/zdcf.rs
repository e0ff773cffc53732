//! The ZeroMQ Device Configuration File of RFC 5: a context, devices, their sockets.
//!
//! Owns the keys of that file and what they are called here: <https://rfc.zeromq.org/spec/5/>.

use crate::document::{Mapping, Node as Tree};
use crate::zeromq::{Role, Side};

use super::model::{Node, Socket, Work};
use super::reading::{self, Reading};
use super::yaml::{quoted, scalar};

/// The devices of a file: all that is not its context.
pub(super) fn nodes(tree: &Mapping, reading: &mut Reading) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut has_mark = true;
    for entry in &tree.entries {
        if &*entry.key.text == "context" {
            context(&entry.value, reading);
            continue;
        }
        let what = format!("the device `{}`", entry.key.text);
        let Some(device) = reading.mapping(&entry.value, &what) else { continue };
        let node = node(&entry.key.text, device, reading);
        has_mark &= node.sockets.iter().all(|socket| socket.keys.iter().any(|it| it.0 == "hwm"));
        nodes.push(node);
    }
    if !has_mark {
        reading.remarks.push(
            "without `hwm` a socket of ZeroMQ 2, for which such files were written, had no limit; here \
             it has 1000"
                .to_owned(),
        );
    }
    nodes
}

fn context(context: &Tree, reading: &mut Reading) {
    let Some(context) = reading.mapping(context, "`context`") else { return };
    for entry in &context.entries {
        let value = reading.text(&entry.value, "a value of `context`").unwrap_or_default();
        match (&*entry.key.text, &*value) {
            ("iothreads", "1") | ("verbose", "0" | "false") => {}
            ("iothreads", count) => reading
                .remarks
                .push(format!("`iothreads: {count}` has no equal: a run has one thread of libzmq")),
            ("verbose", _) => reading.remarks.push(
                "in place of `verbose` say what is told when it runs: `zrig run --log debug`"
                    .to_owned(),
            ),
            (other, value) => {
                reading.remarks.push(format!("`{other}: {value}` of the context has no equal"));
            }
        }
    }
}

/// What libzmq's own devices do: their work, and the roles of a socket at the front and at the back.
fn device(kind: &str) -> Option<(Work, Role, Role)> {
    let both_ways = |both_ways| Work::Forward { both_ways };
    match kind.to_lowercase().trim_start_matches("zmq_") {
        "queue" => Some((both_ways(true), Role::Router, Role::Dealer)),
        "forwarder" => Some((both_ways(false), Role::Sub, Role::Pub)),
        "streamer" => Some((both_ways(false), Role::Pull, Role::Push)),
        _ => None,
    }
}

fn node(name: &str, keys: &Mapping, reading: &mut Reading) -> Node {
    let kind = keys.get("type").and_then(|it| reading.text(it, "a device's type"));
    let known = kind.as_deref().and_then(device);
    let mut remarks = Vec::new();
    if let Some(kind) = kind.filter(|_| known.is_none()) {
        remarks.push(format!("its type is `{kind}`, a device of its own program"));
    }
    let mut sockets = Vec::new();
    for entry in &keys.entries {
        if &*entry.key.text == "type" {
            continue;
        }
        let what = format!("the socket `{}`", entry.key.text);
        let Some(socket_keys) = reading.mapping(&entry.value, &what) else { continue };
        let usual =
            known.as_ref().and_then(|(_, front, back)| match (&*entry.key.text, sockets.len()) {
                ("frontend", _) => Some(*front),
                ("backend", _) => Some(*back),
                (_, 0) => Some(*front),
                (_, 1) => Some(*back),
                _ => None,
            });
        sockets.push(socket(&entry.key.text, socket_keys, usual, reading));
    }
    let work = match known {
        Some((work, ..)) if sockets.len() == 2 => work,
        Some(_) => {
            remarks.push("a device of ZeroMQ has two sockets, and this one has not".to_owned());
            Work::Program
        }
        None => Work::Program,
    };
    if work != Work::Program && sockets.first().is_some_and(|it| it.name == "backend") {
        sockets.reverse();
    }
    Node { name: name.to_owned(), sockets, work, remarks }
}

fn socket(name: &str, keys: &Mapping, usual: Option<Role>, reading: &mut Reading) -> Socket {
    let mut remarks = Vec::new();
    let role = match (keys.get("type"), usual) {
        (Some(word), _) => reading.role(word).unwrap_or(Role::Pair),
        (None, Some(usual)) => usual,
        (None, None) => {
            remarks
                .push("its type is not given in the file: take another one than pair".to_owned());
            Role::Pair
        }
    };
    let mut socket = Socket {
        name: name.to_owned(),
        role,
        ends: Vec::new(),
        keys: Vec::new(),
        options: Vec::new(),
        remarks,
    };
    for entry in &keys.entries {
        match &*entry.key.text {
            "type" => {}
            "option" => {
                if let Some(options) = reading.mapping(&entry.value, "`option`") {
                    set(options, &mut socket, reading);
                }
            }
            key @ ("bind" | "connect") => {
                let side = if key == "bind" { Side::Bind } else { Side::Connect };
                let written = reading.texts(&entry.value, &format!("an endpoint of `{key}`"));
                let remarks = &mut socket.remarks;
                socket.ends.extend(written.iter().map(|one| reading::end(side, one, remarks)));
            }
            other => socket.remarks.push(format!("`{other}` is no key of ZDCF")),
        }
    }
    let takes_topics = matches!(role, Role::Sub | Role::Xsub);
    if takes_topics && !socket.keys.iter().any(|it| it.0 == "topics") {
        socket.remarks.push(
            "it subscribes to nothing in the file, so nothing would arrive: here it takes all"
                .to_owned(),
        );
        socket.keys.push(("topics", "all".to_owned()));
    }
    socket
}

fn set(options: &Mapping, socket: &mut Socket, reading: &mut Reading) {
    for entry in &options.entries {
        let (key, value) = (&*entry.key.text, &entry.value);
        let number = |reading: &mut Reading| reading.integer(value, &format!("`{key}`"));
        match key {
            "hwm" => socket.keys.extend(number(reading).map(|it| ("hwm", it.to_string()))),
            "identity" => {
                let name = reading.text(value, "`identity`");
                socket.keys.extend(name.map(|it| ("identity", scalar(&it))));
            }
            "subscribe" => {
                let topics = reading.texts(value, "`subscribe`");
                let topics: Vec<String> =
                    topics.iter().map(|topic| quoted(topic)).collect();
                socket.keys.push(("topics", match topics.iter().any(|it| it == "''") {
                    true => "all".to_owned(),
                    false => format!("[{}]", topics.join(", ")),
                }));
            }
            "affinity" => socket.options.extend(number(reading).map(|it| ("affinity", it.to_string()))),
            "sndbuf" => socket.options.extend(number(reading).map(|it| ("sndbuf", it.to_string()))),
            "rcvbuf" => socket.options.extend(number(reading).map(|it| ("rcvbuf", it.to_string()))),
            "swap" => socket.remarks.push(
                "`swap` is gone since ZeroMQ 3: what does not fit into a queue is not put on a disk"
                    .to_owned(),
            ),
            "rate" | "recovery_ivl" | "mcast_loop" => {
                let remark = format!("`{key}` is of multicast, which this libzmq does not have");
                socket.remarks.push(remark);
            }
            other => socket.remarks.push(format!("`{other}` is no option of ZDCF")),
        }
    }
}
