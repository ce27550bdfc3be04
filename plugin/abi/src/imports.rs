//! The calls themselves, as the C++ host declares them (`exports.h`). Sizes and addresses are 32 bits wide there.

/// Declares calls: imports of the module, and calls that are always refused where there is no host.
macro_rules! calls {
    ($from:literal: $(fn $name:ident($($argument:ident: $kind:ty),* $(,)?);)*) => {
        #[cfg(target_family = "wasm")]
        #[link(wasm_import_module = $from)]
        unsafe extern "C" {
            $(pub(crate) fn $name($($argument: $kind),*) -> u32;)*
        }

        $(#[cfg(not(target_family = "wasm"))]
        #[allow(clippy::too_many_arguments, reason = "the host's signature")]
        pub(crate) unsafe fn $name($(_: $kind),*) -> u32 {
            crate::Refused::UNIMPLEMENTED.0
        })*
    };
}

// Proxy-Wasm has no chance of its own; hosts of WASI have, and Envoy is one (`random_get` of its `wasi_snapshot_preview1`).
calls! {
    "wasi_snapshot_preview1":
    fn random_get(at: *mut u8, size: usize);
}

calls! {
    "env":
    fn proxy_log(level: u32, text: *const u8, text_size: usize);
    fn proxy_get_current_time_nanoseconds(at: *mut u64);
    fn proxy_set_tick_period_milliseconds(period: u32);
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, longest: usize, at: *mut *mut u8, at_size: *mut usize);
    fn proxy_get_property(path: *const u8, path_size: usize, at: *mut *mut u8, at_size: *mut usize);
    fn proxy_get_header_map_pairs(map: u32, at: *mut *mut u8, at_size: *mut usize);
    fn proxy_get_header_map_value(
        map: u32, name: *const u8, name_size: usize, at: *mut *mut u8, at_size: *mut usize,
    );
    fn proxy_replace_header_map_value(
        map: u32, name: *const u8, name_size: usize, value: *const u8, value_size: usize,
    );
    fn proxy_add_header_map_value(
        map: u32, name: *const u8, name_size: usize, value: *const u8, value_size: usize,
    );
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize);
    fn proxy_send_local_response(
        status: u32, details: *const u8, details_size: usize, body: *const u8, body_size: usize,
        headers: *const u8, headers_size: usize, grpc_status: i32,
    );
    fn proxy_get_shared_data(
        key: *const u8, key_size: usize, at: *mut *mut u8, at_size: *mut usize, at_cas: *mut u32,
    );
    fn proxy_set_shared_data(key: *const u8, key_size: usize, value: *const u8, value_size: usize, cas: u32);
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, at: *mut u32);
    fn proxy_increment_metric(metric: u32, by: i64);
    fn proxy_record_metric(metric: u32, value: u64);
    fn proxy_get_metric(metric: u32, at: *mut u64);
}
