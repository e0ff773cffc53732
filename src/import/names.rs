//! Names that a topology can have, each once, and links by name where both ends are in the file.
//!
//! Owns how a name of elsewhere is changed. Never reads a file.

use std::collections::BTreeMap;

use crate::topology::names_an_event;
use crate::zeromq::Side;

use super::model::{At, Node};

/// Gives everything a name that it can have, and says where that is another one.
pub(super) fn settled(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut taken = Vec::new();
    for node in &mut nodes {
        let name = free(plain(&node.name, "node", "_-"), &taken);
        tell(&node.name, &name, &mut node.remarks);
        taken.push(name.clone());
        node.name = name;
        let mut sockets = Vec::new();
        for socket in &mut node.sockets {
            let mut name = plain(&socket.name, "socket", "_");
            if names_an_event(&name) {
                name.push_str("_socket");
            }
            let name = free(name, &sockets);
            tell(&socket.name, &name, &mut socket.remarks);
            sockets.push(name.clone());
            socket.name = name;
        }
    }
    link(&mut nodes);
    nodes
}

fn plain(name: &str, otherwise: &str, kept: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || kept.contains(c);
    let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if name.is_empty() { otherwise.to_owned() } else { name.chars().take(64).collect() }
}

fn free(name: String, taken: &[String]) -> String {
    let is_free = |name: &String| !taken.contains(name);
    if is_free(&name) {
        return name;
    }
    let mut numbered = (2..).map(|number| format!("{name}_{number}"));
    numbered.find(is_free).unwrap_or(name)
}

fn tell(written: &str, name: &str, remarks: &mut Vec<String>) {
    if written != name {
        remarks.insert(0, format!("called `{written}` in the file"));
    }
}

/// Where a connect goes to a bind of the file, it goes to that node.
fn link(nodes: &mut [Node]) {
    // Who binds there; nobody by name who binds elsewhere too, since a name stands for all of it.
    let mut binders: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for node in &*nodes {
        for socket in &node.sockets {
            let bound = || socket.ends.iter().filter(|end| end.side == Side::Bind);
            let name = match node.sockets.len() {
                1 => node.name.clone(),
                _ => format!("{}.{}", node.name, socket.name),
            };
            let name = (bound().count() == 1).then_some(name);
            for end in bound() {
                if let At::Endpoint(endpoint) = &end.at {
                    binders.entry(meeting(endpoint)).or_default().push(name.clone());
                }
            }
        }
    }
    let sockets = nodes.iter_mut().flat_map(|node| &mut node.sockets);
    let ends = sockets.flat_map(|socket| &mut socket.ends);
    for end in ends.filter(|end| end.side == Side::Connect) {
        if let At::Endpoint(endpoint) = &end.at
            && let Some([Some(name)]) = binders.get(&meeting(endpoint)).map(Vec::as_slice)
        {
            end.at = At::Node(name.clone());
        }
    }
}

/// What a bind and a connect have in common where they meet on one machine.
fn meeting(endpoint: &str) -> String {
    for host in ["*", "0.0.0.0", "localhost", "127.0.0.1"] {
        for scheme in ["tcp", "ws"] {
            if let Some(port) = endpoint.strip_prefix(&format!("{scheme}://{host}:")) {
                return format!("{scheme}://:{port}");
            }
        }
    }
    endpoint.to_owned()
}
