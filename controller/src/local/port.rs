//! Ports of loopback, each kept for one process over all of its restarts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port that the system gives to nobody else as long as this lives.
///
/// It is bound without listening. A process that asks for `SO_REUSEADDR`, as servers do to be restarted quickly, may
/// listen on it all the same.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    _kept: TcpSocket,
}

impl Port {
    /// The port `number`, or any free one for 0.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] when somebody listens on it, [`io::ErrorKind::PermissionDenied`] for ports that
    /// only root may use.
    pub(super) fn keep(number: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, number)))?;
        Ok(Self { address: socket.local_addr()?, _kept: socket })
    }

    /// Its address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_process_that_it_is_kept_for_may_listen_and_listen_again() {
        let port = Port::keep(0).unwrap();
        drop(TcpListener::bind(port.address()).unwrap());
        let _server = TcpListener::bind(port.address()).unwrap();
        let refusal = Port::keep(port.address().port()).unwrap_err();
        assert_eq!(refusal.kind(), io::ErrorKind::AddrInUse);
    }
}
