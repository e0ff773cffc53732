//! What wakes who waits for a socket: an edge, as that of libzmq's descriptor.
//!
//! Owns whether it rang. Never says why.

use std::sync::Mutex;
use std::task::{Context, Waker};

use crate::lock::locked;

/// A bell.
#[derive(Default, Debug)]
pub(crate) struct Bell(Mutex<Rung>);

#[derive(Default, Debug)]
struct Rung {
    rang: bool,
    sleeper: Option<Waker>,
}

impl Bell {
    /// Rings.
    pub(crate) fn ring(&self) {
        let sleeper = {
            let mut rung = locked(&self.0);
            rung.rang = true;
            rung.sleeper.take()
        };
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    /// Whether it rang since this was last asked; if not, the task is woken when it does.
    pub(crate) fn has_rung(&self, task: &Context<'_>) -> bool {
        let mut rung = locked(&self.0);
        let rang = std::mem::take(&mut rung.rang);
        if !rang {
            rung.sleeper = Some(task.waker().clone());
        }
        rang
    }
}
