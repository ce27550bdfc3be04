//! The sticky cookie: an opaque id, never a version.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::CookieName;
use crate::problem::Quoted;
use crate::read::{At, Read, read_choice};

/// A cookie that gives callers without identity one, so that they stay where a split has put them.
///
/// Attributes as in RFC 6265 section 4.1.2. Always `HttpOnly`: no script needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StickyCookie {
    /// The cookie's name.
    pub name: CookieName,
    /// How long the caller keeps it, in seconds; 30 days when absent.
    #[serde(default = "thirty_days", deserialize_with = "crate::integer::deserialize")]
    pub max_age_seconds: u32,
    /// The paths it is sent to; `/` when absent.
    #[serde(default = "root")]
    pub path: CookieText,
    /// The domain it is sent to; absent: only the host that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<CookieText>,
    /// Whether it is sent with requests that other sites cause.
    #[serde(default)]
    pub same_site: SameSite,
    /// Whether it is sent over TLS only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secure: bool,
}

const fn thirty_days() -> u32 {
    30 * 24 * 60 * 60
}

fn root() -> CookieText {
    CookieText("/".to_owned())
}

/// The `SameSite` attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SameSite {
    /// Sent on top-level navigation from elsewhere, and from the site itself.
    #[default]
    Lax,
    /// Sent from the site itself only.
    Strict,
    /// Sent always; browsers then want `secure`.
    None,
}

/// Text that can stand as a cookie attribute: printable ASCII without `;`, up to 255 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CookieText(String);

/// Text that can not stand as a cookie attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid cookie attribute {}: {ALLOWED}", Quoted(.0))]
pub struct InvalidCookieText(String);

const ALLOWED: &str = "1 to 255 printable ASCII characters without ';'";

fn is_cookie_text(text: &str) -> bool {
    let printable = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b';';
    (1..=255).contains(&text.len()) && text.bytes().all(printable)
}

impl TryFrom<String> for CookieText {
    type Error = InvalidCookieText;
    fn try_from(text: String) -> Result<Self, InvalidCookieText> {
        if is_cookie_text(&text) { Ok(Self(text)) } else { Err(InvalidCookieText(text)) }
    }
}

impl Read for CookieText {
    fn read(at: &mut At<'_>) -> Self {
        Self(at.checked(is_cookie_text, ALLOWED).to_owned())
    }
}

impl Read for StickyCookie {
    fn read(at: &mut At<'_>) -> Self {
        at.open(&["name", "maxAgeSeconds", "path", "domain", "sameSite", "secure"]);
        Self {
            name: at.required("name"),
            max_age_seconds: at.or("maxAgeSeconds", thirty_days),
            path: at.or("path", root),
            domain: at.optional("domain"),
            same_site: at.defaulted("sameSite"),
            secure: at.defaulted("secure"),
        }
    }
}

read_choice!(SameSite { "lax" => Lax, "strict" => Strict, "none" => None });

impl From<CookieText> for String {
    fn from(text: CookieText) -> Self {
        text.0
    }
}

impl fmt::Display for CookieText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CookieText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CookieText".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -:<-~]+$"
        })
    }
}

impl StickyCookie {
    /// The `Set-Cookie` value that gives out `id`.
    #[must_use]
    pub fn set_cookie(&self, id: &str) -> String {
        let Self { name, max_age_seconds, path, domain, same_site, secure } = self;
        let domain = domain.as_ref().map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let same_site = match same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        };
        let secure = if *secure { "; Secure" } else { "" };
        format!("{name}={id}; Max-Age={max_age_seconds}; Path={path}{domain}; SameSite={same_site}{secure}; HttpOnly")
    }
}
