//! The engine's own functions whose one call takes long over a large value, done in pieces: between
//! two of them the call can be ended, and other nodes have their turn.
//!
//! Owns how long a piece may be, and that each looks at the clock. What they do is the engine's
//! documentation's.

mod comparing;
mod showing;
mod sorting;

use std::rc::Rc;

use rhai::{EvalAltResult, FuncRegistration, Position};

use super::guard::Guard;

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// How many elements are gone through in one piece.
const PIECE: usize = 256;

/// Puts these functions before the engine's own.
pub(super) fn register(engine: &mut rhai::Engine, guard: &Rc<Guard>) {
    sorting::register(engine, guard);
    comparing::register(engine, guard);
    showing::register(engine, guard);
}

/// A function that leaves its first argument as it is, so that constants have it as well.
fn pure(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}

impl Guard {
    /// Between two pieces: ends the call, or lets others have their turn, where it is time.
    pub(super) fn breathe(&self) -> Answer<()> {
        match self.look_at_clock() {
            None => Ok(()),
            Some(spent) => {
                Err(EvalAltResult::ErrorTerminated(spent.token(), Position::NONE).into())
            }
        }
    }

    /// The same, once a piece, for who counts the elements.
    pub(super) fn pace(&self, number: usize) -> Answer<()> {
        if number % PIECE == PIECE - 1 { self.breathe() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
