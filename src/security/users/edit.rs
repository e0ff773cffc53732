//! Changing one user in the text of a file.
//!
//! Owns that all other lines stay as they are. Never writes a file.

use super::Entry;

/// The text with a user's line, replaced or added at the end.
#[must_use]
pub fn with_user(text: &str, name: &str, hash: &str) -> String {
    let line = format!("{name}:{hash}\n");
    let mut written = false;
    let mut changed = String::with_capacity(text.len() + line.len() + 1);
    for old in text.split_inclusive('\n') {
        if !is_of(old, name) {
            changed.push_str(old);
        } else if !std::mem::replace(&mut written, true) {
            changed.push_str(&line);
        }
    }
    if !written {
        if !changed.is_empty() && !changed.ends_with('\n') {
            changed.push('\n');
        }
        changed.push_str(&line);
    }
    changed
}

/// The text without a user's lines; `None` if there are none.
#[must_use]
pub fn without_user(text: &str, name: &str) -> Option<String> {
    let lines = text.split_inclusive('\n');
    let kept: String = lines.filter(|line| !is_of(line, name)).collect();
    (kept.len() < text.len()).then_some(kept)
}

fn is_of(line: &str, name: &str) -> bool {
    matches!(Entry::read(line), Some(Ok(entry)) if entry.name == name)
}
