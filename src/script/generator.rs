//! The random generator of one node.
//!
//! Owns what it is seeded with. Never good for keys: what it gives for a seed is known to who knows
//! the seed.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use rand::rngs::{StdRng, SysRng};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};

/// A generator, made when it is first asked.
pub(super) struct Generator {
    seed: Option<u64>,
    made: RefCell<Option<Box<StdRng>>>,
}

impl Generator {
    /// A generator that is different in each run, or for a seed different in each node alone.
    pub(super) fn new(seed: Option<u64>, node: &str) -> Self {
        Self { seed: seed.map(|seed| seed ^ spread(node)), made: RefCell::default() }
    }

    /// A number from 0 up to, not including, 1.
    pub(super) fn fraction(&self) -> f64 {
        self.with(|generator| generator.random())
    }

    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> i64 {
        self.with(|generator| generator.random_range(range))
    }

    pub(super) fn pick<'a, T>(&self, elements: &'a [T]) -> Option<&'a T> {
        self.with(|generator| elements.choose(generator))
    }

    pub(super) fn shuffle<T>(&self, elements: &mut [T]) {
        self.with(|generator| elements.shuffle(generator));
    }

    pub(super) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|generator| generator.fill_bytes(&mut bytes));
        bytes
    }

    fn with<T>(&self, ask: impl FnOnce(&mut StdRng) -> T) -> T {
        let mut made = self.made.borrow_mut();
        ask(made.get_or_insert_with(|| {
            Box::new(match self.seed {
                Some(seed) => StdRng::seed_from_u64(seed),
                None => StdRng::try_from_rng(&mut SysRng)
                    .unwrap_or_else(|_| StdRng::seed_from_u64(moment())),
            })
        }))
    }
}

/// What is different in each run where the system has no chance to give.
#[expect(clippy::cast_possible_truncation, reason = "the low bits change")]
fn moment() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_nanos() as u64
}

/// The bits of a name, the same in every run: FNV-1a.
fn spread(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
