//! The random generator of one node.
//!
//! Owns what it is seeded with, and where it stood when a call drew from it. Never good for keys: what it
//! gives for a seed is known to who knows the seed.

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;

// What `StdRng` is, which does not say where it stands.
use chacha20::ChaCha12Rng;
use rand::rngs::SysRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};

/// Where a node's generator stood when a call began to draw from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chance {
    /// What it was made from, where that was not told before.
    pub seed: Option<[u8; 32]>,
    /// How many words it had given.
    pub position: u64,
}

/// A generator, made when it is first asked.
pub(super) struct Generator {
    seed: Option<u64>,
    made: RefCell<Option<Box<ChaCha12Rng>>>,
    /// Where it stood at the first draw since this was last taken.
    drawn: Cell<Option<u64>>,
    /// Whether it was told what it was made from.
    is_told: Cell<bool>,
}

impl Generator {
    /// A generator that is different in each run, or for a seed different in each node alone.
    pub(super) fn new(seed: Option<u64>, node: &str) -> Self {
        Self {
            seed: seed.map(|seed| seed ^ spread(node)),
            made: RefCell::default(),
            drawn: Cell::default(),
            is_told: Cell::default(),
        }
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

    /// Tells what it was made from when it is next drawn from.
    pub(super) fn tell_again(&self) {
        self.drawn.set(None);
        self.is_told.set(false);
    }

    /// Where it stood at the first draw since this was last asked; nothing where there was none.
    pub(super) fn take_drawn(&self) -> Option<Chance> {
        let position = self.drawn.take()?;
        let made = self.made.borrow();
        let is_told = self.is_told.replace(true);
        let seed = made.as_ref().filter(|_| !is_told).map(|generator| generator.get_seed());
        Some(Chance { seed, position })
    }

    /// Stands where another one stood.
    pub(super) fn follow(&self, chance: &Chance) {
        let mut made = self.made.borrow_mut();
        if let Some(seed) = chance.seed {
            *made = Some(Box::new(ChaCha12Rng::from_seed(seed)));
        }
        if let Some(generator) = &mut *made {
            generator.set_word_pos(chance.position.into());
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "nobody draws that many words")]
    fn with<T>(&self, ask: impl FnOnce(&mut ChaCha12Rng) -> T) -> T {
        let mut made = self.made.borrow_mut();
        let generator = made.get_or_insert_with(|| {
            Box::new(match self.seed {
                Some(seed) => ChaCha12Rng::seed_from_u64(seed),
                None => ChaCha12Rng::try_from_rng(&mut SysRng)
                    .unwrap_or_else(|_| ChaCha12Rng::seed_from_u64(moment())),
            })
        });
        if self.drawn.get().is_none() {
            self.drawn.set(Some(generator.get_word_pos() as u64));
        }
        ask(generator)
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
