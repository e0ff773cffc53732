//! How much memory a thread holds, counted where it is allocated.
//!
//! Owns the one figure that can bound a script's memory: what a script builds is the engine's, out
//! of our sight, but all of it comes from the allocator. Never refuses an allocation.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait; this one only counts")]

mod front;

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::OnceLock;

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

/// Takes the first element, in the same time however many there are.
pub(crate) fn pop_front<T>(vector: &mut Vec<T>) -> Option<T> {
    if vector.is_empty() {
        return None;
    }
    if size_of::<T>() == 0 || !is_counted() {
        return Some(vector.remove(0));
    }
    // SAFETY: the program's allocator is `Counted`, which asks.
    Some(unsafe { front::take_first(vector) })
}

/// Whether the program's allocator is the one that counts.
fn is_counted() -> bool {
    static COUNTED: OnceLock<bool> = OnceLock::new();
    *COUNTED.get_or_init(|| {
        let before = held();
        let probe = black_box(Box::new(0_u64));
        let grown = held().wrapping_sub(before);
        drop(probe);
        grown == 8
    })
}

/// An allocator that counts what each thread holds.
#[derive(Debug)]
pub struct Counted<A>(pub A);

// SAFETY: every call goes to the allocator inside with the caller's own arguments, but for blocks that
// begin later (`front.rs`), which are given as they were allocated, and its answer comes back unchanged. The counter is a plain integer without a destructor, so that touching it
// neither allocates nor fails while a thread ends.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counted<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add_unsigned(layout.size()));
        take(layout.size());
        // SAFETY: the caller keeps this method's contract, which is the inner one's.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let (pointer, layout) = match front::whole(pointer, layout.size()) {
            // SAFETY: so it was allocated.
            Some((pointer, size)) => unsafe {
                (pointer, Layout::from_size_align_unchecked(size, layout.align()))
            },
            None => (pointer, layout),
        };
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
        if front::begins_later(pointer, layout.size()) {
            // SAFETY: the caller keeps this method's contract, and so the size and the alignment are
            // those of a layout; both blocks are as long as what is copied.
            unsafe {
                let wanted = Layout::from_size_align_unchecked(size, layout.align());
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    let length = layout.size().min(size);
                    std::ptr::copy_nonoverlapping(pointer, moved, length);
                    self.dealloc(pointer, layout);
                }
                return moved;
            }
        }
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
    use std::collections::VecDeque;

    use super::{held, pop_front};

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

    /// An element that notices when it is dropped twice, or never.
    #[derive(Clone, PartialEq, Debug)]
    struct Text(String, u64);

    fn texts(range: std::ops::Range<u64>) -> Vec<Text> {
        range.map(|n| Text(n.to_string(), n)).collect()
    }

    #[test]
    fn elements_come_from_the_front_in_order_and_nothing_is_lost_or_kept() {
        let before = held();
        for (length, grow) in
            [(0, 1), (1, 0), (1000, 3), (5000, 0), (5000, 1), (5000, 2), (20_000, 1)]
        {
            let mut vector = texts(0..length);
            let mut model: VecDeque<Text> = vector.iter().cloned().collect();
            for n in 0..3 * length + 10 {
                assert_eq!(pop_front(&mut vector), model.pop_front());
                for more in texts(n..n + grow * (n % 2)) {
                    vector.push(more.clone());
                    model.push_back(more);
                }
                if n % 997 == 0 {
                    assert!(vector.iter().eq(model.iter()), "{length} {grow} {n}");
                }
            }
            assert!(vector.iter().eq(model.iter()));
        }
        assert_eq!(held(), before, "memory is counted as it is freed");
    }

    #[test]
    fn what_is_left_is_a_vector_like_any_other() {
        let shifted = || {
            let mut vector = texts(0..5000);
            for _ in 0..1500 {
                pop_front(&mut vector);
            }
            vector
        };
        let mut shrunk = shifted();
        shrunk.truncate(10);
        shrunk.shrink_to_fit();
        assert_eq!(shrunk, texts(1500..1510));
        let mut grown = shifted();
        grown.reserve(1_000_000);
        grown.insert(0, Text("x".to_owned(), 7));
        assert_eq!((grown.len(), grown[1].1), (3501, 1500));
        let boxed = shifted().into_boxed_slice();
        assert_eq!(boxed[0].1, 1500);
        let moved = std::thread::spawn({
            let vector = shifted();
            move || vector.len()
        });
        assert_eq!(moved.join().unwrap(), 3500);
        let copy = shifted().clone();
        assert!(copy.iter().map(|text| text.1).eq(1500..5000));
    }

    #[test]
    fn more_vectors_than_there_is_book_kept_of_are_moved() {
        let mut vectors: Vec<Vec<Text>> = (0..200).map(|_| texts(0..1200)).collect();
        for round in 0..5 {
            for vector in &mut vectors {
                assert_eq!(pop_front(vector).map(|text| text.1), Some(round));
            }
        }
        assert!(vectors.iter().all(|vector| vector.len() == 1195 && vector[0].1 == 5));
    }

    /// Not measured by a clock: moved each time, a million elements would take minutes.
    #[test]
    fn a_long_queue_is_emptied_in_the_time_that_it_takes_to_look_at_it() {
        let mut vector: Vec<u128> = (0..1_000_000).collect();
        let second = &raw const vector[1];
        assert_eq!((pop_front(&mut vector), vector.as_ptr()), (Some(0), second), "nothing moves");
        let mut sum = 0;
        while let Some(first) = pop_front(&mut vector) {
            sum += first;
        }
        assert_eq!(sum, 499_999_500_000);
    }
}
