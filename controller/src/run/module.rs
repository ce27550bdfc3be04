//! The module that the controller hands out: whether it is a filter at all, asked before any proxy gets it.

use std::fmt::Write as _;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use wasmparser::{ExternalKind, Parser, Payload, Validator};

use crate::cluster::ModuleSource;

/// What Envoy calls, or looks for, in a filter that decides (Proxy-Wasm ABI 0.2.1).
const NEEDED: [&str; 5] = [
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_configure",
    "proxy_on_request_headers",
    "proxy_on_tick",
];

/// Why a file is no filter.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is no module, or a damaged one.
    #[error("it is no valid WebAssembly module: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// It is a module, of something else.
    #[error("it is no Proxy-Wasm filter of ours: it exports no function \"{0}\"")]
    Missing(&'static str),
}

/// A filter, which has been looked at.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    bytes: Bytes,
    sha256: String,
}

impl Filter {
    /// The filter that `bytes` are.
    pub(super) fn read(bytes: Bytes) -> Result<Self, Unfit> {
        Validator::new().validate_all(&bytes)?;
        let mut exports = Vec::new();
        for payload in Parser::new(0).parse_all(&bytes) {
            if let Payload::ExportSection(section) = payload? {
                for export in section {
                    let export = export?;
                    exports.extend((export.kind == ExternalKind::Func).then_some(export.name));
                }
            }
        }
        if let Some(missing) = NEEDED.into_iter().find(|needed| !exports.contains(needed)) {
            return Err(Unfit::Missing(missing));
        }
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            // Writing to a string can not fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Self { bytes, sha256 })
    }

    /// Where proxies get it, if `advertised` leads to [`Filter::serve`]: at an address that names its content, so that no
    /// cache is ever stale.
    pub(super) fn source(&self, advertised: &str) -> ModuleSource {
        let url = format!("{}/module/{}", advertised.trim_end_matches('/'), self.file());
        ModuleSource { url, sha256: Some(self.sha256.clone()) }
    }

    /// Serves it. Whoever asks for another one is told to come again, which Istio's agent does: while controllers are
    /// exchanged, the next one may have it, by a new connection.
    pub(super) fn serve(self) -> Router {
        let answer = move |Path(file): Path<String>| std::future::ready(self.answer(&file));
        Router::new().route("/module/{file}", get(answer))
    }

    fn answer(&self, file: &str) -> Response {
        if file == self.file() {
            return ([(CONTENT_TYPE, "application/wasm")], self.bytes.clone()).into_response();
        }
        let advice = format!("this controller has {}; another one may have {file:?}\n", self.file());
        (StatusCode::SERVICE_UNAVAILABLE, [(CONNECTION, "close")], advice).into_response()
    }

    fn file(&self) -> String {
        format!("{}.wasm", self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest module with these functions.
    fn module(exports: &[&str]) -> Bytes {
        let exports: Vec<_> = exports.iter().map(|name| format!("(func (export {name:?}))")).collect();
        Bytes::from(wat::parse_str(format!("(module {})", exports.concat())).unwrap())
    }

    #[test]
    fn what_is_no_filter_never_reaches_a_proxy() {
        let text = |bytes: Bytes| Filter::read(bytes).unwrap_err().to_string();
        assert!(text(Bytes::from_static(b"<html>not found</html>")).contains("no valid WebAssembly module"));
        assert!(text(module(&NEEDED).slice(..40)).contains("no valid WebAssembly module"));
        for missing in NEEDED {
            let others: Vec<&str> = NEEDED.into_iter().filter(|name| *name != missing).collect();
            assert!(text(module(&others)).contains(&format!("{missing:?}")));
        }
        assert!(Filter::read(module(&NEEDED)).is_ok());
    }

    #[test]
    fn another_module_than_ours_is_to_be_asked_for_again() {
        let filter = Filter::read(module(&NEEDED)).unwrap();
        let source = filter.source("http://graylane:8080/");
        let file = source.url.strip_prefix("http://graylane:8080/module/").unwrap();
        assert_eq!(filter.answer(file).status(), StatusCode::OK);
        let other = filter.answer(&format!("{}.wasm", "0".repeat(64)));
        assert_eq!(
            (other.status(), &other.headers()[CONNECTION]),
            (StatusCode::SERVICE_UNAVAILABLE, &"close".parse().unwrap())
        );
    }
}
