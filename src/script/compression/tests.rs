use proptest::prelude::*;

use super::*;
use crate::memory;
use crate::script::trial::{said, said_of, table};

const WORDS: [&str; 5] = ["zlib", "gzip", "deflate", "zstd", "lz4"];

#[test]
fn what_was_compressed_comes_back_and_is_shorter() {
    for word in WORDS {
        let body = format!(
            "let b = blob(1000000, 7) + msg.bytes; let c = compress(b, \"{word}\"); \
             `${{decompress(c, \"{word}\") == b}} ${{c.len() < 20000}}`"
        );
        assert_eq!(said_of(&body, b"the end"), "true true", "{word}");
        let body = format!("decompress(compress(\"\", \"{word}\"), \"{word}\").len().to_string()");
        assert_eq!(said(&body), "0", "{word}");
    }
}

#[test]
fn every_cut_and_every_tail_is_said() {
    for word in WORDS {
        let body = format!(
            "let c = compress(\"some text, some text, some text, and that is all\", \"{word}\"); \
             let wrong = []; \
             for n in 0..c.len() {{ \
               let cut = c.extract(0, n); \
               try {{ decompress(cut, \"{word}\"); wrong.push(n); }} \
               catch (e) {{ if !e.contains(\"{word}\") {{ wrong.push(e); }} }} \
             }} \
             c.push(0); c.push(1); \
             try {{ decompress(c, \"{word}\"); wrong.push(\"tail\"); }} catch (e) {{ }} \
             `${{wrong}}`"
        );
        assert_eq!(said(&body), "[]", "{word}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    table(&[
        (
            r#"compress("a", "zip")"#,
            "failed: unknown compression \"zip\"; there are zlib, gzip, deflate, zstd, lz4",
        ),
        (
            r#"decompress("a", "")"#,
            "failed: unknown compression \"\"; there are zlib, gzip, deflate, zstd, lz4",
        ),
        (r#"compress(1, "zlib")"#, "failed: compress takes a blob or a text; this is a number"),
        (r#"decompress("", "zstd")"#, "failed: the zstd data is cut off"),
        (r#"decompress("", "lz4")"#, "failed: the lz4 data is cut off"),
        (r#"decompress("", "zlib")"#, "failed: the zlib data is cut off"),
    ]);
    for word in WORDS {
        let said = said(&format!("decompress(\"this is plain text, is it not?\", \"{word}\")"));
        assert!(said.starts_with("failed: the "), "{word}: {said}");
    }
}

/// Zeros for many times the memory of a call, in a frame of each kind.
fn bomb(compression: Compression) -> Vec<u8> {
    const BYTES: usize = 300 << 20;
    let piece = vec![0; 1 << 20];
    let level = flate2::Compression::best();
    fn whole<W: Write>(mut encoder: W, piece: &[u8], finish: impl FnOnce(W) -> Vec<u8>) -> Vec<u8> {
        for _ in 0..BYTES / piece.len() {
            encoder.write_all(piece).unwrap();
        }
        finish(encoder)
    }
    match compression {
        Compression::Zlib => {
            whole(ZlibEncoder::new(Vec::new(), level), &piece, |e| e.finish().unwrap())
        }
        Compression::Gzip => {
            whole(GzEncoder::new(Vec::new(), level), &piece, |e| e.finish().unwrap())
        }
        Compression::Deflate => {
            whole(DeflateEncoder::new(Vec::new(), level), &piece, |e| e.finish().unwrap())
        }
        Compression::Lz4 => {
            whole(lz4_flex::frame::FrameEncoder::new(Vec::new()), &piece, |e| e.finish().unwrap())
        }
        Compression::Zstd => ruzstd::encoding::compress_to_vec(
            io::repeat(0).take(BYTES as u64),
            CompressionLevel::Fastest,
        ),
    }
}

#[test]
fn a_bomb_is_ended_by_the_limit_and_not_allocated_first() {
    for (word, compression) in Compression::ALL {
        let bomb = bomb(compression);
        let before = memory::held();
        let error = said_of(&format!("decompress(msg.bytes, \"{word}\")"), &bomb);
        // A debug build of a slow decoder may run out of time before it runs out of memory.
        let by_memory = error == "failed: a call can hold 96 MiB at most, and this is more";
        assert!(by_memory || error.contains("500 ms"), "{word}: {error}");
        assert!(memory::held() - before < 1 << 20, "{word}");
    }
}

/// A frame that asks for a window of a gigabyte and has one byte.
#[test]
fn a_frame_that_asks_for_too_large_a_window_is_refused() {
    let body =
        "decompress(from_hex(\"28b52ffd\" + \"00\" + \"a0\" + \"090000\" + \"61\"), \"zstd\")";
    let said = said(body);
    assert!(said.starts_with("failed: the blob is no zstd data: "), "{said}");
}

proptest! {
    #[test]
    fn every_blob_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..2000), like in any::<bool>()) {
        let bytes: Vec<u8> = if like { bytes.iter().map(|byte| byte % 3).collect() } else { bytes };
        for word in WORDS {
            let body = format!(
                "`${{decompress(compress(msg.bytes, \"{word}\"), \"{word}\") == msg.bytes}}`"
            );
            prop_assert_eq!(said_of(&body, &bytes), "true");
        }
    }

    #[test]
    fn no_bytes_break_a_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (word, magic) in [("zlib", "789c"), ("gzip", "1f8b0800000000000003"), ("deflate", ""),
                              ("zstd", "28b52ffd"), ("lz4", "04224d18")] {
            let body = format!("decompress(from_hex(\"{magic}\") + msg.bytes, \"{word}\"); ()");
            let said = said_of(&body, &bytes);
            prop_assert!(!said.contains("panic"), "{}: {}", word, said);
        }
    }
}
