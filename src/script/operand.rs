//! What functions of handlers are given: the bytes of a blob or text, and a text.
//!
//! Owns the words for an argument of another kind. Never knows what a function does with it.

use std::rc::Rc;

use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Variant};

use super::encode::kind_of;
use super::guard::Guard;

/// What a function gives, or why it fails.
pub(super) type Answer<T> = Result<T, Box<EvalAltResult>>;

/// How many bytes are gone through in one piece. Groups of two, three, four and five fit into it.
pub(super) const PIECE: usize = 240_000;

/// Lends the bytes of a blob or a text.
pub(super) fn with_bytes<T>(
    function: &str,
    value: &Dynamic,
    work: impl FnOnce(&[u8]) -> Answer<T>,
) -> Answer<T> {
    if let Some(blob) = value.read_lock::<Blob>() {
        return work(&blob);
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return work(text.as_bytes());
    }
    Err(format!("{function} takes a blob or a text; this is {}", kind_of(value)).into())
}

/// Lends a text.
pub(super) fn with_text<T>(
    function: &str,
    value: &Dynamic,
    work: impl FnOnce(&ImmutableString) -> Answer<T>,
) -> Answer<T> {
    lend(function, "a text", value, work)
}

/// Lends an array.
pub(super) fn with_array<T>(
    function: &str,
    value: &Dynamic,
    work: impl FnOnce(&Array) -> Answer<T>,
) -> Answer<T> {
    lend(function, "an array", value, work)
}

fn lend<A: Variant + Clone, T>(
    function: &str,
    taken: &str,
    value: &Dynamic,
    work: impl FnOnce(&A) -> Answer<T>,
) -> Answer<T> {
    match value.read_lock::<A>() {
        Some(lent) => work(&lent),
        None => Err(format!("{function} takes {taken}; this is {}", kind_of(value)).into()),
    }
}

/// Goes through bytes in pieces; between two of them the call can be ended or interrupted.
pub(super) fn in_pieces(
    guard: &Guard,
    bytes: &[u8],
    mut work: impl FnMut(&[u8]) -> Answer<()>,
) -> Answer<()> {
    for (number, piece) in bytes.chunks(PIECE).enumerate() {
        if number > 0 {
            guard.breathe()?;
        }
        work(piece)?;
    }
    Ok(())
}

/// Bytes that grow as far as the call has memory for them.
pub(super) struct Growing {
    guard: Rc<Guard>,
    bytes: Vec<u8>,
}

impl Growing {
    pub(super) fn new(guard: &Rc<Guard>) -> Self {
        Self { guard: Rc::clone(guard), bytes: Vec::new() }
    }

    /// The guard of the call that they are made in.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for more, where the call has any.
    pub(super) fn reserve(&mut self, more: usize) -> Answer<()> {
        let wanted = self.bytes.len().saturating_add(more);
        if wanted <= self.bytes.capacity() {
            return Ok(());
        }
        // A step that is half as large as what is there keeps the copying short.
        let capacity = wanted.max(self.bytes.len() + self.bytes.len() / 2).max(64);
        self.guard.ask(capacity, 1)?;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }

    /// Adds bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> Answer<()> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn push(&mut self, byte: u8) -> Answer<()> {
        self.extend(&[byte])
    }

    /// What has grown, as a blob.
    pub(super) fn into_blob(self) -> Blob {
        self.bytes
    }

    /// What has grown, as a text; only texts were added.
    pub(super) fn into_text(self) -> ImmutableString {
        String::from_utf8(self.bytes).unwrap_or_default().into()
    }
}
