//! Elements taken from the front of a vector without moving those behind them.
//!
//! Owns the blocks of memory whose front is not used any more: the allocator is asked to free or to move
//! what is left of one, and does so with the whole. Never changes what a vector holds.
#![expect(unsafe_code, reason = "a vector begins further on in its block")]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is shorter is moved: that takes no longer than to keep book of it.
const LEAST_BYTES: usize = 16 << 10;
/// So many at once; vectors beyond are moved.
const MOST: usize = 64;

/// A block that is used from `start` on.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    whole: usize,
    size: usize,
}

static BLOCKS: Mutex<[Option<Block>; MOST]> = Mutex::new([None; MOST]);
/// How many there are, so that nobody locks where there is none.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn blocks() -> MutexGuard<'static, [Option<Block>; MOST]> {
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the first element of a vector that is not empty.
///
/// # Safety
///
/// The program's allocator asks [`whole`] of each block that it frees, and [`begins_later`] of each that
/// it would make longer or shorter where it is.
pub(super) unsafe fn take_first<T>(vector: &mut Vec<T>) -> T {
    let (width, bytes) = (size_of::<T>(), size_of::<T>() * vector.capacity());
    // What is left has to be recognised by its size when it is freed.
    let is_long = bytes.saturating_sub(width) >= LEAST_BYTES && vector.len() * width >= LEAST_BYTES;
    if !is_long || !begin_later(vector.as_ptr().expose_provenance(), width, bytes) {
        return vector.remove(0);
    }
    let mut old = ManuallyDrop::new(std::mem::take(vector));
    let (pointer, length, capacity) = (old.as_mut_ptr(), old.len(), old.capacity());
    // SAFETY: there is a first element, and nobody reads it again, since the vector begins behind it now.
    // By the caller's word the allocator takes what is left, of this capacity, for a block of its own.
    unsafe {
        let first = pointer.read();
        *vector = Vec::from_raw_parts(pointer.add(1), length - 1, capacity - 1);
        first
    }
}

/// Notes that the block of `size` bytes at `start` begins later from now on.
fn begin_later(start: usize, by: usize, size: usize) -> bool {
    let mut blocks = blocks();
    if let Some(block) = blocks.iter_mut().flatten().find(|block| block.start == start) {
        block.start += by;
        return true;
    }
    let Some(free) = blocks.iter_mut().find(|block| block.is_none()) else { return false };
    *free = Some(Block { start: start + by, whole: start, size });
    COUNT.fetch_add(1, Ordering::Release);
    true
}

/// The whole of a block that begins later, and its size; it is forgotten by this.
pub(super) fn whole(pointer: *mut u8, size: usize) -> Option<(*mut u8, usize)> {
    if size < LEAST_BYTES || COUNT.load(Ordering::Acquire) == 0 {
        return None;
    }
    let start = pointer.expose_provenance();
    let mut blocks = blocks();
    let found = blocks.iter_mut().find(|block| block.is_some_and(|block| block.start == start))?;
    COUNT.fetch_sub(1, Ordering::Release);
    let Block { whole, size, .. } = found.take()?;
    Some((std::ptr::with_exposed_provenance_mut(whole), size))
}

/// Whether a block begins later, and so cannot be made longer or shorter where it is.
pub(super) fn begins_later(pointer: *mut u8, size: usize) -> bool {
    let start = pointer.addr();
    size >= LEAST_BYTES
        && COUNT.load(Ordering::Acquire) > 0
        && blocks().iter().flatten().any(|block| block.start == start)
}
