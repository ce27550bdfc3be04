//! The shop: three ordinary services to release new versions of.
//!
//! ```text
//! web --HTTP/1.1--> cart --gRPC--> stock
//! ```
//!
//! Each process plays one service in one version, and answers with the chain of hops behind it.
//! The services know of no mesh: they call each other by name, pass some request headers on as their framework would,
//! and only for show report two headers that they happened to see.
//!
//! This library is the services themselves, so that a test can run them in its own process, and [`Hop`], the answer as
//! a client reads it.

mod config;
mod dialer;
mod faults;
mod forward;
mod grpc;
mod hop;
mod http;
mod instance;
mod next;
mod origin;
mod updates;
mod work;

use std::{io, net::SocketAddr, sync::Arc};

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use config::{Config, InvalidConfig, Service};
pub use forward::Forward;
pub use grpc::proto;
pub use hop::{Failure, Hop};
pub use origin::{InvalidOrigin, Origin};
pub use updates::Update;

use instance::Instance;

/// Why an instance could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The address to listen on is taken, or is not ours.
    #[error("cannot listen on {address}; choose a free port, or port 0 to be given one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Starts one instance: from the return on, its address accepts connections.
///
/// The future serves until `stop` is cancelled; then it refuses new connections, ends streams that would never end by
/// themselves, lets every other open request finish, and returns.
///
/// # Errors
/// If the configuration contradicts itself or its address cannot be listened on.
pub async fn serve(
    config: Config,
    stop: CancellationToken,
) -> Result<(SocketAddr, impl Future<Output = io::Result<()>> + Send + 'static), ServeError> {
    let address = config.listen;
    let instance = Arc::new(Instance::new(config)?);
    let listening = async {
        let listener = TcpListener::bind(address).await?;
        Ok((listener.local_addr()?, listener))
    };
    let (address, listener) = listening.await.map_err(|source| ServeError::Listen { address, source })?;

    // Answers are small: waiting for more bytes to fill a packet would only add delay. A socket that refuses is slower.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let router = http::router(&instance, &stop);
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    Ok((address, serving.into_future()))
}
