//! One hash of a password, by argon2 in the PHC string format.
//!
//! Owns what a check may cost. Never says whose hash it is.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::UsersFault;
use crate::security::secret::Secret;

/// The most of it, in KiB, passes over all of that memory, and lanes.
const MOST_MEMORY: u32 = 256 << 10;
const MOST_PASSES: u32 = 32;
const MOST_LANES: u32 = 16;
/// All passes over a hash's memory, in KiB: about a second.
const MOST_WORK: u64 = 1 << 20;
/// The same in words.
pub(super) const MOST: &str = "256 MiB or a second (m=262144, t=32, p=16, m × t = 1048576)";

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Hash {
    pub(super) fn read(text: &str) -> Result<Self, UsersFault> {
        let parsed = match PasswordHash::new(text) {
            Ok(parsed) => parsed,
            Err(_) if text.starts_with('$') && !text.starts_with("$argon2") => {
                return Err(UsersFault::OtherHash);
            }
            Err(_) => return Err(UsersFault::NoHash),
        };
        let algorithm = Algorithm::try_from(parsed.algorithm.as_str());
        let algorithm = algorithm.map_err(|_| UsersFault::OtherHash)?;
        // Without a version it is the one that had none to tell.
        let version = Version::try_from(parsed.version.unwrap_or(0x10));
        let version = version.map_err(|_| UsersFault::OtherHash)?;
        let params = Params::try_from(&parsed).map_err(|_| UsersFault::NoHash)?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > MOST_MEMORY
            || params.t_cost() > MOST_PASSES
            || params.p_cost() > MOST_LANES
            || work > MOST_WORK
        {
            return Err(UsersFault::Costly);
        }
        let (Some(salt), Some(hash)) = (&parsed.salt, &parsed.hash) else {
            return Err(UsersFault::NoHash);
        };
        if salt.len() < argon2::MIN_SALT_LEN {
            return Err(UsersFault::NoHash);
        }
        Ok(Self { algorithm, version, params, salt: salt.to_vec(), hash: hash.as_bytes().to_vec() })
    }

    /// One that no password has, as costly as those that are written.
    pub(super) fn of_nobody() -> Self {
        Self {
            algorithm: Algorithm::default(),
            version: Version::default(),
            params: Params::DEFAULT,
            salt: vec![0; 16],
            hash: vec![0; Params::DEFAULT_OUTPUT_LEN],
        }
    }

    /// Bytes that a check takes.
    pub(super) fn memory(&self) -> usize {
        self.params.block_count() * Block::SIZE
    }

    pub(super) fn is_of(&self, password: &Secret) -> bool {
        let mut blocks: Vec<Block> = Vec::new();
        // Nobody is let in for want of memory, and nothing ends by it.
        if blocks.try_reserve_exact(self.params.block_count()).is_err() {
            return false;
        }
        blocks.resize_with(self.params.block_count(), Block::default);
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut found = vec![0; self.hash.len()];
        let (password, salt) = (password.expose(), &*self.salt);
        let done = argon2.hash_password_into_with_memory(password, salt, &mut found, &mut blocks);
        blocks.zeroize();
        done.is_ok() && found.ct_eq(&self.hash).into()
    }
}

/// The hash of a password with a new salt, as a user's line has it; `None` where the system gives no
/// random bytes.
#[must_use]
pub fn hash_password(password: &Secret) -> Option<String> {
    let hash = Argon2::default().hash_password(password.expose()).ok()?;
    Some(hash.to_string())
}
