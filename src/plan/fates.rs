//! What becomes of each socket of a node that goes on, as a node is told it.
//!
//! Owns the verdict, which nobody comes to a second time. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Change, ChangeKind, How};
use crate::topology::{NodeSpec, SocketSpec};

/// What becomes of a socket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// It stays, with all its connections.
    Kept,
    /// It stays, and an endpoint of it comes or goes.
    ReAttached,
    /// Another one takes its place.
    Rebuilt,
    /// It goes.
    Ended,
    /// It comes.
    Made,
}

/// What becomes of all sockets of a node.
#[derive(Clone, Debug)]
pub struct SocketFates {
    from: Arc<NodeSpec>,
    to: Arc<NodeSpec>,
    /// By name; what is not here is kept.
    fates: BTreeMap<String, Fate>,
}

impl SocketFates {
    /// Of a node whose changes are these.
    pub(super) fn of(from: &Arc<NodeSpec>, to: &Arc<NodeSpec>, changes: &[Change]) -> Self {
        let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
        for change in changes {
            let (Some(socket), Some(fate)) = (&change.socket, fate_of(change)) else { continue };
            let known = fates.entry(socket.clone()).or_insert(fate);
            *known = fate.max(*known);
        }
        Self { from: Arc::clone(from), to: Arc::clone(to), fates }
    }

    /// The node as it will be.
    #[must_use]
    pub fn to(&self) -> &Arc<NodeSpec> {
        &self.to
    }

    /// A socket as it will be, by its name.
    #[must_use]
    pub fn after(&self, name: &str) -> Option<&SocketSpec> {
        socket(&self.to, name)
    }

    /// What becomes of a socket, of which this is there. Where a change before this one failed, it may
    /// be already what it is to be, and stays; where it is neither that nor what the plan began with,
    /// another one takes its place.
    #[must_use]
    pub fn fate(&self, name: &str, there: Option<&SocketSpec>) -> Fate {
        let (before, after) = (socket(&self.from, name), socket(&self.to, name));
        let (Some(there), Some(after)) = (there, after) else {
            return if after.is_some() { Fate::Made } else { Fate::Ended };
        };
        if there == after {
            return Fate::Kept;
        }
        match (before, self.fates.get(name)) {
            (Some(before), fate) if is_it(there, before) => *fate.unwrap_or(&Fate::Kept),
            (Some(_) | None, _) => Fate::Rebuilt,
        }
    }
}

fn fate_of(change: &Change) -> Option<Fate> {
    match (&change.kind, change.how) {
        (ChangeKind::SocketAdded, _) => Some(Fate::Made),
        (ChangeKind::SocketRemoved, _) => Some(Fate::Ended),
        (_, How::Rebuild | How::Restart) => Some(Fate::Rebuilt),
        (_, How::ReAttach) => Some(Fate::ReAttached),
        (_, How::Live) => None,
    }
}

fn socket<'n>(node: &'n NodeSpec, name: &str) -> Option<&'n SocketSpec> {
    node.sockets.iter().find(|socket| socket.name == name)
}

/// Whether a socket is what a plan takes it for. A plan back takes it for one that asks a ZAP handler
/// about peers where the version before did.
fn is_it(there: &SocketSpec, spec: &SocketSpec) -> bool {
    *there == *spec || SocketSpec { asks_zap: spec.asks_zap, ..there.clone() } == *spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::topology::sound;

    const BEFORE: &str = "
nodes:
  n:
    sockets:
      a: {role: pull, bind: 'inproc://a'}
      b: {role: dealer, bind: 'inproc://b'}
      c: {role: sub, bind: 'inproc://c', msgids: [1]}
      d: {role: pull, bind: 'inproc://d'}
";
    const AFTER: &str = "
nodes:
  n:
    sockets:
      a: {role: pull, bind: ['inproc://a', 'inproc://more']}
      b: {role: dealer, bind: 'inproc://b', identity: other}
      c: {role: sub, bind: 'inproc://c', msgids: [2]}
      e: {role: pull, bind: 'inproc://e'}
";

    fn fates(from: &str, to: &str) -> SocketFates {
        Plan::between(&sound(from), &sound(to)).fates("n").unwrap()
    }

    fn of(fates: &SocketFates, there: &NodeSpec) -> Vec<Fate> {
        ["a", "b", "c", "d", "e"].map(|name| fates.fate(name, socket(there, name))).to_vec()
    }

    #[test]
    fn a_socket_has_the_gravest_fate_of_its_changes() {
        let before = sound(BEFORE);
        let expected =
            [Fate::ReAttached, Fate::Rebuilt, Fate::Kept, Fate::Ended, Fate::Made].to_vec();
        assert_eq!(of(&fates(BEFORE, AFTER), &before.nodes[0]), expected);
        let unchanged = [Fate::Kept, Fate::Kept, Fate::Kept, Fate::Kept, Fate::Ended].to_vec();
        assert_eq!(of(&fates(BEFORE, BEFORE), &before.nodes[0]), unchanged);
    }

    #[test]
    fn what_a_failed_change_left_as_it_was_stays_on_the_way_back() {
        let (before, after) = (sound(BEFORE), sound(AFTER));
        let back = Plan::between(&before, &after).inverse().fates("n").unwrap();
        let untouched = [Fate::Kept, Fate::Kept, Fate::Kept, Fate::Kept, Fate::Ended].to_vec();
        assert_eq!(of(&back, &before.nodes[0]), untouched);
        let changed =
            [Fate::ReAttached, Fate::Rebuilt, Fate::Kept, Fate::Made, Fate::Ended].to_vec();
        assert_eq!(of(&back, &after.nodes[0]), changed);
    }

    #[test]
    fn a_socket_that_is_neither_before_nor_after_is_rebuilt() {
        let strange = BEFORE.replace("msgids: [1]", "msgids: [3]");
        let there = sound(&strange);
        let fate = fates(BEFORE, AFTER).fate("c", socket(&there.nodes[0], "c"));
        assert_eq!(fate, Fate::Rebuilt);
    }

    #[test]
    fn what_comes_after_is_found_by_its_name() {
        let fates = fates(BEFORE, AFTER);
        let identity = fates.after("b").and_then(|socket| socket.identity.as_deref());
        assert_eq!(identity, Some(&b"other"[..]));
        assert!(fates.after("d").is_none());
    }

    #[test]
    fn a_socket_that_asks_a_zap_handler_by_now_is_what_a_plan_took_it_for() {
        let mut there = sound(BEFORE).nodes[0].sockets[0].clone();
        there.asks_zap = true;
        assert_eq!(fates(BEFORE, AFTER).fate("a", Some(&there)), Fate::ReAttached);
    }
}
