//! `--log LEVEL[,NODE=LEVEL,…]`: how much the log tells, and of which nodes more or less.
//!
//! Owns the words of the option. Never writes a line.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::script::Level;

/// How much the log tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogFilter {
    /// `None` is off.
    all: Option<Level>,
    nodes: BTreeMap<String, Option<Level>>,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { all: Some(Level::Info), nodes: BTreeMap::new() }
    }
}

impl LogFilter {
    /// Whether a line of an instance is told; the run as a whole has an empty name.
    #[must_use]
    pub fn admits(&self, level: Level, instance: &str) -> bool {
        let of_node = || self.nodes.get(instance.rsplit_once('.')?.0);
        let most = self.nodes.get(instance).or_else(of_node).unwrap_or(&self.all);
        most.is_some_and(|most| level <= most)
    }

    /// The nodes and instances that it names.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut filter = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                None => filter.all = parse_level(part)?,
                Some((node, level)) => {
                    filter.nodes.insert(node.trim().to_owned(), parse_level(level.trim())?);
                }
            }
        }
        Ok(filter)
    }
}

fn parse_level(word: &str) -> Result<Option<Level>, String> {
    if word == "off" {
        return Ok(None);
    }
    let known = Level::ALL.into_iter().find(|level| level.word() == word);
    known.map(Some).ok_or_else(|| {
        format!("{word:?} is no level; the levels are off, error, warn, info, debug and trace")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_may_have_a_level_of_its_own() {
        let filter: LogFilter = "warn, a=trace,b.2=off".parse().unwrap();
        for (level, node, told) in [
            (Level::Warn, "", true),
            (Level::Info, "", false),
            (Level::Info, "c", false),
            (Level::Trace, "a", true),
            (Level::Trace, "a.7", true),
            (Level::Error, "b.1", true),
            (Level::Error, "b.2", false),
        ] {
            assert_eq!(filter.admits(level, node), told, "{level:?} {node}");
        }
        assert_eq!(filter.nodes().collect::<Vec<_>>(), ["a", "b.2"]);
        assert!("".parse::<LogFilter>().unwrap().admits(Level::Info, "x"));
        for wrong in ["loud", "a=loud", "INFO", "a="] {
            assert!(wrong.parse::<LogFilter>().unwrap_err().contains("off, error"), "{wrong}");
        }
    }
}
