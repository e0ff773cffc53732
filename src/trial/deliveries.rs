//! What subscribers got of what was published for them.
//!
//! Owns what counts as gone wrong with that. Looks at what was seen, and at who is linked with whom.

use std::collections::{BTreeMap, BTreeSet};

use super::sightings::Sightings;
use super::symptom::Symptom;
use crate::nearest::nearest;
use crate::topology::{LinkEnd, Topology};
use crate::zeromq::Role;

/// How many messages a subscriber may get twice without that meaning anything.
const TWICE: u64 = 0;

/// Who publishes for a subscriber, directly or through others that hand on.
fn publishers(topology: &Topology, subscriber: LinkEnd) -> BTreeSet<LinkEnd> {
    let mut found = BTreeSet::new();
    let (mut open, mut seen) = (vec![subscriber], BTreeSet::new());
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        for link in topology.links() {
            let far = match (link.binder == at, link.connecter == at) {
                (true, _) => link.connecter,
                (_, true) => link.binder,
                _ => continue,
            };
            let node = &topology.nodes[far.node];
            let role = node.sockets[far.socket].role;
            if !matches!(role, Role::Pub | Role::Xpub) {
                continue;
            }
            let handed_on = node.forwards.iter().filter(|forward| forward.joins(far.socket));
            let from: Vec<LinkEnd> = handed_on
                .map(|forward| if forward.to == far.socket { forward.from } else { forward.to })
                .map(|socket| LinkEnd { node: far.node, socket })
                .collect();
            if from.is_empty() {
                found.insert(far);
            }
            open.extend(from);
        }
    }
    found
}

/// What went wrong with the subscribers of a topology; `wishes` has what each wants.
pub(super) fn of_deliveries(
    topology: &Topology,
    sightings: &Sightings,
    wishes: &BTreeMap<String, Vec<Vec<u8>>>,
) -> Vec<Symptom> {
    let mut found = Vec::new();
    for (at, node) in topology.nodes.iter().enumerate() {
        for (socket, spec) in node.sockets.iter().enumerate() {
            if spec.role != Role::Sub {
                continue;
            }
            let from = publishers(topology, LinkEnd { node: at, socket });
            let names: BTreeSet<&str> =
                from.iter().map(|end| topology.nodes[end.node].name.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            let of = |end: &LinkEnd| {
                let node = &topology.nodes[end.node];
                sightings.frames(&node.name, &node.sockets[end.socket].name, true)
            };
            let published: Vec<(&str, Vec<&[u8]>)> = from.iter().flat_map(of).collect();
            for (instance, _) in node.instances() {
                let Some(wanted) = wishes.get(&instance) else { continue };
                let got: Vec<_> = sightings.frames(&node.name, &spec.name, false);
                let got: Vec<Vec<&[u8]>> = got
                    .into_iter()
                    .filter(|(whose, _)| *whose == instance)
                    .map(|(_, frames)| frames)
                    .collect();
                found.extend(match got.is_empty() {
                    true => unheard(&instance, wanted, &published),
                    false => doubled(&instance, &names, &got, &published),
                });
            }
        }
    }
    found
}

/// A subscriber that got nothing of what was published for it, or asks for what is only nearly published.
fn unheard(
    instance: &str,
    wanted: &[Vec<u8>],
    published: &[(&str, Vec<&[u8]>)],
) -> Option<Symptom> {
    let fits = |frames: &Vec<&[u8]>| {
        let first = frames.first().copied().unwrap_or_default();
        wanted.iter().any(|wish| first.starts_with(wish))
    };
    let fitting: Vec<&str> =
        published.iter().filter(|(_, frames)| fits(frames)).map(|(whose, _)| *whose).collect();
    let nearly = || {
        let heads: BTreeSet<String> = published
            .iter()
            .filter_map(|(_, frames)| frames.first())
            .map(|first| head(first))
            .collect();
        wanted.iter().find_map(|wish| {
            let wish = String::from_utf8_lossy(wish).into_owned();
            let alike = heads.iter().find(|head| {
                head.to_lowercase().starts_with(&wish.trim().to_lowercase())
                    && !wish.trim().is_empty()
            });
            let guess = nearest(wish.trim(), heads.iter().map(String::as_str));
            let found = alike.cloned().or_else(|| guess.map(|guess| guess.first().to_owned()))?;
            Some((wish, found))
        })
    };
    let nearly = if fitting.is_empty() { Some(nearly()?) } else { None };
    let publisher = fitting.first().or(published.first().map(|(whose, _)| whose))?;
    Some(Symptom::Unheard {
        subscriber: instance.to_owned(),
        publisher: (*publisher).to_owned(),
        fitting: fitting.len() as u64,
        nearly,
    })
}

/// The first word of a message.
fn head(frame: &[u8]) -> String {
    let text = String::from_utf8_lossy(frame);
    text.split(' ').next().unwrap_or_default().chars().take(40).collect()
}

/// A subscriber that got a message more often than all who publish for it sent it.
fn doubled(
    instance: &str,
    publishers: &BTreeSet<&str>,
    got: &[Vec<&[u8]>],
    published: &[(&str, Vec<&[u8]>)],
) -> Option<Symptom> {
    let mut balance: BTreeMap<&Vec<&[u8]>, i64> = BTreeMap::new();
    got.iter().for_each(|frames| *balance.entry(frames).or_default() += 1);
    for (_, frames) in published {
        if let Some(more) = balance.get_mut(frames) {
            *more -= 1;
        }
    }
    let count: u64 = balance.values().filter_map(|more| u64::try_from(*more).ok()).sum();
    (count > TWICE).then(|| Symptom::Doubled {
        subscriber: instance.to_owned(),
        publishers: publishers.iter().map(|&name| name.to_owned()).collect(),
        count,
    })
}
