//! `peers`: the programs outside that a test plays.
//!
//! Owns reading their keys. Where they go is `ends.rs`'s.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Entry;
use crate::topology::reading::{
    Report, check_keys, check_name, read_hwm, read_identity, read_publishing, read_role, shorten,
    value,
};
use crate::topology::{HighWaterMark, Topology};

use super::super::known;
use super::super::spec::PeerSpec;
use super::ends;

/// Reads `peers`, and says whether some could not be read.
pub(super) fn read_all(
    entry: &Entry,
    topology: Option<&Topology>,
    report: &mut Report<'_>,
) -> (Vec<PeerSpec>, bool) {
    if entry.value.is_null() {
        return (Vec::new(), false);
    }
    let Some(peers) = value::map("peers", &entry.value, report) else { return (Vec::new(), true) };
    let read: Vec<PeerSpec> =
        peers.entries.iter().filter_map(|entry| read(entry, topology, report)).collect();
    let has_unread = read.len() < peers.entries.len();
    ends::check_among(&read, topology, peers, report);
    (read, has_unread)
}

fn read(entry: &Entry, topology: Option<&Topology>, report: &mut Report<'_>) -> Option<PeerSpec> {
    let name = &entry.key.text;
    let is_named = check_name(&entry.key, report);
    let is_node = topology.is_some_and(|topology| topology.node(name).is_some());
    if is_node {
        report.add(
            Diagnostic::new(Code::PeerLikeNode, format!("`{name}` is a node of the topology"))
                .at(entry.key.span, "a peer of that name")
                .because("steps name nodes and peers alike, so it would not be clear who is meant")
                .help("give the peer another name"),
        );
    }
    let mapping = value::map(&shorten(name), &entry.value, report)?;
    check_keys(mapping, &[known::PEER], "a peer", report);
    let role = read_role(mapping, entry.key.span, report);
    let publishing = read_publishing(mapping, role, report);
    let hwm = mapping.get("hwm").map(|hwm| read_hwm(hwm, report)).unwrap_or_default();
    let identity = mapping.get("identity").and_then(|it| read_identity(it, role, report));
    let ends = ends::read(entry, mapping, role, topology, report);
    let (role, _) = role?;
    let default = HighWaterMark::default();
    (is_named && !is_node).then(|| PeerSpec {
        name: name.to_string(),
        span: entry.key.span,
        role,
        format: publishing.format.unwrap_or_else(|| role.default_format()),
        identity: identity.map(|(identity, _)| identity),
        filters: publishing.filters,
        hwm: (
            hwm.send.map_or(default.send, |(mark, _)| mark),
            hwm.receive.map_or(default.receive, |(mark, _)| mark),
        ),
        ends,
    })
}
