//! Z85, ZeroMQ's text form of CURVE keys.
//!
//! Owns reading and writing it. Never makes keys.

const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// The bytes behind a Z85 text, if it is one.
#[must_use]
pub fn decode_z85(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(5) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    for group in text.as_bytes().chunks_exact(5) {
        let mut value = 0_u64;
        for character in group {
            let digit = ALPHABET.iter().position(|letter| letter == character)?;
            value = value * 85 + digit as u64;
        }
        bytes.extend_from_slice(&u32::try_from(value).ok()?.to_be_bytes());
    }
    Some(bytes)
}

/// The Z85 text of a key's bytes.
#[must_use]
pub fn encode_z85(key: &[u8; 32]) -> String {
    let mut text = String::with_capacity(40);
    for group in key.chunks_exact(4) {
        let value = group.iter().fold(0_u32, |value, &byte| value << 8 | u32::from(byte));
        for place in (0..5).rev() {
            text.push(char::from(ALPHABET[(value / 85_u32.pow(place) % 85) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_and_its_text_are_inverse(key: [u8; 32]) {
            let text = encode_z85(&key);
            prop_assert_eq!(text.len(), 40);
            prop_assert_eq!(decode_z85(&text), Some(key.to_vec()));
        }
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let bytes = [0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B];
        assert_eq!(decode_z85("HelloWorld"), Some(bytes.to_vec()));
    }

    #[test]
    fn what_is_no_z85_is_refused() {
        assert_eq!(decode_z85("Hello World"), None);
        assert_eq!(decode_z85("abc"), None);
        assert_eq!(decode_z85("#####"), None);
    }
}
