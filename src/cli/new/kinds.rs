//! What `zrig new` has to begin with: topologies that ship, with their tests.
//!
//! Owns which, and what of their texts is changed on the way: where their files are. Writes nothing.

use std::path::Path;

/// Something to begin with.
pub(super) struct Kind {
    /// Its word.
    pub(super) word: &'static str,
    topology: &'static str,
    tests: &'static str,
    /// What it needs besides.
    pub(super) files: &'static [Beside],
}

/// A file that a topology names.
pub(super) struct Beside {
    /// As the topology that ships names it.
    path: &'static str,
    /// What is in it.
    pub(super) text: &'static str,
}

/// A kind whose topology is called as its word, or as another one.
macro_rules! kind {
    ($word:literal $(, $path:literal)*) => { kind!($word = $word $(, $path)*) };
    ($word:literal = $file:literal $(, $path:literal)*) => {
        Kind {
            word: $word,
            topology: include_str!(concat!("../../../topologies/", $file, ".yaml")),
            tests: include_str!(concat!("../../../topologies/tests/", $file, ".test.yaml")),
            files: &[$(Beside {
                path: $path,
                text: include_str!(concat!("../../../topologies/", $path)),
            }),*],
        }
    };
}

/// Every kind, the simplest first.
pub(super) const KINDS: &[Kind] = &[
    kind!("first", "../scripts/first.rhai"),
    kind!("hello"),
    kind!("weather", "../scripts/station.rhai"),
    kind!("pipeline", "../scripts/factors.rhai", "../scripts/sink.rhai", "data/numbers.txt"),
    kind!("pair"),
    kind!("envelope"),
    kind!("broker"),
    kind!("load-balancing", "../scripts/balancer.rhai"),
    kind!("bus", "../scripts/visitor.rhai"),
    kind!("kill-signal", "../scripts/worker.rhai"),
    kind!("stream", "../scripts/web.rhai"),
    kind!("program" = "words", "../scripts/words.py", "data/words.txt"),
];

/// The kind of that word.
pub(super) fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.word == word)
}

impl Kind {
    /// What it is, in a line: its first comment's first sentence, or its description.
    pub(super) fn line(&self) -> String {
        let first = self.topology.lines().next().unwrap_or_default();
        let said = match first.strip_prefix("# ") {
            Some(comment) => match comment.split_once(": ") {
                Some((name, behind)) if name.to_lowercase().replace(' ', "-") == self.word => {
                    behind
                }
                _ => comment,
            },
            None => first.trim_start_matches("description: "),
        };
        let mut letters = said.trim_end_matches('.').chars();
        let capital = letters.next().map(char::to_uppercase).into_iter().flatten();
        capital.chain(letters).collect()
    }

    /// The topology's text, in a file of this name with tests in one of that: what it needs is beside it.
    pub(super) fn topology(&self, file: &str, tests: &str) -> String {
        let mut text = self.topology.to_owned();
        for beside in self.files {
            text = text.replace(beside.path, beside.name());
        }
        let run = format!("`zrig run {file}`, and `zrig test {tests}` tests it.");
        // Behind the first comment, if it has one.
        let head = text.lines().take_while(|line| line.starts_with('#')).count();
        match head {
            0 => format!("# Made by `zrig new {}`; run it by {run}\n{text}", self.word),
            head => {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.insert(
                    head,
                    format!("#\n# Made by `zrig new {}`; run it by {run}", self.word),
                );
                lines.join("\n") + "\n"
            }
        }
    }

    /// The text of its tests, of the topology in a file of this name beside them.
    pub(super) fn tests(&self, file: &str) -> String {
        let named = self.tests.lines().map(|line| match line.strip_prefix("topology: ") {
            Some(_) => format!("topology: {}\n", quoted(file)),
            None => format!("{line}\n"),
        });
        named.collect()
    }
}

/// A file's name as a value: in quotes where YAML could take it for something else.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "''"))
}

impl Beside {
    /// Its name in the folder of the topology.
    pub(super) fn name(&self) -> &'static str {
        Path::new(self.path).file_name().and_then(|name| name.to_str()).unwrap_or(self.path)
    }
}
