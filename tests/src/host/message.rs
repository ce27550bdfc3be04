//! What a test sends through a proxy.

use super::headers::Headers;
use super::properties::{Properties, joined};

/// A request as the filter chain first sees it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub(super) headers: Headers,
    pub(super) body: Option<Vec<u8>>,
    pub(super) properties: Properties,
}

impl Request {
    /// A request without body.
    #[must_use]
    pub fn new(headers: Headers) -> Self {
        Self { headers, ..Self::default() }
    }

    /// Gives it a body, which arrives in one piece once the filter has let the headers go on.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives it a property of its own, such as `["source", "address"]`; it hides the proxy's.
    #[must_use]
    pub fn property<'a>(mut self, path: impl IntoIterator<Item = &'a str>, value: impl Into<Vec<u8>>) -> Self {
        self.properties.set(joined(path), value.into());
        self
    }
}

impl From<Headers> for Request {
    fn from(headers: Headers) -> Self {
        Self::new(headers)
    }
}

/// A response as it comes from the upstream.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub(super) headers: Headers,
    pub(super) body: Option<Vec<u8>>,
}

impl Response {
    /// A response without body.
    #[must_use]
    pub fn new(headers: Headers) -> Self {
        Self { headers, body: None }
    }

    /// Gives it a body, which arrives in one piece after the headers.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl From<Headers> for Response {
    fn from(headers: Headers) -> Self {
        Self::new(headers)
    }
}
