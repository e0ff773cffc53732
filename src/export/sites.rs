//! The places of a topology as an engine sees them: what they bind for others, whom they reach, what
//! they keep.
//!
//! Owns that and their names. Never knows an engine's format.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::project::{Engine, Project, STATE};
use crate::topology::{Attachment, FileSpec, LinkEnd, NodeSpec, PlaceSpec, Topology};
use crate::zeromq::{Endpoint, Transport};

/// What one place is to an engine; a file without places is one of them.
pub(super) struct Site<'t> {
    /// The place; none where the whole file runs there.
    pub(super) place: Option<&'t PlaceSpec>,
    /// Its name as engines take it: lower case, digits and dashes.
    pub(super) name: String,
    /// The names of its nodes.
    pub(super) nodes: Vec<&'t str>,
    /// What it binds for others, by port.
    pub(super) ports: BTreeMap<u16, Port>,
    /// The sites that it connects to, with their ports.
    pub(super) reaches: BTreeSet<(usize, u16)>,
    /// The ports of programs elsewhere that it connects to.
    pub(super) outside: BTreeSet<u16>,
    /// Whether it keeps files.
    pub(super) keeps: bool,
}

/// A port that a site binds.
#[derive(Default)]
pub(super) struct Port {
    /// The sites that connect to it.
    pub(super) from: BTreeSet<usize>,
    /// Whether programs elsewhere may.
    pub(super) is_open: bool,
}

impl Site<'_> {
    /// How often it runs.
    pub(super) fn copies(&self) -> u32 {
        self.place.map_or(1, PlaceSpec::copies)
    }

    /// Whether it is linked with another site.
    pub(super) fn meets(&self, own: usize, other: usize, sites: &[Self]) -> bool {
        let reaches = |from: &Self, to: usize| from.reaches.iter().any(|(site, _)| *site == to);
        reaches(self, other) || reaches(&sites[other], own)
    }

    /// Whether programs elsewhere take part.
    pub(super) fn goes_outside(&self) -> bool {
        !self.outside.is_empty() || self.ports.values().any(|port| port.is_open)
    }
}

/// Every site of a project, in the order of the file.
pub(super) fn sites(project: &Project) -> Vec<Site<'_>> {
    let topology = &project.topology;
    let places: Vec<Option<&PlaceSpec>> = match topology.places.as_slice() {
        [] => vec![None],
        places => places.iter().map(Some).collect(),
    };
    let mut taken = BTreeSet::new();
    let mut sites: Vec<Site<'_>> = places
        .into_iter()
        .map(|place| {
            let runs = |node: &&NodeSpec| {
                place.is_none() || node.place.as_deref() == place.map(|place| &*place.name)
            };
            let nodes: Vec<&NodeSpec> =
                topology.nodes.iter().map(AsRef::as_ref).filter(runs).collect();
            let written = place.map_or(&*topology.name, |place| &place.name);
            Site {
                place,
                name: free_label(written, &mut taken),
                nodes: nodes.iter().map(|node| &*node.name).collect(),
                ports: BTreeMap::new(),
                reaches: BTreeSet::new(),
                outside: BTreeSet::new(),
                keeps: nodes.iter().any(|node| kept(node).any(|path| path.starts_with(STATE))),
            }
        })
        .collect();
    add_links(topology, &mut sites);
    add_outside(topology, &mut sites);
    sites
}

/// Which site a node is of.
fn site_of(node: &NodeSpec, sites: &[Site<'_>]) -> Option<usize> {
    sites.iter().position(|site| match site.place {
        Some(place) => node.place.as_deref() == Some(&*place.name),
        None => true,
    })
}

fn add_links(topology: &Topology, sites: &mut [Site<'_>]) {
    for crossing in topology.crossings() {
        let of = |end: LinkEnd| site_of(&topology.nodes[end.node], sites);
        let (from, to) = (of(crossing.link.connecter), of(crossing.link.binder));
        let (Some(from), Some(to), Some(port)) = (from, to, crossing.link.endpoint.port()) else {
            continue;
        };
        sites[from].reaches.insert((to, port));
        sites[to].ports.entry(port).or_default().from.insert(from);
    }
}

/// What programs outside the file can have to do with: what is bound on more than loopback, and what is
/// connected to elsewhere.
fn add_outside(topology: &Topology, sites: &mut [Site<'_>]) {
    for (node, spec) in topology.nodes.iter().enumerate() {
        let Some(at) = site_of(spec, sites) else { continue };
        for (socket, spec) in spec.sockets.iter().enumerate() {
            let deployed = topology.deployed(LinkEnd { node, socket });
            for (written, deployed) in spec.attachments.iter().zip(deployed) {
                let network = |endpoint: &Endpoint| {
                    matches!(endpoint.transport(), Transport::Tcp | Transport::Ws)
                        && !endpoint.is_on_loopback()
                };
                match (written, deployed) {
                    (Attachment::Bind(written), _) if network(written) => {
                        if let Some(port) = written.port() {
                            sites[at].ports.entry(port).or_default().is_open = true;
                        }
                    }
                    (_, Attachment::Connect(endpoint)) if network(endpoint) => {
                        sites[at].outside.extend(endpoint.port());
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The files that a node writes.
fn kept(node: &NodeSpec) -> impl Iterator<Item = &Path> {
    let sink = node.write.as_ref().and_then(|write| match &write.file {
        FileSpec::Path(path) => Some(path.as_path()),
        FileSpec::Standard => None,
    });
    node.persist.as_deref().into_iter().chain(sink)
}

/// What cannot be as it is where it is exported to.
pub(super) fn warnings(project: &Project, engine: Engine) -> Vec<String> {
    let topology = &project.topology;
    let mut found = Vec::new();
    for node in &topology.nodes {
        let is_device = |path: &Path| path.starts_with("/dev") || path.starts_with("/proc");
        for path in kept(node).filter(|path| !path.starts_with(STATE) && !is_device(path)) {
            found.push(format!(
                "`{}` writes {}, and there only `${{STATE_DIRECTORY}}` can be written to: write \
                 `\"${{STATE_DIRECTORY:-.}}/{}\"`",
                node.name,
                path.display(),
                path.file_name().unwrap_or_default().to_string_lossy(),
            ));
        }
        if let Some(program) = &node.process {
            let place = match engine {
                Engine::Systemd => "on that machine",
                Engine::Compose | Engine::Kubernetes => "in the image",
            };
            let command = program.command.join(" ");
            found.push(format!("`{}` runs `{command}`, which has to be {place}", node.name));
        }
        if !topology.places.is_empty() && node.place.is_none() {
            found.push(format!("`{}` runs at no place, and so nowhere", node.name));
        }
    }
    let keeping = sites(project);
    for site in keeping.iter().filter(|site| site.keeps && site.copies() > 1) {
        if engine == Engine::Compose {
            found.push(format!(
                "the {} copies of `{}` keep their files in one volume",
                site.copies(),
                site.name
            ));
        }
    }
    found
}

/// A name as engines take it, that nothing else has.
fn free_label(name: &str, taken: &mut BTreeSet<String>) -> String {
    let label = label(name);
    let mut free = label.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{label}-{number}");
        number += 1;
    }
    free
}

/// Lower case, digits and dashes, a letter first, short enough for what is put before it.
pub(super) fn label(name: &str) -> String {
    let text: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .skip_while(|c| !c.is_ascii_alphabetic())
        .take(24)
        .collect();
    let text = text.trim_end_matches('-');
    if text.is_empty() { "zrig".to_owned() } else { text.to_owned() }
}
