//! From the pairs of a mapping as written to its entries: keys given twice, `<<` merge keys.
//!
//! Owns which of several values of a key counts. Never parses.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};

use super::node::{Entry, Key, Kind, Mapping, Node};

/// So many keys are compared with each other sooner than put into a table.
const FEW: usize = 16;

/// What a mapping says before its merge keys are applied.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) entries: Vec<Entry>,
    /// Values of `<<`.
    pub(super) merges: Vec<Node>,
}

impl Pairs {
    /// The mapping: of a key given twice the first counts; explicit keys win over merged ones,
    /// and of merged mappings the earlier one.
    pub(super) fn into_mapping(self, faults: &mut Vec<Diagnostic>) -> Mapping {
        if self.are_plain() {
            return Mapping { entries: self.entries };
        }
        let mut seen: HashMap<Arc<str>, usize> = HashMap::with_capacity(self.entries.len());
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            if let Some(&first) = seen.get(&entry.key.text) {
                faults.push(given_twice(&entries[first].key, &entry.key));
            } else {
                seen.insert(Arc::clone(&entry.key.text), entries.len());
                entries.push(entry);
            }
        }
        for merged in self.merges.iter().flat_map(|value| merged_mappings(value, faults)) {
            for entry in &merged.entries {
                if !seen.contains_key(&entry.key.text) {
                    seen.insert(Arc::clone(&entry.key.text), entries.len());
                    entries.push(entry.clone());
                }
            }
        }
        Mapping { entries }
    }

    /// Whether there are few, no key twice and nothing merged, as nearly always.
    fn are_plain(&self) -> bool {
        let is_new = |(at, entry): (usize, &Entry)| {
            self.entries[..at].iter().all(|before| before.key.text != entry.key.text)
        };
        self.merges.is_empty()
            && self.entries.len() <= FEW
            && self.entries.iter().enumerate().all(is_new)
    }
}

fn given_twice(first: &Key, second: &Key) -> Diagnostic {
    Diagnostic::new(Code::DuplicateKey, format!("the key `{}` is given twice", second.text))
        .at(second.span, "given again here")
        .at(first.span, "first given here")
        .because("of two values of one key only one could count")
        .help("remove one of them, or give them different names")
}

/// The mappings that a value of `<<` names: one, or a list of them.
fn merged_mappings<'n>(value: &'n Node, faults: &mut Vec<Diagnostic>) -> Vec<&'n Mapping> {
    let items = match &value.kind {
        Kind::Sequence(items) => items.as_slice(),
        Kind::Scalar(_) | Kind::Mapping(_) | Kind::Faulty => std::slice::from_ref(value),
    };
    let mut mappings = Vec::with_capacity(items.len());
    for item in items {
        match &item.kind {
            Kind::Mapping(mapping) => mappings.push(mapping),
            Kind::Scalar(_) | Kind::Sequence(_) => faults.push(
                Diagnostic::new(Code::WrongType, "`<<` merges maps only")
                    .at(item.span, format!("this is {}", item.describe()))
                    .because("a merge key takes over the keys of another map")
                    .help("name an anchor of a map, such as `<<: *defaults`"),
            ),
            Kind::Faulty => {}
        }
    }
    mappings
}
