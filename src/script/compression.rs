//! Compressing and decompressing blobs.
//!
//! Owns which ways there are, and that what grows is bounded by the memory of a call. Never keeps a
//! stream from one call to the next.

use std::io::{self, BufRead, Read, Write};
use std::rc::Rc;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use rhai::{Blob, Dynamic, Engine, EvalAltResult};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use ruzstd::encoding::CompressionLevel;

use super::guard::Guard;
use super::operand::{Answer, Growing, in_pieces, with_bytes};
use crate::listing::some_of;

/// How much is decompressed in one piece.
const PIECE: usize = 64 << 10;
/// The largest window of a zstd frame that is taken, as RFC 8878 recommends to every decoder.
const ZSTD_WINDOW: u64 = 8 << 20;
/// The bytes that a zstd frame has at least: magic number, header and a block's header.
const ZSTD_LEAST: usize = 9;
/// What an LZ4 frame begins with.
const LZ4_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// A way to compress.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compression {
    Zlib,
    Gzip,
    Deflate,
    Zstd,
    Lz4,
}

impl Compression {
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("zlib", Self::Zlib),
        ("gzip", Self::Gzip),
        ("deflate", Self::Deflate),
        ("zstd", Self::Zstd),
        ("lz4", Self::Lz4),
    ];

    /// The way of that name, or what is said of another one.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(word, _)| *word == name);
        found.map(|(_, compression)| *compression).ok_or_else(|| {
            let words = Self::ALL.map(|(word, _)| word);
            format!("unknown compression {name:?}; there are {}", some_of(&words))
        })
    }

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }
}

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    engine.register_fn("compress", move |value: Dynamic, name: &str| -> Answer<Blob> {
        let compression = Compression::parse(name)?;
        with_bytes("compress", &value, |bytes| compress(&here, bytes, compression))
    });
    let here = Rc::clone(guard);
    engine.register_fn("decompress", move |value: Dynamic, name: &str| -> Answer<Blob> {
        let compression = Compression::parse(name)?;
        with_bytes("decompress", &value, |bytes| decompress(&here, bytes, compression))
    });
}

fn compress(guard: &Rc<Guard>, bytes: &[u8], compression: Compression) -> Answer<Blob> {
    // What does not shrink grows by little more than a hundredth.
    guard.ask(bytes.len() + bytes.len() / 64, 1)?;
    let level = flate2::Compression::default();
    match compression {
        Compression::Zlib => {
            fed(guard, ZlibEncoder::new(Vec::new(), level), bytes, ZlibEncoder::finish)
        }
        Compression::Gzip => {
            fed(guard, GzEncoder::new(Vec::new(), level), bytes, GzEncoder::finish)
        }
        Compression::Deflate => {
            fed(guard, DeflateEncoder::new(Vec::new(), level), bytes, DeflateEncoder::finish)
        }
        Compression::Lz4 => {
            let encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            fed(guard, encoder, bytes, |encoder| encoder.finish().map_err(io::Error::other))
        }
        Compression::Zstd => compress_zstd(guard, bytes),
    }
}

/// Feeds an encoder in pieces.
fn fed<W: Write>(
    guard: &Guard,
    mut encoder: W,
    bytes: &[u8],
    finish: impl FnOnce(W) -> io::Result<Vec<u8>>,
) -> Answer<Blob> {
    // Writing to memory does not fail.
    in_pieces(guard, bytes, |piece| {
        encoder.write_all(piece).map_err(|error| error.to_string().into())
    })?;
    Ok(finish(encoder).map_err(|error| error.to_string())?)
}

fn compress_zstd(guard: &Guard, bytes: &[u8]) -> Answer<Blob> {
    let mut source = Paced { guard, bytes, ended: None };
    let mut frame = Vec::new();
    ruzstd::encoding::compress(&mut source, &mut frame, CompressionLevel::Fastest);
    match source.ended {
        Some(error) => Err(error),
        None => Ok(with_content_size(frame, bytes.len())),
    }
}

/// Says in a frame's header how long its content is, which is optional, and which the one-call
/// functions of other libraries ask for.
fn with_content_size(frame: Vec<u8>, length: usize) -> Vec<u8> {
    const MAGIC: usize = 4;
    const EIGHT_BYTES: u8 = 0b1100_0000;
    // A descriptor without that size, without a dictionary, and with a window behind it.
    let is_expected = frame.get(MAGIC).is_some_and(|descriptor| descriptor & 0b1110_0011 == 0);
    if !is_expected {
        return frame;
    }
    let mut said = Vec::with_capacity(frame.len() + 8);
    said.extend_from_slice(&frame[..MAGIC]);
    said.push(frame[MAGIC] | EIGHT_BYTES);
    said.push(frame[MAGIC + 1]);
    said.extend_from_slice(&(length as u64).to_le_bytes());
    said.extend_from_slice(&frame[MAGIC + 2..]);
    said
}

