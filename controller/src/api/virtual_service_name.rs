//! The name of a `VirtualService`.

use std::borrow::Cow;
use std::fmt;

use graylane_core::name::ServiceName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The name of a `VirtualService`: an RFC 1123 subdomain, as most objects have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VirtualServiceName(String);

/// A text that names no `VirtualService`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no VirtualService: 1 to 253 of a-z, 0-9, '-' and '.', each part a valid label, are allowed")]
pub struct InvalidVirtualServiceName(String);

impl VirtualServiceName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VirtualServiceName {
    type Error = InvalidVirtualServiceName;
    fn try_from(name: String) -> Result<Self, InvalidVirtualServiceName> {
        if ServiceName::is_valid(&name) { Ok(Self(name)) } else { Err(InvalidVirtualServiceName(name)) }
    }
}

impl From<VirtualServiceName> for String {
    fn from(name: VirtualServiceName) -> Self {
        name.0
    }
}

impl fmt::Display for VirtualServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for VirtualServiceName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "VirtualServiceName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": 253,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        })
    }
}
