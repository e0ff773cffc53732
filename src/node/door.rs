//! Doors: where the run's ZAP handler says what becomes of a socket's connections.
//!
//! Owns which sockets have one, by the domain under which they ask. Never decides who may come.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, Weak};

use super::monitor::{Feed, Knocking};
use crate::lock::locked;
use crate::topology::{Knock, NotAdmitted};

/// The door of one socket, which is there as long as the socket.
#[derive(Clone, Debug)]
pub(super) struct Door(Weak<Feed>);

impl Door {
    pub(super) fn of(feed: &Arc<Feed>) -> Self {
        Self(Arc::downgrade(feed))
    }

    /// Who knocks on the connection that has a descriptor now.
    pub(super) fn knocking(&self, descriptor: RawFd) -> Option<Knocking> {
        self.0.upgrade()?.knocking(descriptor)
    }

    /// Whether that connection is there still.
    pub(super) fn is_knocking(&self, at: Knocking) -> bool {
        self.knocking(at.descriptor) == Some(at)
    }

    /// A peer may come, under this name.
    pub(super) fn admit(&self, at: Knocking, knock: Knock, user: Option<Arc<str>>) {
        if let Some(feed) = self.0.upgrade() {
            feed.admit(at, knock, user);
        }
    }

    /// A peer may not come.
    pub(super) fn refuse(&self, at: Knocking, why: String) {
        if let Some(feed) = self.0.upgrade() {
            feed.refuse(at, why);
        }
    }
}

/// All doors of a run, by domain.
#[derive(Clone, Default, Debug)]
pub(super) struct Doors(Arc<Mutex<HashMap<String, Door>>>);

impl Doors {
    /// From now on a socket asks under this domain.
    pub(super) fn add(&self, domain: String, door: Door) {
        let mut doors = locked(&self.0);
        doors.retain(|_, door| door.0.strong_count() > 0);
        doors.insert(domain, door);
    }

    /// The door of the socket that asks under a domain.
    pub(super) fn at(&self, domain: &str) -> Option<Door> {
        locked(&self.0).get(domain).cloned()
    }

    /// Ends the connections of all who were let in and may not come any more.
    pub(super) fn review(
        &self,
        judge: impl Fn(&str, &Knock) -> Result<Option<Arc<str>>, NotAdmitted>,
    ) {
        let doors: Vec<(String, Door)> =
            locked(&self.0).iter().map(|(domain, door)| (domain.clone(), door.clone())).collect();
        for (domain, door) in doors {
            if let Some(feed) = door.0.upgrade() {
                feed.review(|knock| judge(&domain, knock));
            }
        }
    }
}
