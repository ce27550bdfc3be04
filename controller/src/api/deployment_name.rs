//! The name of a Deployment.

use std::borrow::Cow;
use std::fmt;

use graylane_core::name::ServiceName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The name of a Deployment: an RFC 1123 subdomain that leaves room for the suffix of a ReplicaSet's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentName(String);

/// A text that names no Deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no Deployment: 1 to 240 of a-z, 0-9, '-' and '.', each part a valid label, are allowed")]
pub struct InvalidDeploymentName(String);

/// What is left of the 253 characters of an object's name beside `-` and a version of 12.
const LONGEST: usize = 240;

impl DeploymentName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeploymentName {
    type Error = InvalidDeploymentName;
    fn try_from(name: String) -> Result<Self, InvalidDeploymentName> {
        if name.len() <= LONGEST && ServiceName::is_valid(&name) {
            Ok(Self(name))
        } else {
            Err(InvalidDeploymentName(name))
        }
    }
}

impl From<DeploymentName> for String {
    fn from(name: DeploymentName) -> Self {
        name.0
    }
}

impl fmt::Display for DeploymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for DeploymentName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "DeploymentName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": LONGEST,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
        })
    }
}
