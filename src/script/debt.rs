//! An answer that a handler owes: the request is answered later, by another call.
//!
//! Owns whether it was given, in sight of the script and of the node alike. Never waits: the node does.

use std::cell::Cell;
use std::rc::Rc;

/// What is shared by a request that a script keeps and the node that owes its answer.
#[derive(Clone, Default, Debug)]
pub struct Debt(Rc<Cell<bool>>);

impl Debt {
    /// Whether the answer was given.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.0.get()
    }

    /// Whether nobody is left who could give it: the script keeps the request no more.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }

    /// Nothing more is to be answered.
    pub fn close(&self) {
        self.0.set(true);
    }

    /// The call that answered has failed, and nothing of it is sent.
    pub(super) fn reopen(&self) {
        self.0.set(false);
    }
}
