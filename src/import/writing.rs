//! The text of a topology file.
//!
//! Owns its layout. Never decides what is in it.

use std::fmt::Write;

use crate::visible::visible;
use crate::zeromq::{Role, Side};

use super::model::{At, End, Node, Socket, Work};
use super::stand_in;
use super::system::System;
use super::yaml::scalar;

/// How long a line of a comment may be.
const WIDTH: usize = 96;

/// A topology with a comment for each remark.
pub(super) fn topology(file: &str, system: System, remarks: &[String], nodes: &[Node]) -> String {
    let mut text = String::new();
    let first = match system {
        System::FairMq => format!("{file}, a file of FairMQ, in the words of zrig."),
        System::Zdcf => format!("{file}, a file of ZDCF (ZeroMQ RFC 5), in the words of zrig."),
    };
    comment(&mut text, "", &first);
    for remark in remarks {
        comment(&mut text, "", remark);
    }
    text.push_str("version: 1\n\nnodes:\n");
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        self::node(&mut text, node);
    }
    text
}

fn node(text: &mut String, node: &Node) {
    let _ = writeln!(text, "  {}:", node.name);
    for remark in &node.remarks {
        comment(text, "    ", remark);
    }
    if node.sockets.is_empty() {
        comment(text, "    ", "it has no socket in the file");
    }
    text.push_str("    sockets:\n");
    for socket in &node.sockets {
        self::socket(text, &node.name, socket);
    }
    match (node.work, node.sockets.as_slice()) {
        (Work::Forward { both_ways: true }, [front, back]) => {
            let _ = writeln!(text, "    forward: [{}, {}]", front.name, back.name);
        }
        (Work::Forward { both_ways: false }, [front, back]) => {
            let _ = writeln!(text, "    forward: {{{}: {}}}", front.name, back.name);
        }
        _ => {
            let stand_in = stand_in::of(node);
            if !stand_in.keys.is_empty() {
                comment(text, "    ", &format!("In place of its program: {}.", stand_in.words));
            }
            for (key, value) in &stand_in.keys {
                let _ = writeln!(text, "    {key}: {value}");
            }
        }
    }
}

fn socket(text: &mut String, node: &str, socket: &Socket) {
    let _ = writeln!(text, "      {}:", socket.name);
    for remark in &socket.remarks {
        comment(text, "        ", remark);
    }
    let _ = writeln!(text, "        role: {}", socket.role.word());
    for (side, key) in [(Side::Bind, "bind"), (Side::Connect, "connect")] {
        let ends: Vec<&End> = socket.ends.iter().filter(|end| end.side == side).collect();
        let shown: Vec<String> = ends
            .iter()
            .enumerate()
            .map(|(index, end)| endpoint(end, index, node, socket))
            .collect();
        match shown.as_slice() {
            [] => {}
            [one] => {
                let _ = writeln!(text, "        {key}: {one}");
            }
            several => {
                let _ = writeln!(text, "        {key}:");
                for one in several {
                    let _ = writeln!(text, "          - {one}");
                }
            }
        }
    }
    if matches!(socket.role, Role::Pub | Role::Sub | Role::Xpub | Role::Xsub) {
        text.push_str("        format: plain\n");
    }
    for (key, value) in &socket.keys {
        let _ = writeln!(text, "        {key}: {value}");
    }
    if !socket.options.is_empty() {
        text.push_str("        options:\n");
        for (key, value) in &socket.options {
            let _ = writeln!(text, "          {key}: {value}");
        }
    }
}

/// An endpoint, or a variable that whoever runs the file gives.
fn endpoint(end: &End, index: usize, node: &str, socket: &Socket) -> String {
    match &end.at {
        At::Endpoint(endpoint) => scalar(&endpoint.replace('$', "$$")),
        At::Node(name) => scalar(name),
        At::Unknown => {
            let number = if index == 0 { String::new() } else { format!("_{}", index + 1) };
            let name = format!("{node}_{}{number}", socket.name).replace('-', "_");
            format!("${{{}}}", name.to_uppercase())
        }
    }
}

fn comment(text: &mut String, indent: &str, remark: &str) {
    let mut line = format!("{indent}#");
    for word in visible(remark).split(' ') {
        if line.len() + word.len() >= WIDTH && line.len() > indent.len() + 1 {
            text.push_str(&line);
            text.push('\n');
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
