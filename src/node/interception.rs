//! The one place in a socket's way in and out where something can stand: a tap, a recorder, a fault.
//!
//! Owns who stands at which socket, and how those who come and go are noticed. Never looks into a
//! message, and costs a message nothing but one comparison where nobody stands.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::calls::Calls;
use super::credentials::without_password;
use super::target::Target;
use crate::clock;
use crate::lock::locked;
use crate::message::{Format, Frame, Multipart, share_all};
use crate::zeromq::Role;

/// Which way a message went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The socket received it.
    In,
    /// libzmq took it to send it.
    Out,
}

impl Direction {
    /// `in` or `out`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// A socket of a running node, with what is needed to read its messages.
#[derive(PartialEq, Eq, Debug)]
pub struct Place {
    /// The node, with its copy's number where it is replicated.
    pub instance: Arc<str>,
    /// The socket's name.
    pub socket: Arc<str>,
    /// Its role.
    pub role: Role,
    /// How its messages are laid out.
    pub format: Format,
    /// Whether its messages end with a frame of `sequence`.
    pub numbered: bool,
}

/// A message that passed a socket.
#[derive(Debug)]
pub struct Passed {
    /// When.
    pub at: SystemTime,
    /// Which way.
    pub direction: Direction,
    /// Where.
    pub place: Arc<Place>,
    /// Its number among those that went that way there since anybody stood there.
    pub number: u32,
    /// All frames as libzmq has them, the envelope included.
    pub frames: Multipart,
}

impl Passed {
    /// One that passed then.
    pub(super) fn of(
        Passing { at, direction, place, number }: Passing<'_>,
        frames: &[Frame],
    ) -> Self {
        Self { at, direction, place: Arc::clone(place), number, frames: share_all(frames) }
    }

    /// The same once more; its frames are shared.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { place: Arc::clone(&self.place), frames: share_all(&self.frames), ..*self }
    }

    /// Takes off the frame that `sequence` has put behind the others.
    pub fn take_sequence(&mut self) -> Option<Frame> {
        if self.place.numbered && self.frames.len() > 1 { self.frames.pop() } else { None }
    }
}

/// Messages that passed one way and that nobody wanted to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unseen {
    /// How many.
    pub(super) messages: u64,
    /// When the first of them passed.
    pub(super) since: SystemTime,
}

/// What is known of a message that passes, beside its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing<'p> {
    pub(super) at: SystemTime,
    pub(super) direction: Direction,
    pub(super) place: &'p Arc<Place>,
    pub(super) number: u32,
}

/// A message on its way out, for whoever wants to see it: sending empties the message itself.
#[derive(Debug)]
pub(super) struct Copy {
    /// Before anybody can have received it.
    at: SystemTime,
    frames: Multipart,
}

impl Copy {
    /// Of a message that is sent now.
    pub(super) fn now(frames: &[Frame]) -> Self {
        Self { at: clock::time_of_day(), frames: share_all(frames) }
    }
}

/// What can stand in the way of messages, on the threads of all nodes where it does.
pub(super) trait Interceptor: fmt::Debug + Send + Sync {
    /// Where it stands.
    fn target(&self) -> &Target;

    /// Whether it wants to see the next message that goes that way.
    fn wants(&self, direction: Direction) -> bool;

    /// Whether nothing may pass now.
    fn holds(&self) -> bool {
        false
    }

    /// A message passed that somebody wanted to see.
    fn passed(&self, passing: Passing<'_>, frames: &[Frame]);

    /// Messages passed that nobody wanted to see: told once a round.
    fn passed_unseen(&self, direction: Direction, place: &Arc<Place>, unseen: Unseen);

    /// Whether it wants to see the calls of this copy of a node.
    fn wants_calls(&self, _node: &str, _replica: u32) -> bool {
        false
    }

    /// Whether it has room for calls now.
    fn has_room_for_calls(&self) -> bool {
        true
    }

    /// How often it has asked how the nodes stand whose calls it sees.
    fn stands_asked(&self) -> u64 {
        0
    }

    /// Handlers of a node were called.
    fn called(&self, _calls: &Arc<Calls>) {}

    /// Handlers of a node were called so many times while it had no room.
    fn called_unseen(&self, _instance: &Arc<str>, _calls: u64) {}
}

/// Who stands in the way of a running topology's messages. Nodes look at it once a round.
#[derive(Default, Debug)]
pub struct Interceptors {
    /// Grows with every change of the list.
    version: AtomicU64,
    list: Mutex<Vec<Arc<dyn Interceptor>>>,
}

impl Interceptors {
    /// Somebody stands in the way from now on.
    pub(super) fn add(&self, one: Arc<dyn Interceptor>) {
        locked(&self.list).push(one);
        self.version.fetch_add(1, Relaxed);
    }

