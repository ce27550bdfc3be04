//! Who may choose lanes for requests from outside: whoever can sign.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Audience, KeyId};
use crate::read::{At, Read, read_object};

/// Signed overrides that a gateway honours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Overrides {
    /// Whom an override must be meant for.
    pub audience: Audience,
    /// The longest that an override may still be good for when it is used, in seconds; a day when absent.
    #[serde(default = "a_day", deserialize_with = "crate::integer::deserialize")]
    pub max_age_seconds: u32,
    /// The keys that sign. Several, while one replaces another.
    pub keys: Vec<OverrideKey>,
}

const fn a_day() -> u32 {
    24 * 60 * 60
}

/// A key that signs overrides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OverrideKey {
    /// Its name, by which an override says which key signed it.
    pub id: KeyId,
    /// The key.
    pub secret: Secret,
}

/// A secret text of 32 to 512 bytes. Only a configuration shows it: neither logs nor messages do.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(Box<str>);

/// Text that is no secret; it does not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is no good: {ALLOWED}")]
pub struct InvalidSecret;

const ALLOWED: &str = "32 to 512 bytes, for example of `openssl rand -hex 32`";

impl Secret {
    /// Checks and wraps `text`.
    ///
    /// # Errors
    /// [`InvalidSecret`] when it is too short to be one, or too long.
    pub fn new(text: &str) -> Result<Self, InvalidSecret> {
        if (32..=512).contains(&text.len()) { Ok(Self(text.into())) } else { Err(InvalidSecret) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl TryFrom<String> for Secret {
    type Error = InvalidSecret;
    fn try_from(text: String) -> Result<Self, InvalidSecret> {
        Self::new(&text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.into()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // A schema counts characters, which have one to four bytes each.
        schemars::json_schema!({"type": "string", "minLength": 8, "maxLength": 512})
    }
}

impl Read for Secret {
    fn read(at: &mut At<'_>) -> Self {
        let text = at.text();
        // Not by `At::checked`, whose message shows the text.
        Self::new(text).unwrap_or_else(|_| {
            at.refuse(format!("has {} bytes", text.len()), ALLOWED);
            Self("".into())
        })
    }
}

impl Read for Overrides {
    fn read(at: &mut At<'_>) -> Self {
        at.open(&["audience", "maxAgeSeconds", "keys"]);
        Self {
            audience: at.required("audience"),
            max_age_seconds: at.or("maxAgeSeconds", a_day),
            keys: at.required("keys"),
        }
    }
}

read_object!(OverrideKey { id: required "id", secret: required "secret" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_a_configuration_only() {
        let text = "0123456789abcdef0123456789abcdef";
        let secret = Secret::new(text).unwrap();
        assert!(!format!("{secret:?}").contains("0123"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), format!("\"{text}\""));
        let told =
            crate::read::document::<Secret>(&crate::json::Json::Text("too short".into())).unwrap_err().to_string();
        assert!(!told.contains("too short") && told.contains("has 9 bytes"), "{told}");
    }
}
