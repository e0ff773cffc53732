//! How much memory a thread holds, counted where it is allocated.
//!
//! Owns the one figure that can bound a script's memory: what a script builds is the engine's, out
//! of our sight, but all of it comes from the allocator. Never refuses an allocation.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait; this one only counts")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

thread_local! {
    /// Bytes allocated by this thread and not freed by it. What another thread frees stays
    /// counted here, so only differences over a short time mean something.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread holds; differences count, the figure itself may be negative.
#[must_use]
pub fn held() -> isize {
    HELD.get()
}

#[cfg(test)]
thread_local! {
    /// Bytes that this thread has ever allocated.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that this thread has ever allocated, whatever became of them.
#[cfg(test)]
pub(crate) fn taken() -> usize {
    TAKEN.get()
}

/// Counts what is allocated, where anybody asks.
#[inline]
fn take(bytes: usize) {
    #[cfg(test)]
    TAKEN.set(TAKEN.get().wrapping_add(bytes));
    #[cfg(not(test))]
    let _ = bytes;
}

/// An allocator that counts what each thread holds.
#[derive(Debug)]
pub struct Counted<A>(pub A);

// SAFETY: every call goes to the allocator inside with the caller's own arguments, and its answer
// comes back unchanged. The counter is a plain integer without a destructor, so that touching it
// neither allocates nor fails while a thread ends.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counted<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add_unsigned(layout.size()));
        take(layout.size());
        // SAFETY: the caller keeps this method's contract, which is the inner one's.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub_unsigned(layout.size()));
        // SAFETY: as above.
        unsafe { self.0.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add_unsigned(layout.size()));
        take(layout.size());
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let held = HELD.get().wrapping_sub_unsigned(layout.size());
        HELD.set(held.wrapping_add_unsigned(size));
        take(size);
        // SAFETY: as above.
        unsafe { self.0.realloc(pointer, layout, size) }
    }
}

/// Tests count as the program does.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: Counted<std::alloc::System> = Counted(std::alloc::System);

#[cfg(test)]
mod tests {
    use super::held;

    #[test]
    fn what_a_thread_holds_is_counted() {
        let before = held();
        let mut bytes: Vec<u8> = Vec::with_capacity(1000);
        assert_eq!(held() - before, 1000);
        bytes.reserve_exact(5000);
        assert_eq!(held() - before, 5000);
        drop(bytes);
        assert_eq!(held(), before);
    }
}
