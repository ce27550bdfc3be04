//! What one process is told to be: the flags of `shop serve`, each also an environment variable.
//!
//! Knows nothing of sockets and protocols.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU64, ParseIntError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Forward, Origin};

/// The services of the shop, in the order of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Faces the user, calls cart.
    Web,
    /// Calls stock.
    Cart,
    /// Calls nobody.
    Stock,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Web => "web",
            Self::Cart => "cart",
            Self::Stock => "stock",
        })
    }
}

/// One instance of one service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// The service to play
    #[arg(long, env = "SHOP_SERVICE", value_enum)]
    pub service: Service,

    /// The version to report, any word
    #[arg(long, env = "SHOP_APP_VERSION", value_name = "VERSION")]
    pub app_version: String,

    /// The name of this process among its replicas [default: SERVICE-VERSION-0]
    #[arg(long, env = "SHOP_INSTANCE", value_name = "NAME")]
    pub instance: Option<String>,

    /// The address to serve HTTP/1.1, HTTP/2 without TLS and, as stock, gRPC on; port 0 takes a free one
    #[arg(long, env = "SHOP_LISTEN", value_name = "IP:PORT")]
    pub listen: SocketAddr,

    /// The service to call [default: cart.shop for web, stock.shop for cart]
    #[arg(long, env = "SHOP_NEXT", value_name = "HOST[:PORT]")]
    pub next: Option<Origin>,

    /// Where to send calls to instead of to their host: the outbound listener of a sidecar
    #[arg(long, env = "SHOP_EGRESS", value_name = "HOST:PORT")]
    pub egress: Option<Origin>,

    /// The headers of a request that go on with the call it causes
    #[arg(long, env = "SHOP_FORWARD", value_enum, default_value_t)]
    pub forward: Forward,

    /// Milliseconds that every answer takes longer
    #[arg(long = "latency-ms", env = "SHOP_LATENCY_MS", value_name = "MS", default_value = "0", value_parser = milliseconds)]
    pub latency: Duration,

    /// Milliseconds of processor time that every answer costs
    #[arg(long = "work-ms", env = "SHOP_WORK_MS", value_name = "MS", default_value = "0", value_parser = milliseconds)]
    pub work: Duration,

    /// Answer every Nth request with an error: 1 is all of them, 10 is ten percent
    #[arg(long, env = "SHOP_FAIL_EVERY", value_name = "N")]
    pub fail_every: Option<NonZeroU64>,
}

impl Config {
    /// A healthy instance on a free port of 127.0.0.1, with the defaults of `shop serve`.
    #[must_use]
    pub fn new(service: Service, app_version: &str) -> Self {
        Self {
            service,
            app_version: app_version.to_owned(),
            instance: None,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            next: None,
            egress: None,
            forward: Forward::default(),
            latency: Duration::ZERO,
            work: Duration::ZERO,
            fail_every: None,
        }
    }

    /// The name of the instance, given or by default.
    #[must_use]
    pub fn instance_name(&self) -> String {
        self.instance.clone().unwrap_or_else(|| format!("{}-{}-0", self.service, self.app_version))
    }
}

/// Flags that are each fine, but not together.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// The end of the chain was given a service to call.
    #[error("next (--next, SHOP_NEXT) is `{0}`, but stock ends the chain and calls nobody: leave it out")]
    StockCallsNobody(Origin),
}

fn milliseconds(text: &str) -> Result<Duration, ParseIntError> {
    text.parse().map(Duration::from_millis)
}
