//! How much a document may hold.
//!
//! Owns the limits, so that no file makes reading it slow or large: neither by its length, nor
//! by depth, nor by aliases of aliases. Never counts itself: the builder does.

use std::ops::{AddAssign, Sub};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The largest text that is read.
pub const MAX_BYTES: usize = 10 << 20;
/// So many faults are kept; nobody reads more, and a large file could have millions.
pub(super) const MAX_FAULTS: usize = 1000;
/// How deep lists and maps may lie in one another.
const MAX_DEPTH: usize = 64;
/// How many values there may be once every alias is expanded.
const MAX_NODES: usize = 200_000;
/// How many bytes of text there may be once every alias is expanded.
const MAX_EXPANDED_BYTES: usize = 2 * MAX_BYTES;
/// How many characters may open or part lists and maps in brackets: the parser holds what
/// stands between the outermost brackets in memory, some hundred bytes for each.
const MAX_FLOW_MARKS: usize = 250_000;

/// Why there is no tree at all.
pub(super) type Refused = Box<Diagnostic>;

/// How much has been built.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
}

impl AddAssign for Size {
    fn add_assign(&mut self, by: Self) {
        self.nodes += by.nodes;
        self.bytes += by.bytes;
    }
}

impl Sub for Size {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { nodes: self.nodes - before.nodes, bytes: self.bytes - before.bytes }
    }
}

impl Size {
    /// Which bound is passed, if one is.
    pub(super) fn excess(self) -> Option<String> {
        if self.nodes > MAX_NODES {
            return Some(format!("there are more than {MAX_NODES} values, aliases expanded"));
        }
        let mebibytes = MAX_EXPANDED_BYTES >> 20;
        (self.bytes > MAX_EXPANDED_BYTES)
            .then(|| format!("there are more than {mebibytes} MiB of text, aliases expanded"))
    }
}

/// Which bound a text passes before it is parsed, if it passes one.
pub(super) fn excess(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return Some(format!("the text is longer than {} MiB", MAX_BYTES >> 20));
    }
    let is_mark = |byte: &u8| matches!(byte, b'[' | b'{' | b',' | b'?');
    let marks = text.bytes().filter(|byte| is_mark(byte)).count();
    (marks > MAX_FLOW_MARKS)
        .then(|| format!("there are more than {MAX_FLOW_MARKS} brackets and commas"))
}

/// Whether one more list or map would lie too deep.
pub(super) fn excess_depth(depth: usize) -> Option<String> {
    (depth >= MAX_DEPTH)
        .then(|| format!("lists and maps lie in one another more than {MAX_DEPTH} deep"))
}

/// Says that a bound is passed.
pub(super) fn too_large(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, "the topology is too large to read")
        .at(span, "the bound is passed here")
        .because(why)
        .help("split it into several topologies, or use `replicas` for copies of a node")
}
