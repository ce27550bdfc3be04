//! Callers with certificates: a listener for each, behind which Envoy itself speaks mutual TLS to the inbound proxy.
//!
//! The client so needs no TLS, and the filter sees what it sees in a mesh: the id in a certificate that was verified.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use serde_json::{Value, json};

const TLS: &str = "envoy.transport_sockets.tls";
/// Whom the inbound proxy says it is; no caller asks.
const ITSELF: &str = "spiffe://cluster.local/ns/shop/sa/itself";

/// Who signs certificates here.
pub(super) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Peers have the usual name, and a certificate that is called like its issuer would be its own.
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate()?;
        Ok(Self { certificate: params.self_signed(&key)?.pem(), issuer: Issuer::new(params, key) })
    }

    /// What a peer with the id `id` shows, and whom it believes.
    fn peer(&self, id: &str) -> Result<Value> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.subject_alt_names.push(SanType::URI(id.try_into()?));
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(json!({
            "tls_certificates": [{
                "certificate_chain": {"inline_string": certificate.pem()},
                "private_key": {"inline_string": key.serialize_pem()},
            }],
            "validation_context": {"trusted_ca": {"inline_string": self.certificate}},
        }))
    }

    /// How the inbound proxy asks callers for certificates.
    pub(super) fn server(&self) -> Result<Value> {
        Ok(json!({"name": TLS, "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": self.peer(ITSELF)?,
            "require_client_certificate": true,
        }}))
    }

    /// The cluster by which `id` calls the inbound proxy.
    pub(super) fn cluster(&self, id: &str, folder: &Path) -> Result<Value> {
        Ok(json!({
            "name": id,
            "type": "STATIC",
            "load_assignment": {
                "cluster_name": id,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(folder)}}]}],
            },
            "transport_socket": {"name": TLS, "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "common_tls_context": self.peer(id)?,
            }},
        }))
    }
}

/// Where the inbound proxy takes mutual TLS.
pub(super) fn address(folder: &Path) -> Value {
    json!({"pipe": {"path": folder.join("inbound.sock")}})
}

/// The listeners of callers, each called by its id.
pub(super) fn listeners(ids: &BTreeSet<String>) -> impl Iterator<Item = Value> {
    ids.iter().map(|id| {
        json!({
            "name": id,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "filter_chains": [{"filters": [{
                "name": "envoy.filters.network.tcp_proxy",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                    "stat_prefix": "caller",
                    "cluster": id,
                },
            }]}],
        })
    })
}
