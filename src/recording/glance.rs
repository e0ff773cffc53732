//! Whether a file is a recording, and how much there is to read of it before anything is known.
//!
//! Owns what is said by its first and its last bytes alone, however large it is. What is in it is `reader`'s.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use mcap::MAGIC;
use mcap::records::op;

use super::names::PROFILE;

/// Bytes at the end of a whole file: a record of 20 bytes with its head, and the magic ones.
const END: u64 = 9 + 20 + MAGIC.len() as u64;

/// What the ends of a recording say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Glance {
    /// How many bytes it has.
    pub length: u64,
    /// How many of them are its index; none of one that has no end.
    pub index: Option<u64>,
}

/// Looks at the ends of a file; none where it is no recording of zrig.
///
/// # Errors
///
/// When the system does not give it.
pub fn glance(path: &Path) -> io::Result<Option<Glance>> {
    // A pipe, which may never be written, is not opened.
    if !path.symlink_metadata()?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if !is_ours(&mut file)? {
        return Ok(None);
    }
    let index = summary_start(&mut file, length)?.map(|start| length.saturating_sub(start));
    Ok(Some(Glance { length, index }))
}

/// Whether a file begins as a recording does: with a header that bears the profile.
fn is_ours(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.take(64).read_to_end(&mut begin)?;
    let profile = u32::try_from(PROFILE.len()).unwrap_or(u32::MAX).to_le_bytes();
    let rest = begin.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(&[op::HEADER]));
    let rest = rest.and_then(|rest| rest.get(8..)).and_then(|rest| rest.strip_prefix(&profile));
    Ok(rest.is_some_and(|rest| rest.starts_with(PROFILE.as_bytes())))
}

/// Where the index of a whole file begins.
fn summary_start(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let Some(begin) = length.checked_sub(END) else { return Ok(None) };
    file.seek(SeekFrom::Start(begin))?;
    let mut end = [0; END as usize];
    match file.read_exact(&mut end) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut start = [0; 8];
    start.copy_from_slice(&end[9..17]);
    let is_end = end[0] == op::FOOTER && end.ends_with(MAGIC);
    Ok(Some(u64::from_le_bytes(start)).filter(|start| is_end && *start > 0))
}
