//! Who is connected to a server, and who has to go when all places are taken.
//!
//! Owns the bound, and what each connection has moved last. Never reads or writes by itself.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::lock::locked;

/// The places of a server.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    began: Instant,
    taken: Mutex<(u64, HashMap<u64, Arc<Moves>>)>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    moves: Arc<Moves>,
}

/// What a connection has done last.
#[derive(Debug)]
struct Moves {
    /// Milliseconds from the server's beginning to when a byte went in or out.
    last: AtomicU64,
    /// Whether it waits for its client to take something.
    pours: AtomicBool,
    /// Whether a request of it was let in.
    known: AtomicBool,
    /// Told when it has to go.
    goes: Notify,
}

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, began: Instant::now(), taken: Mutex::default() })
    }

    /// Gives a place. Where all are taken, the connection that has moved nothing for the longest time
    /// has to go, one that was never let in before any other.
    pub(super) fn take(self: &Arc<Self>) -> Place {
        let moves = Arc::new(Moves {
            last: AtomicU64::new(self.now()),
            pours: AtomicBool::new(false),
            known: AtomicBool::new(false),
            goes: Notify::new(),
        });
        let mut taken = locked(&self.taken);
        let (number, all) = &mut *taken;
        if all.len() >= self.most {
            let idlest = all.iter().min_by_key(|(number, moves)| (moves.rank(), **number));
            let idlest = idlest.map(|(number, _)| *number);
            if let Some(gone) = idlest.and_then(|number| all.remove(&number)) {
                gone.goes.notify_one();
            }
        }
        *number += 1;
        all.insert(*number, Arc::clone(&moves));
        Place { places: Arc::clone(self), number: *number, moves }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Place {
    /// Watches what goes through a stream.
    pub(super) fn watch<S>(&self, stream: S) -> Watched<S> {
        Watched { stream, places: Arc::clone(&self.places), moves: Arc::clone(&self.moves) }
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        Standing(Arc::clone(&self.moves))
    }

    /// Returns when the connection has to go: another needs its place, or its client has taken
    /// nothing of an answer for so long.
    pub(super) async fn given_up(&self, patience: Duration) {
        let most = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        loop {
            if tokio::time::timeout(patience / 4, self.moves.goes.notified()).await.is_ok() {
                return;
            }
            let still = self.places.now().saturating_sub(self.moves.last.load(Relaxed));
            if self.moves.pours.load(Relaxed) && still >= most {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.places.taken).1.remove(&self.number);
    }
}

impl Moves {
    /// The lowest goes first.
    fn rank(&self) -> (bool, u64) {
        (self.known.load(Relaxed), self.last.load(Relaxed))
    }
}

/// How a connection stands, for who answers its requests.
#[derive(Clone, Debug)]
pub(super) struct Standing(Arc<Moves>);

impl Standing {
    /// A request of it was let in.
    pub(super) fn let_in(&self) {
        self.0.known.store(true, Relaxed);
    }
}

/// A stream whose movements are noted.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    places: Arc<Places>,
    moves: Arc<Moves>,
}

impl<S> Watched<S> {
    fn moved(&self) {
        self.moves.last.store(self.places.now(), Relaxed);
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.moves.pours.store(written.is_pending(), Relaxed);
        if written.is_ready() {
            self.moved();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(task, buffer);
        if buffer.filled().len() > before {
            self.moved();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(task, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(task, pieces);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn block_on(future: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future);
    }

    #[test]
    fn the_idlest_gives_its_place_to_a_new_one() {
        block_on(async {
            let places = Places::new(2);
            let (first, second) = (places.take(), places.take());
            tokio::time::sleep(Duration::from_millis(5)).await;
            let (mut near, far) = tokio::io::duplex(64);
            near.write_all(b"x").await.unwrap();
            first.watch(far).read_u8().await.unwrap();
            let third = places.take();
            second.given_up(Duration::from_secs(60)).await;
            drop(second);
            assert_eq!(locked(&places.taken).1.len(), 2);
            drop((first, third));
            assert!(locked(&places.taken).1.is_empty());
        });
    }

    #[test]
    fn strangers_push_out_nobody_who_was_let_in() {
        block_on(async {
            let places = Places::new(2);
            let known = places.take();
            known.standing().let_in();
            tokio::time::sleep(Duration::from_millis(5)).await;
            let mut strangers: Vec<Place> = (0..5).map(|_| places.take()).collect();
            assert!(locked(&places.taken).1.contains_key(&known.number));
            strangers.remove(0).given_up(Duration::from_secs(60)).await;
        });
    }

    #[test]
    fn a_client_that_takes_nothing_loses_its_place() {
        block_on(async {
            let places = Places::new(2);
            let place = places.take();
            let (_near, far) = tokio::io::duplex(4);
            let mut watched = place.watch(far);
            let pouring = watched.write_all(b"more than fits");
            tokio::select! {
                _ = pouring => panic!("nobody reads"),
                () = place.given_up(Duration::from_millis(40)) => {}
            }
            // One that is silent may go on being so.
            let quiet = places.take();
            let waited = quiet.given_up(Duration::from_millis(10));
            assert!(tokio::time::timeout(Duration::from_millis(60), waited).await.is_err());
        });
    }
}
