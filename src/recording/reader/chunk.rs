//! One chunk of a recording, unpacked.
//!
//! Owns how far its bytes are believed: what they say of themselves, and a checksum. The library's own
//! reader of chunks panics where a damaged one names a length that there is not, and compares no checksum
//! where it reads by the index.

use std::io::Read;

use mcap::records::{ChunkHeader, Record, op};

use super::RECORD_MOST;
use super::scan::HEAD;

/// What is in a chunk: its records, as they stand there.
pub(super) fn unpacked(header: &ChunkHeader, data: &[u8]) -> Result<Vec<u8>, String> {
    if header.uncompressed_size > RECORD_MOST as u64 {
        return Err(format!("a chunk of {} bytes is not believed", header.uncompressed_size));
    }
    let mut records = Vec::new();
    match header.compression.as_str() {
        "" => records.extend_from_slice(data),
        "lz4" => {
            // One byte more than there is to be, to notice that there is more.
            let most = header.uncompressed_size + 1;
            lz4_flex::frame::FrameDecoder::new(data)
                .take(most)
                .read_to_end(&mut records)
                .map_err(|error| format!("a chunk cannot be unpacked: {error}"))?;
        }
        other => {
            return Err(format!(
                "its chunks are packed by {other:?}; zrig reads lz4 and unpacked ones"
            ));
        }
    }
    let checksum = header.uncompressed_crc;
    if records.len() as u64 != header.uncompressed_size
        || (checksum != 0 && crc32fast::hash(&records) != checksum)
    {
        return Err("a chunk is not as it was written".to_owned());
    }
    Ok(records)
}

/// The chunk that a record of the file is.
pub(super) fn of_record(record: &[u8]) -> Result<(ChunkHeader, &[u8]), String> {
    let (head, body) = record.split_at_checked(HEAD).ok_or("a chunk is cut short")?;
    if head[0] != op::CHUNK {
        return Err("the index names a chunk where there is none".to_owned());
    }
    match mcap::parse_record(op::CHUNK, body) {
        Ok(Record::Chunk { header, data: std::borrow::Cow::Borrowed(data) }) => Ok((header, data)),
        Ok(_) => Err("a chunk is none".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The records that stand in a row, each with its kind; what is no record ends them.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), String>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = next(rest);
        rest = next.as_ref().map_or(&[], |(_, _, rest)| rest);
        Some(next.map(|(kind, body, _)| (kind, body)).ok_or("a record is cut short".to_owned()))
    })
}

fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let length = u64::from_le_bytes(head[1..].try_into().ok()?);
    let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((head[0], body, rest))
}
