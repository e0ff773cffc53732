//! One tap: what it looks at, and for whom.
//!
//! Owns the thread of a tap. How much of what passes it shows, and how fast, is `sampling`'s
//! or `whole`'s.

use std::io;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::watch;

use super::paper::Paper;
use super::protocol::Reply;
use super::sampling::Sampling;
use super::sieve::Sieve;
use super::watched::Watched;
use super::whole::Whole;
use crate::node::{Direction, Interceptors, Target};
use crate::script::{Engine, STACK_BYTES};
use crate::supervisor::Roster;
use crate::topology::WhenFull;

/// What a client wants to see.
pub(super) struct Wish {
    pub(super) target: Target,
    pub(super) direction: Option<Direction>,
    pub(super) filter: Option<String>,
    /// Every message whole, and what becomes of one that finds no room.
    pub(super) all: Option<WhenFull>,
    /// Frame by frame.
    pub(super) frames: bool,
}

/// Starts the thread of a tap. `slot` is given back when it ends.
///
/// # Errors
///
/// When the system gives no thread.
pub(super) fn start(
    wish: Wish,
    stream: UnixStream,
    interceptors: Arc<Interceptors>,
    roster: watch::Receiver<Arc<Roster>>,
    slot: impl Send + 'static,
) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("tap".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || {
        // A client that has gone ends the tap, and there is nobody to tell.
        let _ = tap(wish, stream, &interceptors, roster);
        drop(slot);
    })?;
    Ok(())
}

fn tap(
    wish: Wish,
    stream: UnixStream,
    interceptors: &Arc<Interceptors>,
    roster: watch::Receiver<Arc<Roster>>,
) -> io::Result<()> {
    let mut paper = Paper::new(stream)?;
    let engine = Rc::new(Engine::new());
    let sieve = match Sieve::of(&engine, wish.filter.as_deref()) {
        Ok(sieve) => sieve,
        Err(failed) => {
            paper.say(&Reply::Failed(failed));
            return paper.send();
        }
    };
    let Wish { target, direction, all, frames, .. } = wish;
    let mut watched = Watched::new(target.clone(), roster);
    let tapping = |watched: &mut Watched| Reply::Tapping(watched.instances());
    match all {
        None => {
            let sampling = Sampling::open(interceptors, target, direction, frames, sieve);
            paper.say(&tapping(&mut watched));
            sampling.run(watched, paper)
        }
        Some(when_full) => {
            let whole = Whole::open(interceptors, target, direction, when_full, frames, sieve);
            paper.say(&tapping(&mut watched));
            whole.run(watched, paper)
        }
    }
}
