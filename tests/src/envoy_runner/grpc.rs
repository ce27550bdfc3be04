//! As much of gRPC over HTTP/2 as a call needs (PROTOCOL-HTTP2.md of gRPC: length-prefixed messages, status in trailers).

use anyhow::{Context, Result, ensure};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::HeaderValue;

/// The trailer that says how a call went; 0 is well.
pub(super) const STATUS: &str = "grpc-status";

/// A message: uncompressed, its length, its bytes.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0][..], &length.to_be_bytes(), message].concat().into()
}

/// Takes the first message off `bytes`, if all of it is there.
pub(super) fn take_message(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?);
    let end = 5 + usize::try_from(length).ok()?;
    let message = bytes.get(5..end)?.to_vec();
    bytes.drain(..end);
    Some(message)
}

/// The trailers of a call that went well.
pub(super) fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(hyper::header::HeaderName::from_static(STATUS), HeaderValue::from_static("0"))])
}

/// Whether `trailers` say that the call went well.
pub(super) fn check(trailers: &HeaderMap) -> Result<()> {
    let status = trailers.get(STATUS).context("a call without status")?;
    ensure!(status == "0", "the call ended with status {status:?}");
    Ok(())
}
