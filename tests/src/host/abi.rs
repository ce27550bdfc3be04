//! The numbers of Proxy-Wasm ABI 0.2.1, as closed enums (`proxy_wasm_common.h` of the C++ host).

/// What a host call answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// No such key, header, property or function.
    NotFound = 1,
    /// An argument is out of range, or the thing is not available in this callback.
    BadArgument = 2,
    /// A value has no byte form.
    SerializationFailure = 3,
    /// Bytes could not be parsed.
    ParseFailure = 4,
    /// A pointer leads outside the guest's memory.
    InvalidMemoryAccess = 6,
    /// A queue is empty.
    Empty = 7,
    /// Somebody else wrote the shared value first.
    CasMismatch = 8,
    /// The host failed.
    InternalFailure = 10,
    /// The host does not have this call. The Rust SDK does not know this status.
    Unimplemented = 12,
}

impl Status {
    /// The number that the guest sees.
    #[must_use]
    pub fn code(self) -> u32 {
        self as u32
    }
}

/// An error number of WASI preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Errno {
    BadFile = 8,
    Fault = 21,
    NoSys = 52,
    NotSupported = 58,
}

/// How serious a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum LogLevel {
    /// Step by step.
    Trace = 0,
    /// For developers.
    Debug = 1,
    /// Normal events.
    Info = 2,
    /// Something odd that was coped with.
    Warn = 3,
    /// Something failed.
    Error = 4,
    /// A panic.
    Critical = 5,
}

impl TryFrom<u32> for LogLevel {
    type Error = Status;

    fn try_from(level: u32) -> Result<Self, Status> {
        Ok(match level {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Critical,
            _ => return Err(Status::BadArgument),
        })
    }
}

/// Which header map a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapKind {
    RequestHeaders,
    ResponseHeaders,
    /// Trailers and callout maps: known to the ABI, never present in this host.
    Absent,
}

impl TryFrom<u32> for MapKind {
    type Error = Status;

    fn try_from(kind: u32) -> Result<Self, Status> {
        match kind {
            0 => Ok(Self::RequestHeaders),
            2 => Ok(Self::ResponseHeaders),
            1 | 3..=7 => Ok(Self::Absent),
            _ => Err(Status::BadArgument),
        }
    }
}

/// Which buffer a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BufferKind {
    RequestBody,
    ResponseBody,
    VmConfiguration,
    PluginConfiguration,
    /// Network and callout buffers: known to the ABI, never present in this host.
    Absent,
}

impl TryFrom<u32> for BufferKind {
    type Error = Status;

    fn try_from(kind: u32) -> Result<Self, Status> {
        match kind {
            0 => Ok(Self::RequestBody),
            1 => Ok(Self::ResponseBody),
            6 => Ok(Self::VmConfiguration),
            7 => Ok(Self::PluginConfiguration),
            2..=5 | 8 => Ok(Self::Absent),
            _ => Err(Status::BadArgument),
        }
    }
}

/// What kind of statistic a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum MetricKind {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

impl TryFrom<u32> for MetricKind {
    type Error = Status;

    fn try_from(kind: u32) -> Result<Self, Status> {
        match kind {
            0 => Ok(Self::Counter),
            1 => Ok(Self::Gauge),
            2 => Ok(Self::Histogram),
            _ => Err(Status::BadArgument),
        }
    }
}
