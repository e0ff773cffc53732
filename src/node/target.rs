//! A part of a topology as a user names it, and a copy as it is called.
//!
//! Owns the form of such names, and which sockets they mean. Never knows whether there are any.

use std::fmt;
use std::str::FromStr;

use crate::topology::Port;

/// What stands for every node: no node is called so.
const EVERY_NODE: &str = "*";

/// A part of a topology as a user names it: `node`, `node.2`, `node.socket` or `node.2.socket`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The node.
    pub node: String,
    /// One of its copies, from 1; all of them without.
    pub replica: Option<u32>,
    /// One of its sockets; all of them without.
    pub socket: Option<String>,
}

impl Target {
    /// Every socket of every node.
    #[must_use]
    pub fn everything() -> Self {
        Self { node: EVERY_NODE.to_owned(), replica: None, socket: None }
    }

    /// Whether it means that.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.node == EVERY_NODE
    }

    /// Whether it means this socket of a copy of a node.
    #[must_use]
    pub fn means(&self, node: &str, replica: u32, socket: &str) -> bool {
        (self.is_everything() || self.node == node)
            && self.replica.is_none_or(|wanted| wanted == replica)
            && self.socket.as_ref().is_none_or(|name| name == socket)
    }

    /// The same of a copy by the name of its instance: `worker.2`.
    #[must_use]
    pub fn means_instance(&self, instance: &str, socket: &str) -> bool {
        let (node, replica) = copy_of(instance);
        self.means(node, replica, socket)
    }
}

/// The node of a copy and which one it is: `worker.2` is `worker`, 2. A node without copies is its first.
#[must_use]
pub fn copy_of(instance: &str) -> (&str, u32) {
    let copy = instance.rsplit_once('.').and_then(|(node, copy)| Some((node, copy.parse().ok()?)));
    copy.unwrap_or((instance, 1))
}

/// A socket without its node's copy: `in` of `worker.2` is `in` of `worker`.
#[must_use]
pub fn port_of(instance: &str, socket: &str) -> Port {
    (copy_of(instance).0.to_owned(), socket.to_owned())
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('.');
        let node = parts.next().unwrap_or_default().to_owned();
        let mut target = Self { node, replica: None, socket: None };
        for part in parts {
            match part.parse::<u32>() {
                Ok(replica) if target.replica.is_none() && target.socket.is_none() => {
                    target.replica = Some(replica);
                }
                Err(_) if target.socket.is_none() && !part.is_empty() => {
                    target.socket = Some(part.to_owned());
                }
                _ => return Err(not_a_target(text)),
            }
        }
        if target.node.is_empty() || target.is_everything() {
            Err(not_a_target(text))
        } else {
            Ok(target)
        }
    }
}

fn not_a_target(text: &str) -> String {
    format!("{text:?} is not of the form NODE, NODE.SOCKET, NODE.COPY or NODE.COPY.SOCKET")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.node)?;
        if let Some(replica) = self.replica {
            write!(f, ".{replica}")?;
        }
        if let Some(socket) = &self.socket {
            write!(f, ".{socket}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_node_and_perhaps_a_copy_and_a_socket() {
        for (text, node, replica, socket) in [
            ("a", "a", None, None),
            ("a.2", "a", Some(2), None),
            ("a.out", "a", None, Some("out")),
            ("a-b.12.out", "a-b", Some(12), Some("out")),
        ] {
            let target: Target = text.parse().unwrap();
            let want = Target { node: node.into(), replica, socket: socket.map(Into::into) };
            assert_eq!(target, want);
            assert_eq!(target.to_string(), text);
        }
        for text in ["", "*", ".a", "a.", "a..b", "a.b.c", "a.1.2", "a.out.1"] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