/// A source that ends when the call is to end: the compressor takes no error.
struct Paced<'a> {
    guard: &'a Guard,
    bytes: &'a [u8],
    ended: Option<Box<EvalAltResult>>,
}

impl Read for Paced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended.is_none() {
            self.ended = self.guard.breathe().err();
        }
        if self.ended.is_some() {
            return Ok(0);
        }
        self.bytes.read(buffer)
    }
}

fn decompress(guard: &Rc<Guard>, bytes: &[u8], compression: Compression) -> Answer<Blob> {
    let word = compression.word();
    let mut rest = bytes;
    let mut blob = Growing::new(guard);
    match compression {
        Compression::Zlib => drain(word, ZlibDecoder::new(&mut rest), &mut blob)?,
        Compression::Gzip => drain(word, MultiGzDecoder::new(&mut rest), &mut blob)?,
        Compression::Deflate => drain(word, DeflateDecoder::new(&mut rest), &mut blob)?,
        Compression::Zstd => decompress_zstd(&mut rest, &mut blob)?,
        Compression::Lz4 => {
            if is_lz4_cut_off(bytes) {
                return Err(cut_off(word).into());
            }
            drain(word, lz4_flex::frame::FrameDecoder::new(&mut rest), &mut blob)?;
        }
    }
    if rest.is_empty() {
        return Ok(blob.into_blob());
    }
    Err(format!("{} bytes are left behind the end of the {word} data", rest.len()).into())
}

/// Takes everything out of a decoder, as far as there is memory.
fn drain(word: &str, mut decoder: impl Read, blob: &mut Growing) -> Answer<()> {
    let mut piece = vec![0; PIECE];
    let mut unpaced = 0;
    loop {
        let length = decoder.read(&mut piece).map_err(|error| fault(word, &error))?;
        if length == 0 {
            return Ok(());
        }
        blob.extend(&piece[..length])?;
        unpaced += length;
        if unpaced >= PIECE {
            unpaced = 0;
            blob.guard().breathe()?;
        }
    }
}

fn fault(word: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return cut_off(word);
    }
    format!("the blob is no {word} data: {error}")
}

fn cut_off(word: &str) -> String {
    format!("the {word} data is cut off")
}

/// Whether frames of LZ4 end before their end mark, which the decoder does not ask for.
fn is_lz4_cut_off(mut rest: &[u8]) -> bool {
    let is_empty = rest.is_empty();
    while !rest.is_empty() {
        match rest.strip_prefix(&LZ4_MAGIC) {
            Some(frame) => match behind_lz4_frame(frame) {
                Some(behind) => rest = behind,
                None => return true,
            },
            // What is none is the decoder's to say.
            None => return rest.len() < LZ4_MAGIC.len() && LZ4_MAGIC.starts_with(rest),
        }
    }
    is_empty
}

/// What stands behind a frame whose magic number was taken; nothing where it is cut off.
fn behind_lz4_frame(frame: &[u8]) -> Option<&[u8]> {
    const BLOCK_SUMS: u8 = 1 << 4;
    const CONTENT_SIZE: u8 = 1 << 3;
    const CONTENT_SUM: u8 = 1 << 2;
    const DICTIONARY: u8 = 1;
    let flags = *frame.first()?;
    let has = |flag: u8, bytes: usize| if flags & flag == 0 { 0 } else { bytes };
    let mut rest = frame.get(3 + has(CONTENT_SIZE, 8) + has(DICTIONARY, 4)..)?;
    loop {
        let (head, behind) = rest.split_first_chunk::<4>()?;
        // The highest bit says that the block is not compressed.
        let length = (u32::from_le_bytes(*head) & 0x7fff_ffff) as usize;
        if length == 0 {
            return behind.get(has(CONTENT_SUM, 4)..);
        }
        rest = behind.get(length + has(BLOCK_SUMS, 4)..)?;
    }
}

/// Frame after frame; what is between them to be skipped is skipped.
fn decompress_zstd(rest: &mut &[u8], blob: &mut Growing) -> Answer<()> {
    const WORD: &str = "zstd";
    loop {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(ZSTD_WINDOW);
        let is_short = rest.len() < ZSTD_LEAST;
        match StreamingDecoder::new_with_decoder(&mut *rest, decoder) {
            Ok(mut stream) => {
                drain(WORD, &mut stream, blob)?;
                let decoder = stream.into_frame_decoder();
                let sums = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
                if let (Some(said), Some(found)) = sums
                    && said != found
                {
                    return Err("the checksum of the zstd data is wrong".into());
                }
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => rest.consume((length as usize).min(rest.len())),
            Err(_) if is_short => return Err(cut_off(WORD).into()),
            Err(error) => return Err(format!("the blob is no zstd data: {error}").into()),
        }
        if rest.is_empty() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
