//! Memory that changes hands: the host asks for some, fills it, and tells where it lies.

use std::alloc::{Layout, alloc};
use std::ptr;

use crate::Refused;

/// Memory for `size` bytes that the host is to fill; null for none, and where there is no more.
pub(crate) fn allocate(size: usize) -> *mut u8 {
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
pub(crate) unsafe fn take(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, Refused> {
    let (mut bytes, mut size) = (ptr::null_mut(), 0);
    Refused::check(call(&raw mut bytes, &raw mut size))?;
    if bytes.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    #[expect(clippy::same_length_and_capacity, reason = "the host fills all that it asks for")]
    // SAFETY: by the contract of this function, an initialised allocation with the layout of a `[u8]` of that size, which
    // no one else knows.
    let given = unsafe { Vec::from_raw_parts(bytes, size, size) };
    Ok(given)
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

    #[test]
    fn what_the_host_writes_is_what_is_taken() {
        // SAFETY: it gives as the host does.
        assert_eq!(unsafe { take(giving(b"gray")) }, Ok(b"gray".to_vec()));
    }

    #[test]
    fn nothing_is_taken_where_nothing_is_given() {
        // SAFETY: they give nothing.
        unsafe {
            assert_eq!(take(giving(b"")), Ok(Vec::new()));
            assert_eq!(take(|_, _| 0), Ok(Vec::new()));
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
