//! Which functions a script may call by name, and with how many arguments.
//!
//! Owns what the engine itself knows. Never knows what a script defines: its survey does.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;

/// Functions that the engine handles without registering them.
const BUILT_IN: &[(&str, &[usize])] = &[
    ("print", &[0, 1]),
    ("debug", &[0, 1]),
    ("type_of", &[1]),
    ("Fn", &[1]),
    ("is_shared", &[1]),
    ("is_def_var", &[1]),
    ("is_def_fn", &[2]),
];
/// Those that take any number of arguments.
const VARIADIC: &[&str] = &["call", "curry"];

/// The functions that the engine knows, with the numbers of arguments each takes.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    functions: BTreeMap<String, BTreeSet<usize>>,
}

impl Engine {
    /// The functions that every script may call.
    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        let known = self.rhai.collect_fn_metadata(
            None,
            |function| Some((function.metadata.name.to_string(), function.metadata.num_params)),
            true,
        );
        let built_in = BUILT_IN
            .iter()
            .flat_map(|(name, counts)| counts.iter().map(|count| ((*name).to_owned(), *count)));
        let mut functions: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (name, arguments) in known.into_iter().chain(built_in) {
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('$') {
                functions.entry(name).or_default().insert(arguments);
            }
        }
        Vocabulary { functions }
    }
}

impl Vocabulary {
    /// The numbers of arguments that a function takes; nothing where there is none of that name
    /// or any number will do.
    pub fn arguments_of(&self, name: &str) -> impl Iterator<Item = usize> {
        self.functions.get(name).into_iter().flatten().copied()
    }

    /// Whether a function takes what it is given, whatever that is.
    #[must_use]
    pub fn takes_any(&self, name: &str) -> bool {
        VARIADIC.contains(&name)
    }

    /// The names of all functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_of_the_contract_are_known_with_their_arguments() {
        let vocabulary = Engine::new().vocabulary();
        for (name, want) in [
            ("send", &[1][..]),
            ("publish", &[2, 3]),
            ("param", &[1, 2]),
            ("stop", &[0, 1]),
            ("after", &[2]),
            ("print", &[0, 1]),
        ] {
            assert_eq!(vocabulary.arguments_of(name).collect::<Vec<_>>(), want, "{name}");
        }
        assert!(vocabulary.names().any(|name| name == "parse_int"));
        assert_eq!(vocabulary.arguments_of("pubish").count(), 0);
    }
}
