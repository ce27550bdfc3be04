//! Where a service is: a host and a port that speak HTTP without TLS.

use std::{fmt, str::FromStr};

use axum::http::Uri;

/// An `http://HOST[:PORT]`, checked once, where it enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Uri);

impl Origin {
    /// For the names written down in this crate.
    pub(crate) fn from_static(uri: &'static str) -> Self {
        Self(Uri::from_static(uri))
    }

    /// The root of the service, with scheme and authority.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.authority().map_or("", |authority| authority.as_str()))
    }
}

/// Not an origin.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not HOST or HOST:PORT, such as `cart.shop` or `127.0.0.1:8081`; `http://` may stand before it, nothing after it"
)]
pub struct InvalidOrigin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = full.parse().map_err(|_| invalid())?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        let host = uri.authority().is_some_and(|authority| {
            let port_is_valid = authority.port().is_none() == authority.as_str().ends_with(authority.host());
            !authority.host().is_empty() && !authority.as_str().contains('@') && port_is_valid
        });
        if plain && host { Ok(Self(uri)) } else { Err(invalid()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_may_be_written_with_and_without_the_scheme() {
        for text in ["cart.shop", "127.0.0.1:8081", "[::1]:8081", "localhost:1"] {
            let bare: Origin = text.parse().unwrap();
            assert_eq!(bare, format!("http://{text}").parse().unwrap());
            assert_eq!(bare.to_string(), text);
        }
    }

    #[test]
    fn whatever_is_more_or_less_than_host_and_port_is_refused() {
        for text in [
            "",
            ":80",
            "https://cart.shop",
            "cart.shop/items",
            "cart.shop?a",
            "me@cart.shop",
            "cart.shop:99999",
            "cart shop",
            "http://",
        ] {
            let error = text.parse::<Origin>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
