//! The way in: what Envoy may call.

/// A request and its response, by the number that Envoy gives them. Numbers only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// A configuration of one plugin, by the number that Envoy gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootId(pub u32);

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// It goes on.
    Continue = 0,
    /// It waits; with a response of the filter's own, that is its end.
    Pause = 1,
}

/// What Envoy calls, each for the request or configuration at hand.
///
/// Nothing tells when a request begins or what configuration it belongs to, and nothing when a configuration ends: those
/// callbacks cost every request a microsecond and more.
pub trait Filter {
    /// A configuration of `size` bytes has come ([`host::configuration`](crate::host::configuration)). It can not be
    /// refused: Envoy answers 500 to every request while a first configuration is.
    fn on_configure(root: RootId, size: usize);
    /// The time that was asked for with [`host::tick_every`](crate::host::tick_every) has passed.
    fn on_tick(root: RootId);
    /// The headers of a request are here.
    fn on_request_headers(stream: StreamId) -> Action;
    /// The headers of its response are here.
    fn on_response_headers(stream: StreamId);
    /// Both have ended, however they did. Also called for streams that ended before their headers were complete.
    fn on_log(stream: StreamId);
}

/// Exports a [`Filter`] to Envoy.
#[macro_export]
macro_rules! export {
    ($filter:ty) => {
        // Nobody calls a filter where there is no Envoy; it is looked at all the same.
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::is_filter::<$filter>();

        #[cfg(target_family = "wasm")]
        mod exports {
            use super::*;
            use $crate::{Action, Filter, RootId, StreamId};

            #[unsafe(no_mangle)]
            extern "C" fn _initialize() {
                $crate::initialise();
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_abi_version_0_2_1() {}

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
                $crate::allocate(size)
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_configure(root: u32, size: usize) -> u32 {
                <$filter as Filter>::on_configure(RootId(root), size);
                1
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_tick(root: u32) {
                <$filter as Filter>::on_tick(RootId(root));
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_request_headers(stream: u32, _count: usize, _end: u32) -> u32 {
                <$filter as Filter>::on_request_headers(StreamId(stream)) as u32
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_response_headers(stream: u32, _count: usize, _end: u32) -> u32 {
                <$filter as Filter>::on_response_headers(StreamId(stream));
                Action::Continue as u32
            }

            #[unsafe(no_mangle)]
            extern "C" fn proxy_on_log(stream: u32) {
                <$filter as Filter>::on_log(StreamId(stream));
            }
        }
    };
}

/// Compiles for filters only.
#[doc(hidden)]
pub const fn is_filter<F: Filter>() {}

/// What the linker would call in a program: the constructors of the C library, once.
#[doc(hidden)]
pub fn initialise() {
    #[cfg(target_family = "wasm")]
    {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        // SAFETY: the linker makes this function for every module, and the host calls `_initialize` once, first.
        unsafe { __wasm_call_ctors() };
    }
}

/// Memory that the host is to fill.
#[doc(hidden)]
#[must_use]
pub fn allocate(size: usize) -> *mut u8 {
    crate::given::allocate(size)
}
