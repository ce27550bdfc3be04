//! The values that labels and gauges of closed meaning may have.

use std::fmt;

use crate::config::Phase;

/// The class of a response's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponseClass {
    /// 100 to 199, upgrades included.
    Informational,
    /// 200 to 299.
    Success,
    /// 300 to 399.
    Redirection,
    /// 400 to 499.
    ClientError,
    /// 500 to 599.
    ServerError,
    /// There was no response: the stream was reset.
    None,
}

impl ResponseClass {
    /// Every class.
    pub const ALL: [Self; 6] =
        [Self::Informational, Self::Success, Self::Redirection, Self::ClientError, Self::ServerError, Self::None];

    /// The class of the text of a status.
    #[must_use]
    pub fn of_status(status: &[u8]) -> Self {
        match status {
            [b'1', _, _] => Self::Informational,
            [b'2', _, _] => Self::Success,
            [b'3', _, _] => Self::Redirection,
            [b'4', _, _] => Self::ClientError,
            [b'5', _, _] => Self::ServerError,
            _ => Self::None,
        }
    }

    /// The label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
            Self::None => "none",
        }
    }
}

/// The upper bound of a latency bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// So many milliseconds.
    Millis(u32),
    /// Any time at all.
    Infinite,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millis(bound) => write!(f, "{bound}"),
            Self::Infinite => f.write_str("+Inf"),
        }
    }
}

/// Where a filter stands, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhaseLabel {
    /// A phase.
    Known(Phase),
    /// No configuration that says so could be read.
    Unknown,
}

impl PhaseLabel {
    /// The label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known(Phase::Gateway) => "gateway",
            Self::Known(Phase::SidecarInbound) => "inbound",
            Self::Known(Phase::SidecarOutbound) => "outbound",
            Self::Unknown => "unknown",
        }
    }
}

/// What a filter goes by; the value of [`Metric::State`](super::Metric::State).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigState {
    /// Nothing: no usable configuration was ever given, requests pass untouched.
    PassThrough = 0,
    /// The configuration that it was given last.
    Current = 1,
    /// The last good one: a newer one was refused.
    LastGood = 2,
}
