//! Reading a tree key by key, with a fault for what has the wrong form.
//!
//! Owns the faults, and the remarks that are of the whole file. Never knows what a key means.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Kind, Mapping, Node};
use crate::nearest::nearest;
use crate::visible::visible;
use crate::zeromq::{Endpoint, Role, Side};

use super::model::{At, End};

/// What was found while reading.
#[derive(Default, Debug)]
pub(super) struct Reading {
    pub(super) faults: Vec<Diagnostic>,
    /// Of the whole file.
    pub(super) remarks: Vec<String>,
}

impl Reading {
    /// The keys of a value that has to be a map.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Mapping> {
        let found = node.as_mapping();
        if found.is_none() {
            self.wrong(node, &format!("{what} is a map"));
        }
        found
    }

    /// The items of a list; what is none is a list of one.
    pub(super) fn items(node: &Node) -> &[Node] {
        match &node.kind {
            Kind::Sequence(items) => items,
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => std::slice::from_ref(node),
        }
    }

    /// A text, also one that was written as a number.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = node.as_scalar().filter(|it| !it.is_null()).map(|it| it.text.to_string());
        if text.is_none() {
            self.wrong(node, &format!("{what} is a text"));
        }
        text
    }

    /// The texts of a text or a list of them.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        Self::items(node).iter().filter_map(|item| self.text(item, what)).collect()
    }

    /// A whole number, also one in quotes.
    pub(super) fn integer(&mut self, node: &Node, what: &str) -> Option<i64> {
        let number = node.as_scalar().and_then(crate::document::Scalar::as_integer);
        if number.is_none() {
            self.wrong(node, &format!("{what} is a whole number"));
        }
        number
    }

    /// A socket type of libzmq, in any case of letters and under its older name.
    pub(super) fn role(&mut self, node: &Node) -> Option<Role> {
        let word = self.text(node, "a socket's type")?.to_lowercase();
        let today = match &*word {
            "xreq" => "dealer",
            "xrep" => "router",
            other => other,
        };
        let role = Role::parse(today);
        if role.is_none() {
            let words = Role::ALL.map(Role::word);
            let mut fault = Diagnostic::new(
                Code::UnknownWord,
                format!("`{}` is no socket type", visible(&word)),
            )
            .at(node.span, "not a type of socket");
            if let Some(near) = nearest(today, words) {
                fault = fault.help(near.question());
            }
            self.faults.push(fault);
        }
        role
    }

    fn wrong(&mut self, node: &Node, expected: &str) {
        if !node.is_faulty() {
            self.faults.push(
                Diagnostic::new(Code::WrongType, format!("{expected}, not {}", node.describe()))
                    .at(node.span, "not of that form"),
            );
        }
    }
}

/// An end of a socket, as far as libzmq can use it; what cannot be used is a remark.
pub(super) fn end(side: Side, written: &str, remarks: &mut Vec<String>) -> End {
    let text = written.trim();
    // bind looks up no host names, and this one needs no looking up.
    let text = match (side, text.strip_prefix("tcp://localhost:")) {
        (Side::Bind, Some(port)) => format!("tcp://127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    match Endpoint::parse(&text, side) {
        Ok(_) => End { side, at: At::Endpoint(text) },
        Err(why) => {
            remarks.push(format!("its endpoint `{written}` cannot be used: {why}"));
            End { side, at: At::Unknown }
        }
    }
}