    /// Somebody goes.
    pub(super) fn remove(&self, one: &Arc<impl Interceptor>) {
        // The addresses alone: of one type there may be several tables of functions.
        let address = Arc::as_ptr(one).cast::<()>();
        locked(&self.list).retain(|other| Arc::as_ptr(other).cast::<()>() != address);
        self.version.fetch_add(1, Relaxed);
    }

    fn of_calls(&self, node: &str, replica: u32) -> Vec<Arc<dyn Interceptor>> {
        let list = locked(&self.list);
        list.iter().filter(|one| one.wants_calls(node, replica)).cloned().collect()
    }

    fn of(&self, node: &str, replica: u32, socket: &str) -> Vec<Arc<dyn Interceptor>> {
        let list = locked(&self.list);
        list.iter().filter(|one| one.target().means(node, replica, socket)).cloned().collect()
    }
}

/// A node's look at who stands in its messages' way.
#[derive(Debug)]
pub(super) struct Lookout {
    interceptors: Arc<Interceptors>,
    /// The version of the list that was last looked at.
    seen: Option<u64>,
}

impl Lookout {
    pub(super) fn new(interceptors: &Arc<Interceptors>) -> Self {
        Self { interceptors: Arc::clone(interceptors), seen: None }
    }

    /// Whether anybody came or went since this was last asked.
    #[inline]
    pub(super) fn has_changed(&mut self) -> bool {
        let version = self.interceptors.version.load(Relaxed);
        self.seen.replace(version) != Some(version)
    }

    /// Has all sockets looked at anew: what is known of one may be another thing now.
    pub(super) fn look_again(&mut self) {
        self.seen = None;
    }

    /// Who wants to see the calls of a copy of a node.
    pub(super) fn call_takers(&self, node: &str, replica: u32) -> Vec<Arc<dyn Interceptor>> {
        self.interceptors.of_calls(node, replica)
    }

    /// Who stands in the way of this socket of a copy of a node.
    pub(super) fn passage(&self, node: &str, replica: u32, place: Place) -> Passage {
        let standing = self.interceptors.of(node, replica, &place.socket);
        let is_free = standing.is_empty();
        let post = || Post { standing, place: Arc::new(place), unseen: Default::default() };
        Passage { post: (!is_free).then(post), ..Passage::default() }
    }
}

/// The way in and out of one socket, and who stands there; mostly nobody.
#[derive(Default, Debug)]
pub(super) struct Passage {
    post: Option<Post>,
    /// How many messages came and went since anybody stood there.
    came: Cell<u32>,
    went: Cell<u32>,
    /// Whether something was not let through since this was last asked.
    has_held: Cell<bool>,
    /// Whether all is let through, because the node ends or becomes another.
    is_open: bool,
    /// Whether the socket is asked about passwords, which nobody may see.
    hides: bool,
}

/// Who stands at a socket.
#[derive(Debug)]
struct Post {
    standing: Vec<Arc<dyn Interceptor>>,
    place: Arc<Place>,
    /// What came and went that nobody wanted to see, and that nobody was told of yet: that costs more than a
    /// message may.
    unseen: [Cell<Option<Unseen>>; 2],
}

impl Post {
    /// Tells of what passed unseen.
    #[inline]
    fn tell_unseen(&self) {
        for (direction, unseen) in [Direction::In, Direction::Out].into_iter().zip(&self.unseen) {
            if let Some(unseen) = unseen.take() {
                self.standing.iter().for_each(|one| {
                    one.passed_unseen(direction, &self.place, unseen);
                });
            }
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.tell_unseen();
    }
}

impl Passage {
    /// Whether nobody stands there.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        self.post.is_none()
    }

    /// Whether somebody wants to see a message that goes that way.
    #[inline]
    pub(super) fn is_watched(&self, direction: Direction) -> bool {
        self.post.as_ref().is_some_and(|post| post.standing.iter().any(|one| one.wants(direction)))
    }

    /// Messages passed that nobody wanted to see.
    #[inline]
    pub(super) fn passed_unseen(&self, direction: Direction, messages: usize) {
        let Some(post) = &self.post else { return };
        let count = self.count(direction);
        #[expect(clippy::cast_possible_truncation, reason = "numbers begin anew some time")]
        count.set(count.get().wrapping_add(messages as u32));
        if messages > 0 {
            let unseen = &post.unseen[direction as usize];
            let before = unseen.get();
            let since = before.map_or_else(clock::time_of_day, |before| before.since);
            let before = before.map_or(0, |before| before.messages);
            unseen.set(Some(Unseen { messages: before + messages as u64, since }));
        }
    }

    /// Tells those who stand there how much has passed that nobody wanted to see.
    #[inline]
    pub(super) fn tell_unseen(&self) {
        if let Some(post) = &self.post {
            post.tell_unseen();
        }
    }

