//! An allocator that can be told to loop: in what the host calls to pass values in (realloc), and in
//! what it calls to have answers given back (post-return).

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// An allocation of exactly so many bytes loops without any order: to be met while the host lowers a
/// call's arguments, before any code of the guest has seen them.
const FATAL_SIZE: usize = 1_000_003;

/// A block of exactly so many bytes loops when it is given back: an answer's text of this length is met
/// in post-return, after the export has returned.
pub(crate) const FATAL_TO_FREE: usize = 70_001;

static ALLOC: AtomicBool = AtomicBool::new(false);

/// From now on every allocation loops.
pub(crate) fn loop_in_alloc() {
    ALLOC.store(true, Ordering::Relaxed);
}

/// Loops in a way that no optimiser removes.
pub(crate) fn forever() -> ! {
    let turns = AtomicU32::new(0);
    loop {
        black_box(turns.fetch_add(1, Ordering::Relaxed));
    }
}

struct Looping;

// SAFETY: every allocation is the system's; all that is added is that some never return.
unsafe impl GlobalAlloc for Looping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ALLOC.load(Ordering::Relaxed) || layout.size() == FATAL_SIZE {
            forever();
        }
        // SAFETY: passed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if layout.size() == FATAL_TO_FREE {
            forever();
        }
        // SAFETY: passed on as it came.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if ALLOC.load(Ordering::Relaxed) || size == FATAL_SIZE {
            forever();
        }
        // SAFETY: passed on as it came.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Looping = Looping;
