//! Checksums and keyed hashes of blobs and texts.
//!
//! Owns which there are. Never makes a text of one: `to_hex` does.

use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use rhai::{Blob, Dynamic, Engine};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::guard::Guard;
use super::operand::{Answer, in_pieces, with_bytes};

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    register_digest::<Sha1>(engine, guard, "sha1");
    register_digest::<Sha256>(engine, guard, "sha256");
    register_digest::<Sha512>(engine, guard, "sha512");
    register_digest::<Md5>(engine, guard, "md5");
    let here = Rc::clone(guard);
    engine.register_fn("hmac_sha256", move |key: Dynamic, value: Dynamic| {
        hmac_sha256(&here, &key, &value)
    });
    let here = Rc::clone(guard);
    engine.register_fn("crc32", move |value: Dynamic| -> Answer<i64> {
        with_bytes("crc32", &value, |bytes| {
            let mut sum = crc32fast::Hasher::new();
            in_pieces(&here, bytes, |piece| {
                sum.update(piece);
                Ok(())
            })?;
            Ok(i64::from(sum.finalize()))
        })
    });
}

fn register_digest<D: Digest>(engine: &mut Engine, guard: &Rc<Guard>, name: &'static str) {
    let here = Rc::clone(guard);
    engine.register_fn(name, move |value: Dynamic| -> Answer<Blob> {
        with_bytes(name, &value, |bytes| {
            let mut digest = D::new();
            in_pieces(&here, bytes, |piece| {
                digest.update(piece);
                Ok(())
            })?;
            Ok(digest.finalize().to_vec())
        })
    });
}

fn hmac_sha256(guard: &Guard, key: &Dynamic, value: &Dynamic) -> Answer<Blob> {
    with_bytes("hmac_sha256", key, |key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
        with_bytes("hmac_sha256", value, |bytes| {
            in_pieces(guard, bytes, |piece| {
                mac.update(piece);
                Ok(())
            })
        })?;
        Ok(mac.finalize().into_bytes().to_vec())
    })
}

#[cfg(test)]
mod tests {
    use crate::script::trial::{said, table};

    #[test]
    fn hashes_are_those_of_their_standards() {
        table(&[
            (r#"sha1("abc").to_hex()"#, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                r#"sha256("abc").to_hex()"#,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (r#"sha512("abc").len().to_string()"#, "64"),
            (r#"sha512("abc").to_hex().sub_string(0, 16)"#, "ddaf35a193617aba"),
            (r#"md5("").to_hex()"#, "d41d8cd98f00b204e9800998ecf8427e"),
            (r#"md5(blob(1, 97)).to_hex()"#, "0cc175b9c0f1b6a831c399e269772661"),
            (
                r#"hmac_sha256("key", "The quick brown fox jumps over the lazy dog").to_hex()"#,
                "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
            ),
            (r#"`${crc32("123456789")}`"#, "3421780262"),
            (
                "let sum = sha256(\"a\" + \"b\"); `${sum == sha256(blob(1, 97) + blob(1, 98))}`",
                "true",
            ),
        ]);
    }

    #[test]
    fn what_has_no_bytes_is_said() {
        table(&[
            ("sha256(17)", "failed: sha256 takes a blob or a text; this is a number"),
            ("crc32([1])", "failed: crc32 takes a blob or a text; this is an array"),
            ("hmac_sha256((), \"a\")", "failed: hmac_sha256 takes a blob or a text; this is ()"),
            (
                "hmac_sha256(\"a\", 1.5)",
                "failed: hmac_sha256 takes a blob or a text; this is a number",
            ),
        ]);
    }

    #[test]
    fn a_hash_does_not_depend_on_how_long_the_pieces_are() {
        // SHA-256 of a million times `a`, from FIPS 180-2.
        assert_eq!(
            said("sha256(blob(1000000, 97)).to_hex()"),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }
}