    /// Whether a message may pass now, in or out. One that may not waits where it is.
    #[inline]
    pub(super) fn lets_through(&self) -> bool {
        self.post.as_ref().is_none_or(|post| self.looks_through(post))
    }

    #[cold]
    fn looks_through(&self, post: &Post) -> bool {
        let holds = !self.is_open && post.standing.iter().any(|one| one.holds());
        if holds {
            self.has_held.set(true);
        }
        !holds
    }

    /// Whether something was not let through since this was last taken.
    #[inline]
    pub(super) fn has_held(&self) -> bool {
        self.has_held.get()
    }

    /// The same, and forgets it.
    #[inline]
    pub(super) fn take_held(&self) -> bool {
        self.has_held.take()
    }

    /// Lets all through from now on, or no longer.
    pub(super) fn open(&mut self, is_open: bool) {
        self.is_open = is_open;
    }

    /// The way of a socket that may be asked about passwords.
    pub(super) fn hiding(self, hides: bool) -> Self {
        Self { hides, ..self }
    }

    /// Others stand there from now on.
    pub(super) fn replace(&mut self, by: Self) {
        let (came, went) = (Cell::clone(&self.came), Cell::clone(&self.went));
        *self = Self { is_open: self.is_open, came, went, ..by };
    }

    /// The number of the message that came last.
    #[inline]
    pub(super) fn number(&self) -> u32 {
        self.came.get()
    }

    /// A message arrived.
    #[inline]
    pub(super) fn received(&self, frames: &[Frame]) {
        let Some(post) = &self.post else { return };
        if self.is_watched(Direction::In) {
            self.tell(post, Direction::In, clock::time_of_day(), frames);
        } else {
            self.passed_unseen(Direction::In, 1);
        }
    }

    /// A copy of a message that is sent, if somebody wants to see it.
    #[inline]
    pub(super) fn copy(&self, frames: &[Frame]) -> Option<Copy> {
        self.is_watched(Direction::Out).then(|| Copy::now(frames))
    }

    /// A message was sent.
    #[inline]
    pub(super) fn sent(&self, copy: Option<&Copy>) {
        let Some(post) = &self.post else { return };
        match copy {
            Some(copy) => self.tell(post, Direction::Out, copy.at, &copy.frames),
            None => self.passed_unseen(Direction::Out, 1),
        }
    }

    fn count(&self, direction: Direction) -> &Cell<u32> {
        match direction {
            Direction::In => &self.came,
            Direction::Out => &self.went,
        }
    }

    #[cold]
    fn tell(&self, post: &Post, direction: Direction, at: SystemTime, frames: &[Frame]) {
        // What passed before comes before.
        post.tell_unseen();
        let count = self.count(direction);
        let number = count.get().wrapping_add(1);
        count.set(number);
        let shown = self.hides.then(|| without_password(frames));
        let frames = shown.as_deref().unwrap_or(frames);
        for one in &post.standing {
            one.passed(Passing { at, direction, place: &post.place, number }, frames);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Anybody(Target);

    impl Interceptor for Anybody {
        fn target(&self) -> &Target {
            &self.0
        }

        fn wants(&self, _: Direction) -> bool {
            true
        }

        fn passed(&self, _: Passing<'_>, _: &[Frame]) {}

        fn passed_unseen(&self, _: Direction, _: &Arc<Place>, _: Unseen) {}
    }

    #[test]
    fn who_comes_and_goes_is_noticed_once_and_stands_where_it_wants() {
        let interceptors = Arc::new(Interceptors::default());
        let mut lookout = Lookout::new(&interceptors);
        assert!(lookout.has_changed() && !lookout.has_changed());
        let place = |socket: &str| Place {
            instance: "a.2".into(),
            socket: socket.into(),
            role: Role::Pair,
            format: Format::Plain,
            numbered: false,
        };
        assert!(lookout.passage("a", 2, place("in")).is_free());
        let anybody = Arc::new(Anybody("a.2.in".parse().unwrap()));
        interceptors.add(Arc::clone(&anybody) as Arc<dyn Interceptor>);
        assert!(lookout.has_changed() && !lookout.has_changed());
        let passage = lookout.passage("a", 2, place("in"));
        assert!(!passage.is_free() && passage.is_watched(Direction::In));
        for (node, replica, socket) in [("b", 2, "in"), ("a", 1, "in"), ("a", 2, "out")] {
            assert!(lookout.passage(node, replica, place(socket)).is_free());
        }
        interceptors.remove(&anybody);
        assert!(lookout.has_changed());
        assert!(lookout.passage("a", 2, place("in")).is_free());
        lookout.look_again();
        assert!(lookout.has_changed());
    }
}
