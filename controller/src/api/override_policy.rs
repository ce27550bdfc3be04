//! Signed overrides, and where the keys that sign them come from.

use std::path::PathBuf;

use graylane_core::name::{Audience, KeyId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Signed overrides that gateways honour: texts by which testers choose the lanes of their requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverridePolicy {
    /// Whom an override must be meant for, for example the host of the shop: one that is signed for another mesh is no
    /// good here.
    pub audience: Audience,
    /// The longest that an override may still be good for when it is used, in seconds; a day when absent.
    #[serde(default = "a_day")]
    #[schemars(range(min = 1))]
    pub max_age_seconds: u32,
    /// The keys that sign. To replace one, add the new, sign with it, and take the old one away once all that it has
    /// signed has ended.
    #[schemars(
        length(min = 1, max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"])
    )]
    pub keys: Vec<OverrideKeyPolicy>,
}

const fn a_day() -> u32 {
    24 * 60 * 60
}

/// A key that signs overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideKeyPolicy {
    /// Its name, by which an override says which key signed it.
    pub id: KeyId,
    /// Where the key itself is. One that is not found is not honoured.
    pub from: SecretSource,
}

/// Where a secret text of 32 to 512 bytes is; white space around it does not count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// In a Secret in the namespace of the controller.
    SecretRef(SecretRef),
    /// In a file, beside the one that this policy is read from: for a local mesh.
    File(PathBuf),
}

/// One value of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretRef {
    /// The name of the Secret.
    pub name: String,
    /// The key in its data.
    pub key: String,
}
