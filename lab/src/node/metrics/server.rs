//! HTTP over TLS, with a certificate that only its own clients know.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use super::{NoMetrics, PORT};

/// How long a client may take to say hello. The next one waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that takes connections.
pub(super) struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

/// A server called `name`, and its certificate, in PEM.
pub(super) async fn listen(name: &str) -> Result<(Server, String), NoMetrics> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    Ok((Server { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }, cert.pem()))
}

impl Server {
    pub(super) async fn run(self, router: Router) {
        // It has no end but that of its task.
        let _ = axum::serve(self, router).await;
    }
}

impl Listener for Server {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if let Ok(Ok(stream)) = timeout(PATIENCE, self.acceptor.accept(stream)).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
