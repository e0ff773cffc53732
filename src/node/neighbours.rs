//! Who shares a thread.
//!
//! Owns the names of a thread's nodes, for those who are told what one did to the others.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// The nodes of one thread.
#[derive(Default)]
pub(super) struct Neighbours(RefCell<Vec<Arc<str>>>);

/// A node's place among them, until it ends.
pub(super) struct Seat {
    of: Rc<Neighbours>,
    instance: Arc<str>,
}

impl Seat {
    /// A place for this node.
    pub(super) fn take(of: &Rc<Neighbours>, instance: &Arc<str>) -> Self {
        of.0.borrow_mut().push(Arc::clone(instance));
        Self { of: Rc::clone(of), instance: Arc::clone(instance) }
    }

    /// All others, in the order in which they came.
    pub(super) fn others(&self) -> Vec<Arc<str>> {
        self.of.0.borrow().iter().filter(|other| **other != self.instance).cloned().collect()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut names = self.of.0.borrow_mut();
        if let Some(at) = names.iter().position(|name| Arc::ptr_eq(name, &self.instance)) {
            names.remove(at);
        }
    }
}
