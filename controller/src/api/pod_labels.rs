//! Labels by which pods of one version are told from others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use graylane_core::name::VersionName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Labels that a pod must have, all of them: 1 to 8, in the form that Kubernetes gives labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct PodLabels(BTreeMap<String, String>);

/// Labels that no pod can have, or that say nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPodLabels {
    /// None, or too many.
    #[error("{0} labels: 1 to {MOST} are allowed")]
    Number(usize),
    /// A name or a value is none.
    #[error(
        "{0:?} is no label: [PREFIX/]NAME and a value of up to 63 of a-z, A-Z, 0-9, '-', '_' and '.', starting and ending with a letter or digit, are allowed"
    )]
    Form(String),
}

/// More would tell versions apart that nobody can.
const MOST: usize = 8;

/// The label by which Istio and its tools tell versions apart.
const VERSION: &str = "version";

impl PodLabels {
    /// `version: VERSION`, which is how Istio's own examples label versions.
    #[must_use]
    pub fn of_version(version: &VersionName) -> Self {
        Self(BTreeMap::from([(VERSION.to_owned(), version.to_string())]))
    }

    /// One label, of a valid name and value.
    pub(crate) fn one(name: &str, value: &VersionName) -> Self {
        Self(BTreeMap::from([(name.to_owned(), value.to_string())]))
    }

    /// Whether something with `labels` has all of these.
    #[must_use]
    pub fn select(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

impl TryFrom<BTreeMap<String, String>> for PodLabels {
    type Error = InvalidPodLabels;
    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, InvalidPodLabels> {
        if labels.is_empty() || labels.len() > MOST {
            return Err(InvalidPodLabels::Number(labels.len()));
        }
        let wrong = labels.iter().find(|(name, value)| !is_name(name) || !(value.is_empty() || is_part(value)));
        match wrong {
            Some((name, value)) => Err(InvalidPodLabels::Form(format!("{name}={value}"))),
            None => Ok(Self(labels)),
        }
    }
}

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
fn is_name(name: &str) -> bool {
    let (prefix, name) = name.rsplit_once('/').map_or((None, name), |(prefix, name)| (Some(prefix), name));
    is_part(name) && prefix.is_none_or(graylane_core::name::ServiceName::is_valid)
}

fn is_part(text: &str) -> bool {
    VersionName::is_valid(text)
}

impl From<PodLabels> for BTreeMap<String, String> {
    fn from(labels: PodLabels) -> Self {
        labels.0
    }
}

impl fmt::Display for PodLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

impl JsonSchema for PodLabels {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PodLabels".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": MOST,
            "additionalProperties": {
                "type": "string",
                "description": "The value of the label.",
                "maxLength": 63,
                "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[(&str, &str)]) -> Result<PodLabels, InvalidPodLabels> {
        let owned = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect::<BTreeMap<_, _>>().try_into()
    }

    #[test]
    fn a_pod_is_selected_by_all_labels_and_not_by_some() {
        let wanted = labels(&[("app", "cart"), ("version", "v2")]).unwrap();
        let has = |all: &[(&str, &str)]| wanted.select(&labels(all).unwrap().into());
        assert!(has(&[("app", "cart"), ("version", "v2"), ("more", "")]));
        assert!(!has(&[("app", "cart")]) && !has(&[("app", "cart"), ("version", "v1")]));
    }

    #[test]
    fn labels_have_the_form_that_kubernetes_gives_them() {
        assert!(labels(&[("app.kubernetes.io/name", "a_B.9"), ("empty", "")]).is_ok());
        for wrong in [("a b", "c"), ("-a", "b"), ("a", "b-"), ("UPPER/a", "b"), ("/a", "b"), ("", "b")] {
            assert!(labels(&[wrong]).is_err(), "{wrong:?}");
        }
        assert_eq!(labels(&[]), Err(InvalidPodLabels::Number(0)));
    }
}
