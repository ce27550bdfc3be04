//! Who can see what: the only place where anything that a table says may be left unchecked.

use std::fmt;

/// What scenarios are played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The pure core, called directly.
    Core,
    /// The compiled module in a Proxy-Wasm host of our own.
    Module,
    /// The compiled module in real Envoys.
    Envoy,
}

/// One side of what becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Which upstream served it.
    Served,
    /// Its headers as the upstream saw them.
    Upstream,
    /// The cookie that the client is given.
    Cookie,
    /// The explanation that the client is given.
    Explanation,
    /// The status of the response.
    Status,
    /// The response's other headers.
    Response,
    /// Service, version, lane and reason.
    Decided,
    /// Malformed and stripped headers.
    Events,
    /// How often an upstream was called.
    Attempts,
}

/// How an aspect is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// At once, for each request.
    Direct,
    /// In counters, which are compared with all that should have been counted.
    Counted,
    /// Not at all, for this reason.
    None(&'static str),
}

impl Aspect {
    /// Every aspect.
    pub const ALL: [Self; 9] = [
        Self::Served,
        Self::Upstream,
        Self::Cookie,
        Self::Explanation,
        Self::Status,
        Self::Response,
        Self::Decided,
        Self::Events,
        Self::Attempts,
    ];
}

/// How `kind` sees `aspect`.
#[must_use]
pub fn observation(kind: Kind, aspect: Aspect) -> Observation {
    match (kind, aspect) {
        (_, Aspect::Served | Aspect::Upstream | Aspect::Cookie | Aspect::Explanation)
        | (Kind::Core, Aspect::Decided | Aspect::Events)
        | (Kind::Module, Aspect::Status | Aspect::Response)
        | (Kind::Envoy, Aspect::Status | Aspect::Response | Aspect::Attempts) => Observation::Direct,
        (Kind::Module | Kind::Envoy, Aspect::Decided | Aspect::Events) => Observation::Counted,
        (Kind::Core, Aspect::Status | Aspect::Response) => Observation::None("the core decides and does not answer"),
        (Kind::Core | Kind::Module, Aspect::Attempts) => Observation::None("only a proxy tries again"),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Core => "core",
            Self::Module => "module",
            Self::Envoy => "Envoy",
        })
    }
}
