//! What the status of the mesh policy says: whether it can be followed, and whether its secrets are there.

use jiff::Timestamp;

use super::object::envoy_filter;
use super::{Settings, World};
use crate::api::{
    Condition, ConditionStatus, ConditionType, Delivery, MeshPolicy, MeshPolicySpec, MeshPolicyStatus, Reason,
    SecretRef, SecretSource,
};
use crate::release::Objection;

/// Why a secret that is named can not be used. It never shows what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSecret {
    /// There is no such object.
    #[error("there is no such Secret in the namespace of the controller: create it there")]
    NotFound,
    /// The object has no such key.
    #[error("the Secret has no such key: add it, or mend the name of the key")]
    NoKey,
    /// The controller may not read it.
    #[error("the controller may not get it: name it in the resourceNames of the Role \"graylane\"")]
    Forbidden,
    /// What is there is no secret.
    #[error("{0}")]
    Unfit(String),
    /// The API server does not answer.
    #[error("it can not be read now: {0}")]
    Unreachable(String),
}

impl NoSecret {
    fn reason(&self) -> Reason {
        match self {
            Self::NotFound | Self::NoKey => Reason::SecretNotFound,
            Self::Forbidden | Self::Unreachable(_) => Reason::SecretNotReadable,
            Self::Unfit(_) => Reason::SecretUnfit,
        }
    }
}

/// The secrets in a cluster that a policy names, each with the index of its key.
pub(crate) fn named(policy: &MeshPolicySpec) -> impl Iterator<Item = (usize, &SecretRef)> {
    let keys = policy.overrides.iter().flat_map(|overrides| &overrides.keys);
    keys.enumerate().filter_map(|(index, key)| match &key.from {
        SecretSource::SecretRef(named) => Some((index, named)),
        SecretSource::File(_) => None,
    })
}

/// The next status of the policy; `refusal` is what the planner says of it.
pub(super) fn status(
    world: &World,
    settings: &Settings,
    policy: &MeshPolicy,
    refusal: Option<Objection>,
    before: &MeshPolicyStatus,
    now: Timestamp,
) -> MeshPolicyStatus {
    let generation = policy.metadata.generation.unwrap_or_default();
    let missing = || named(&policy.spec).find_map(|(index, named)| missing(world, index, named));
    let objection = refusal.or_else(missing).or_else(|| file(policy)).or_else(|| undeliverable(policy, settings));
    let (holds, reason, message) = match objection {
        Some(Objection { reason, message }) => (false, reason, message),
        None => (true, Reason::Valid, "the policy is followed".to_owned()),
    };
    let mut conditions = before.conditions.clone();
    let condition = Condition {
        kind: ConditionType::Accepted,
        status: ConditionStatus::from(holds),
        reason,
        message,
        last_transition_time: now,
        observed_generation: generation,
    };
    condition.record(&mut conditions);
    MeshPolicyStatus { observed_generation: generation, accepted: before.accepted.clone(), conditions }
}

fn missing(world: &World, index: usize, named: &SecretRef) -> Option<Objection> {
    // One that was not asked for yet is told when it was.
    let why = world.secrets.get(named)?.as_ref().err()?;
    let SecretRef { name, key } = named;
    let message =
        format!("spec.overrides.keys[{index}].from.secretRef: {key:?} of Secret {name:?} is not honoured: {why}");
    Some(Objection { reason: why.reason(), message })
}

/// What Envoy does not have when the filter comes.
fn undeliverable(policy: &MeshPolicy, settings: &Settings) -> Option<Objection> {
    let module = &settings.module;
    if policy.spec.delivery != Delivery::EnvoyFilter || envoy_filter::code(module).is_some() {
        return None;
    }
    let message = format!(
        "spec.delivery: EnvoyFilter can not deliver {:?}, so WasmPlugin does: give the controller a --module-url file:// that every proxy has",
        module.url
    );
    Some(Objection { reason: Reason::DeliveryImpossible, message })
}

/// A file says nothing in a cluster.
fn file(policy: &MeshPolicy) -> Option<Objection> {
    let keys = policy.spec.overrides.iter().flat_map(|overrides| &overrides.keys);
    let index = keys.into_iter().position(|key| matches!(key.from, SecretSource::File(_)))?;
    let message = format!(
        "spec.overrides.keys[{index}].from.file: files are for local meshes: name a Secret in the namespace of the controller"
    );
    Some(Objection { reason: Reason::SecretNotFound, message })
}
