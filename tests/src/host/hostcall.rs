//! The host calls that this host answers.

use std::fmt;

/// An import of the guest, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named as in the ABI")]
pub enum Hostcall {
    Log,
    GetLogLevel,
    GetCurrentTime,
    SetTickPeriod,
    SetEffectiveContext,
    Done,
    GetBufferBytes,
    GetBufferStatus,
    SetBufferBytes,
    GetHeaderMapValue,
    AddHeaderMapValue,
    ReplaceHeaderMapValue,
    RemoveHeaderMapValue,
    GetHeaderMapPairs,
    SetHeaderMapPairs,
    GetHeaderMapSize,
    GetProperty,
    SetProperty,
    GetSharedData,
    SetSharedData,
    DefineMetric,
    IncrementMetric,
    RecordMetric,
    GetMetric,
    SendLocalResponse,
    ContinueStream,
    CloseStream,
    CallForeignFunction,
    FdWrite,
    EnvironGet,
    EnvironSizesGet,
    ClockTimeGet,
    RandomGet,
    ProcExit,
}

impl Hostcall {
    /// The name that a module imports it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "proxy_log",
            Self::GetLogLevel => "proxy_get_log_level",
            Self::GetCurrentTime => "proxy_get_current_time_nanoseconds",
            Self::SetTickPeriod => "proxy_set_tick_period_milliseconds",
            Self::SetEffectiveContext => "proxy_set_effective_context",
            Self::Done => "proxy_done",
            Self::GetBufferBytes => "proxy_get_buffer_bytes",
            Self::GetBufferStatus => "proxy_get_buffer_status",
            Self::SetBufferBytes => "proxy_set_buffer_bytes",
            Self::GetHeaderMapValue => "proxy_get_header_map_value",
            Self::AddHeaderMapValue => "proxy_add_header_map_value",
            Self::ReplaceHeaderMapValue => "proxy_replace_header_map_value",
            Self::RemoveHeaderMapValue => "proxy_remove_header_map_value",
            Self::GetHeaderMapPairs => "proxy_get_header_map_pairs",
            Self::SetHeaderMapPairs => "proxy_set_header_map_pairs",
            Self::GetHeaderMapSize => "proxy_get_header_map_size",
            Self::GetProperty => "proxy_get_property",
            Self::SetProperty => "proxy_set_property",
            Self::GetSharedData => "proxy_get_shared_data",
            Self::SetSharedData => "proxy_set_shared_data",
            Self::DefineMetric => "proxy_define_metric",
            Self::IncrementMetric => "proxy_increment_metric",
            Self::RecordMetric => "proxy_record_metric",
            Self::GetMetric => "proxy_get_metric",
            Self::SendLocalResponse => "proxy_send_local_response",
            Self::ContinueStream => "proxy_continue_stream",
            Self::CloseStream => "proxy_close_stream",
            Self::CallForeignFunction => "proxy_call_foreign_function",
            Self::FdWrite => "fd_write",
            Self::EnvironGet => "environ_get",
            Self::EnvironSizesGet => "environ_sizes_get",
            Self::ClockTimeGet => "clock_time_get",
            Self::RandomGet => "random_get",
            Self::ProcExit => "proc_exit",
        }
    }

    /// The module that it is imported from.
    pub(super) fn module(self) -> &'static str {
        if self.name().starts_with("proxy_") { PROXY } else { WASI }
    }

    /// Whether it may be called while the VM is being initialised (`startVm` of the C++ host).
    pub(super) fn is_allowed_at_start(self) -> bool {
        self == Self::Log || self.module() == WASI
    }
}

impl fmt::Display for Hostcall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where Proxy-Wasm calls are imported from.
pub(super) const PROXY: &str = "env";
/// Where WASI calls are imported from.
pub(super) const WASI: &str = "wasi_snapshot_preview1";
/// The older name of the same.
pub(super) const WASI_UNSTABLE: &str = "wasi_unstable";

/// Calls of the ABI that Envoy answers and this host does not have.
pub(super) const UNMODELLED_PROXY: &[&str] = &[
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_close",
    "proxy_grpc_cancel",
    "proxy_get_status",
];

/// Calls of WASI that Envoy answers and this host does not have.
pub(super) const UNMODELLED_WASI: &[&str] = &[
    "args_get",
    "args_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_read",
    "fd_seek",
    "path_filestat_get",
    "path_open",
    "poll_oneoff",
    "sched_yield",
];
