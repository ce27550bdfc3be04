//! Memory that changes hands: the host asks for some, fills it, and tells where it lies.
//!
//! What a request needs of it is given back when it has been read, and lent to the host again: no request takes the heap's
//! time, once there are pieces that are large enough, one for its headers and one for what is asked for meanwhile.

use std::alloc::{Layout, alloc};
use std::cell::Cell;
use std::ops::Deref;
use std::ptr;

use crate::Refused;

/// Pieces that are larger are not kept: a machine's memory never shrinks.
const LARGEST_KEPT: usize = 1 << 16;

/// An allocation of bytes: where it lies, and its capacity.
type Piece = (*mut u8, usize);

const NONE: Piece = (ptr::null_mut(), 0);

thread_local! {
    /// What has been given back, the larger piece first; nobody else knows them.
    static SPARE: Cell<[Piece; 2]> = const { Cell::new([NONE; 2]) };
    /// The piece that the host has, if it was a spare one.
    static LENT: Cell<Piece> = const { Cell::new(NONE) };
}

/// Bytes that the host has given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(Vec<u8>);

impl Given {
    /// The bytes as an allocation of their own, for whoever keeps them.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<u8>> for Given {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Given {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        let mut own = std::mem::take(&mut self.0);
        let [larger, smaller] = SPARE.with(Cell::get);
        let (spare, capacity) = smaller;
        if !(capacity + 1..=LARGEST_KEPT).contains(&own.capacity()) {
            return;
        }
        let own_piece = (own.as_mut_ptr(), own.capacity());
        let pieces = if own.capacity() > larger.1 { [own_piece, larger] } else { [larger, own_piece] };
        SPARE.with(|spare| spare.set(pieces));
        std::mem::forget(own);
        if capacity > 0 {
            // SAFETY: the smaller piece was a vector of that capacity, and is no spare piece any more.
            drop(unsafe { Vec::from_raw_parts(spare, 0, capacity) });
        }
    }
}

/// Memory for `size` bytes that the host is to fill; null for none, and where there is no more.
pub(crate) fn allocate(size: usize) -> *mut u8 {
    let [larger, smaller] = SPARE.with(Cell::get);
    if (1..=larger.1).contains(&size) {
        let (own, other) = if size <= smaller.1 { (smaller, larger) } else { (larger, smaller) };
        SPARE.with(|spare| spare.set([other, NONE]));
        LENT.with(|lent| lent.set(own));
        return own.0;
    }
    match Layout::array::<u8>(size) {
        // SAFETY: the layout is not empty.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => ptr::null_mut(),
    }
}

/// Makes a call that gives bytes through the two pointers it is called with, and takes them over.
///
/// # Safety
/// The call must be one of the host that gives bytes: either it answers a refusal, or it leaves a null pointer, or memory
/// that it has got from [`allocate`] for this very size and has filled (`copyToPointerSize` of the C++ host).
pub(crate) unsafe fn take(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Given, Refused> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    let status = call(&raw mut bytes, &raw mut size);
    // SAFETY: by the contract of this function.
    unsafe { received(status, bytes, size) }
}

/// What a call has given; out of its way, for all of them.
///
/// # Safety
/// The address and the size are those that such a call has left.
unsafe fn received(status: u32, bytes: *mut u8, size: usize) -> Result<Given, Refused> {
    let (lent, capacity) = LENT.with(|lent| lent.replace(NONE));
    Refused::check(status)?;
    if bytes.is_null() || size == 0 {
        return Ok(Given::default());
    }
    let capacity = if bytes == lent { capacity } else { size };
    // SAFETY: an initialised allocation that no one else knows, with the layout of a `[u8]` of that capacity: the spare
    // piece, or one that was made for this very size.
    Ok(Given(unsafe { Vec::from_raw_parts(bytes, size, capacity) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that gives `content`.
    fn giving(content: &'static [u8]) -> impl FnOnce(*mut *mut u8, *mut usize) -> u32 {
        move |at, at_size| {
            let place = allocate(content.len());
            if !place.is_null() {
                // SAFETY: just allocated for as many bytes.
                unsafe { place.copy_from_nonoverlapping(content.as_ptr(), content.len()) };
            }
            // SAFETY: the caller's own variables.
            unsafe {
                *at = place;
                *at_size = content.len();
            }
            0
        }
    }

    fn given(content: &'static [u8]) -> Given {
        // SAFETY: it gives as the host does.
        unsafe { take(giving(content)) }.unwrap()
    }

    #[test]
    fn what_the_host_writes_is_what_is_taken() {
        for content in [&b"gray"[..], b"a longer text", b"short", b"x", b"and the longest text of all"] {
            assert_eq!(*given(content), *content);
            assert_eq!(given(content).into_vec(), content);
        }
    }

    #[test]
    fn what_is_given_back_is_lent_again_and_what_is_held_is_not() {
        let first = given(b"twelve bytes");
        let place = first.as_ptr();
        let second = given(b"four");
        assert_ne!(second.as_ptr(), place);
        drop(first);
        let third = given(b"four");
        assert_eq!((third.as_ptr(), &*third, &*second), (place, &b"four"[..], &b"four"[..]));
        drop(second);
        drop(third);
        assert_eq!(given(b"all of twelve").len(), 13);
    }

    #[test]
    fn two_pieces_are_kept_the_largest_and_the_smallest_that_will_do_is_lent() {
        let all = [given(b"four"), given(b"eight by"), given(b"twelve bytes")];
        let [_, eight, twelve] = all.each_ref().map(|given| given.as_ptr());
        drop(all);
        let (small, large) = (given(b"six by"), given(b"the two"));
        assert_eq!((small.as_ptr(), large.as_ptr()), (eight, twelve));
        assert_eq!((&*small, &*large), (&b"six by"[..], &b"the two"[..]));
        drop((large, small));
        let (large, small) = (given(b"ten bytes."), given(b"x"));
        assert_eq!((small.as_ptr(), large.as_ptr()), (eight, twelve));
    }

    #[test]
    fn a_host_that_asks_for_memory_and_then_refuses_does_no_harm() {
        drop(given(b"spare"));
        // SAFETY: it refuses.
        let refused = unsafe {
            take(|_, _| {
                allocate(3);
                1
            })
        };
        assert_eq!(refused, Err(Refused(1)));
        assert_eq!(*given(b"more"), *b"more");
    }

    #[test]
    fn nothing_is_taken_where_nothing_is_given() {
        // SAFETY: they give nothing.
        unsafe {
            assert_eq!(take(giving(b"")), Ok(Given::default()));
            assert_eq!(take(|_, _| 0), Ok(Given::default()));
        }
    }

    #[test]
    fn a_refusal_keeps_its_number_known_or_not() {
        for status in [1, 2, 10, 12, 4711, u32::MAX] {
            // SAFETY: it refuses.
            assert_eq!(unsafe { take(|_, _| status) }, Err(Refused(status)));
        }
    }

    #[test]
    fn more_memory_than_there_can_be_is_refused() {
        assert!(allocate(usize::MAX).is_null());
        assert!(allocate(0).is_null());
    }
}
