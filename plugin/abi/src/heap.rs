//! The heap: that of the standard library, entered by calls.

use std::alloc::{GlobalAlloc, Layout, System};

/// The standard library's heap. Left to itself the compiler copies its code to wherever a value is dropped, which makes
/// the module a tenth larger and nothing faster.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: every call goes to the standard library's heap as it is.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the callee.
        unsafe { System.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}
