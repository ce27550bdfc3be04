//! A request as Envoy hands it out.

use std::net::{IpAddr, SocketAddr};

use graylane_core::Request;
use graylane_core::name::ClaimName;
use proxy_wasm::hostcalls;

use crate::claims;

/// The header fields, copied out of Envoy in one call; all else is asked for when a decision needs it.
pub(crate) struct Fields(pub(crate) Vec<(String, Vec<u8>)>);

impl Request for Fields {
    fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()))
    }

    fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
        claims::find(name)
    }

    fn source_address(&self) -> Option<IpAddr> {
        let address = hostcalls::get_property(vec!["source", "address"]).ok().flatten()?;
        without_port(&address)
    }
}

/// The IP address of a peer, as Envoy writes it: `10.0.0.7:4711` or `[fd00::7]:4711`.
fn without_port(peer: &[u8]) -> Option<IpAddr> {
    let peer: SocketAddr = std::str::from_utf8(peer).ok()?.parse().ok()?;
    Some(peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_no_part_of_who_a_caller_is() {
        assert_eq!(without_port(b"10.0.0.7:4711"), Some([10, 0, 0, 7].into()));
        assert_eq!(without_port(b"[fd00::7]:4711"), Some("fd00::7".parse().unwrap()));
    }

    #[test]
    fn peers_without_ip_address_have_none() {
        for peer in [&b""[..], b"/tmp/envoy.sock", b"10.0.0.7", b"\xff\xfe"] {
            assert_eq!(without_port(peer), None);
        }
    }
}
