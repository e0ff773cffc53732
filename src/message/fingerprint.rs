//! A number that tells the frames of one message from those of another.
//!
//! Owns how it is computed, which recordings rely on. Never one to trust where somebody might look for
//! other frames with the same.

use twox_hash::XxHash3_64;

/// The fingerprint of frames: XXH3 in 64 bits of each frame, seeded with that of those before it, the
/// first with how many there are.
#[must_use]
pub fn fingerprint<F: AsRef<[u8]>>(frames: &[F]) -> u64 {
    frames.iter().fold(frames.len() as u64, |seed, frame| {
        XxHash3_64::oneshot_with_seed(seed, frame.as_ref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_frames_have_another_fingerprint_and_the_same_ones_always_that_one() {
        let all: [&[&str]; 8] =
            [&[], &[""], &["", ""], &["a"], &["ab"], &["a", "b"], &["b", "a"], &["ab", ""]];
        let mut seen: Vec<u64> = all.iter().map(|frames| fingerprint(frames)).collect();
        // What stands in files that were written before.
        assert_eq!(seen[0], 0);
        assert_eq!(seen[4], fingerprint(&[b"ab"]));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all.len());
    }
}
