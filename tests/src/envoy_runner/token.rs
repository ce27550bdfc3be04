//! Tokens that the proxies can verify, and the filter that does so.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Known to test proxies and to nobody else.
const KEY: &[u8] = b"a key of 32 bytes for these tests";

/// A token with these claims, signed by HMAC-SHA-256 (RFC 7515, RFC 7518 section 3.2).
pub(super) fn signed(claims: &BTreeMap<String, Value>) -> Result<String> {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY)?;
    mac.update(format!("{header}.{payload}").as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Ok(format!("{header}.{payload}.{signature}"))
}

/// The filter that verifies tokens, and lets requests without a good one pass as having none.
pub(super) fn verifier() -> Value {
    let keys = json!({"keys": [{"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(KEY)}]});
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"tests": {
                "local_jwks": {"inline_string": keys.to_string()},
                "payload_in_metadata": "jwt_payload",
                "forward": true,
            }},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
                {"provider_name": "tests"}, {"allow_missing_or_failed": {}},
            ]}}}],
        },
    })
}
