//! A request as Envoy hands it out.

use graylane_abi::{HeaderMap, host};

use graylane_core::name::ClaimName;
use graylane_core::{Line, Request};

use crate::claims;

/// The header fields, read in the one buffer that Envoy has filled; all else is asked for when a decision needs it.
pub(crate) struct Incoming(pub(crate) HeaderMap);

impl Request for Incoming {
    fn headers(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.pairs()
    }

    fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
        claims::find(name)
    }

    fn source_address(&self) -> Option<Vec<u8>> {
        let peer = host::property(&["source", "address"]).ok()?;
        without_port(&peer).map(<[u8]>::to_vec)
    }

    fn principal(&self) -> Option<Vec<u8>> {
        host::property(&["connection", "uri_san_peer_certificate"]).ok().filter(|id| !id.is_empty())
    }
}

/// The IP address of a peer, which Envoy writes as `10.0.0.7:4711` or `[fd00::7]:4711`. Other peers have none.
fn without_port(peer: &[u8]) -> Option<&[u8]> {
    let colon = peer.iter().rposition(|byte| *byte == b':')?;
    let (address, port) = peer.split_at_checked(colon)?;
    let address = address.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(address);
    let is_port = port.len() > 1 && port.iter().skip(1).all(u8::is_ascii_digit);
    let is_address = !address.is_empty() && address.iter().all(|byte| byte.is_ascii_hexdigit() || b".:".contains(byte));
    (is_port && is_address).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_no_part_of_who_a_caller_is() {
        assert_eq!(without_port(b"10.0.0.7:4711"), Some(&b"10.0.0.7"[..]));
        assert_eq!(without_port(b"[fd00::7]:4711"), Some(&b"fd00::7"[..]));
    }

    #[test]
    fn peers_without_ip_address_have_none() {
        for peer in [&b""[..], b"/tmp/envoy.sock", b"10.0.0.7", b"@envoy:7", b"10.0.0.7:", b":80", b"\xff\xfe:1"] {
            assert_eq!(without_port(peer), None);
        }
    }
}
