//! One box for many nodes that are alike.
//!
//! Owns which classes become a box, what that is called and what it still says. Never decides who
//! is alike: `alike.rs` does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::alike::{LEAST, classes, stem};
use super::picture::{End, Group, Mark, NodeBox, Picture, Port, Terminal, Wire};
use crate::topology::LinkEnd;

/// Which groups are shown node by node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// All of them.
    pub all: bool,
    /// Those of these names, or with a node of that name.
    pub names: BTreeSet<String>,
}

impl Open {
    /// Every group.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, names: BTreeSet::new() }
    }

    /// The groups named here, where `all` names every one.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        Self { all: names.contains("all"), names }
    }

    fn holds(&self, group: &Group) -> bool {
        let is_named = |name: &String| self.names.contains(name);
        self.all || is_named(&group.name) || group.members.iter().any(is_named)
    }
}

impl Picture {
    /// The groups of nodes that are alike, in the order of their first nodes.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        self.grouped(&classes(self)).into_iter().map(|(group, _)| group).collect()
    }

    /// The same with one box for each group that is not open.
    #[must_use]
    pub fn folded(&self, open: &Open) -> Self {
        if open.all {
            return self.clone();
        }
        let classes = classes(self);
        let mut groups = self.grouped(&classes);
        groups.retain(|(group, _)| !open.holds(group));
        if groups.is_empty() {
            return self.clone();
        }
        let mut folded =
            Self { boxes: Vec::new(), terminals: Vec::new(), wires: Vec::new(), ..self.clone() };
        let mut group_of: HashMap<usize, usize> = HashMap::new();
        for (group, (_, members)) in groups.iter().enumerate() {
            group_of.extend(members.iter().map(|&member| (member, group)));
        }
        let mut place = vec![0; self.boxes.len()];
        let mut first: HashMap<usize, usize> = HashMap::new();
        for (at, node) in self.boxes.iter().enumerate() {
            let next = folded.boxes.len();
            let Some(&group) = group_of.get(&at) else {
                place[at] = next;
                folded.boxes.push(node.clone());
                continue;
            };
            place[at] = *first.entry(group).or_insert(next);
            if place[at] == next {
                let (group, members) = &groups[group];
                let members: Vec<&NodeBox> = members.iter().map(|&at| &self.boxes[at]).collect();
                folded.boxes.push(together(group, &members));
            }
        }
        let terminals = self.fold_terminals(&classes, &group_of, &mut folded);
        let end = |end: End| match end {
            End::Port(at) => End::Port(LinkEnd { node: place[at.node], ..at }),
            End::Terminal(at) => End::Terminal(terminals[at]),
        };
        fold_wires(&self.wires, &end, &mut folded.wires);
        folded
    }

    /// The classes that are large enough, with their members' places.
    fn grouped(&self, classes: &[usize]) -> Vec<(Group, Vec<usize>)> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, &class) in classes[..self.boxes.len()].iter().enumerate() {
            members.entry(class).or_default().push(at);
        }
        let mut large: Vec<Vec<usize>> =
            members.into_values().filter(|members| members.len() >= LEAST).collect();
        large.sort_unstable_by_key(|members| members[0]);
        let name = |at: usize| self.boxes[at].name.as_str();
        let stems: Vec<Option<String>> =
            large.iter().map(|members| stem(name(members[0]))).collect();
        let mut taken: HashMap<&str, usize> = HashMap::new();
        for name in
            stems.iter().flatten().map(String::as_str).chain((0..self.boxes.len()).map(name))
        {
            *taken.entry(name).or_default() += 1;
        }
        let named = large.iter().zip(&stems).map(|(members, stem)| {
            // A name that is another's would not say which is meant.
            let stem = stem.as_deref().filter(|stem| taken.get(stem) == Some(&1));
            Group {
                name: stem.unwrap_or_else(|| name(members[0])).to_owned(),
                members: members.iter().map(|&at| name(at).to_owned()).collect(),
            }
        });
        named.zip(large.clone()).collect()
    }

    /// Places outside that only a folded group is linked with become one; the new place of each.
    fn fold_terminals(
        &self,
        classes: &[usize],
        group_of: &HashMap<usize, usize>,
        folded: &mut Self,
    ) -> Vec<usize> {
        let mut is_folded = vec![true; self.terminals.len()];
        for wire in &self.wires {
            for (end, far) in [(wire.from, wire.to), (wire.to, wire.from)] {
                if let (End::Terminal(at), End::Port(far)) = (end, far) {
                    is_folded[at] &= group_of.contains_key(&far.node);
                }
            }
        }
        let mut first: HashMap<usize, usize> = HashMap::new();
        let place = |(at, terminal): (usize, &Terminal)| {
            let next = folded.terminals.len();
            let class = classes[self.boxes.len() + at];
            let place = if is_folded[at] { *first.entry(class).or_insert(next) } else { next };
            match folded.terminals.get_mut(place) {
                Some(first) => first.count += 1,
                None => folded.terminals.push(terminal.clone()),
            }
            place
        };
        self.terminals.iter().enumerate().map(place).collect()
    }
}

/// The box of a group.
fn together(group: &Group, members: &[&NodeBox]) -> NodeBox {
    let first = members[0];
    let is_common = |mark: &&Mark| members.iter().all(|node| node.marks.contains(mark));
    let mut description = match &group.members[..] {
        [one, .., last] if stem(one).is_some() => format!("{one} … {last}"),
        names if names.len() <= LEAST => names.join(", "),
        names => format!("{} …", names[..LEAST].join(", ")),
    };
    if let Some(copies) = first.copies {
        description.push_str(&format!(", {copies} copies each"));
    }
    let shared = first.description.as_ref();
    if let Some(shared) =
        shared.filter(|_| members.iter().all(|node| node.description == first.description))
    {
        description.push_str(": ");
        description.push_str(shared);
    }
    let ports = (0..first.ports.len()).map(|at| {
        let ports: Vec<&Port> = members.iter().map(|node| &node.ports[at]).collect();
        let all = |of: fn(&Port) -> &[String]| {
            let mut seen = BTreeSet::new();
            let texts = ports.iter().flat_map(|port| of(port));
            texts.filter(|text| seen.insert(*text)).cloned().collect()
        };
        Port {
            binds: all(|port| &port.binds),
            filters: all(|port| &port.filters),
            hwm: ports[0].hwm.clone().filter(|_| ports.iter().all(|port| port.hwm == ports[0].hwm)),
            ..ports[0].clone()
        }
    });
    NodeBox {
        name: group.name.clone(),
        description: Some(description),
        marks: first.marks.iter().filter(is_common).cloned().collect(),
        ports: ports.collect(),
        group: Some(group.clone()),
        ..first.clone()
    }
}

/// Wires between the same two ends become one.
fn fold_wires(wires: &[Wire], end: &dyn Fn(End) -> End, folded: &mut Vec<Wire>) {
    let mut places = HashMap::new();
    for wire in wires {
        let (from, to) = (end(wire.from), end(wire.to));
        let at = *places.entry((from, to, wire.both_ways)).or_insert(folded.len());
        match folded.get_mut(at) {
            Some(first) => {
                first.links += wire.links;
                for endpoint in &wire.endpoints {
                    if !first.endpoints.contains(endpoint) {
                        first.endpoints.push(endpoint.clone());
                    }
                }
            }
            None => folded.push(Wire { from, to, ..wire.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
