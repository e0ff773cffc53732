//! Files and places as the protocol has them.
//!
//! Owns the way between paths and URIs, bytes and positions. Never reads a file.

use std::fmt::Write;
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::{Position, Uri};

use crate::language::{Encoding, Lines};

/// The path that a URI names. One that is no file's has its text for a path, where nothing lies.
pub(super) fn path_of(uri: &Uri) -> PathBuf {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else { return PathBuf::from(text) };
    // Behind the host, which is this machine's.
    let path = rest.find('/').map_or(rest, |at| &rest[at..]);
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let Some((&byte, behind)) = left.split_first() {
        let hex = behind.get(..2).filter(|_| byte == b'%');
        let read = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(read.unwrap_or(byte));
        left = if read.is_some() { &behind[2..] } else { behind };
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

/// The URI of a path.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = String::from(if path.is_absolute() { "file://" } else { "" });
    for &byte in path.as_os_str().as_bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
        if is_plain || !path.is_absolute() {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Uri::from_str(&text).ok()
}

/// A text that positions are in.
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) lines: &'t Lines,
    pub(super) encoding: Encoding,
}

impl Text<'_> {
    pub(super) fn byte(&self, position: Position) -> usize {
        self.lines.byte(self.text, position.line, position.character, self.encoding)
    }

    pub(super) fn bytes(&self, range: lsp_types::Range) -> Range<usize> {
        let start = self.byte(range.start);
        start..self.byte(range.end).max(start)
    }

    pub(super) fn range(&self, bytes: Range<usize>) -> lsp_types::Range {
        let position = |byte| {
            let (line, character) = self.lines.position(self.text, byte, self.encoding);
            Position { line, character }
        };
        lsp_types::Range { start: position(bytes.start), end: position(bytes.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_its_uri_are_inverse() {
        for path in ["/a/b.yaml", "/a b/ä%20.yaml", "/a?b#c", "untitled:Untitled-1"] {
            let uri = uri_of(Path::new(path)).unwrap();
            assert_eq!(path_of(&uri), Path::new(path), "{}", uri.as_str());
        }
        let uri = Uri::from_str("file://localhost/a%2").ok();
        assert!(uri.is_none_or(|uri| path_of(&uri) == Path::new("/a%2")));
    }
}
