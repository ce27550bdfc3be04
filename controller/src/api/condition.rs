//! Conditions of objects, in the form that Kubernetes gives them, with closed sets of types and reasons.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One aspect of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which aspect.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in a word.
    pub reason: Reason,
    /// Why, in a sentence.
    pub message: String,
    /// When it last began or ceased to hold.
    #[schemars(with = "String")]
    pub last_transition_time: Timestamp,
    /// The generation of the object that this speaks of.
    pub observed_generation: i64,
}

/// The aspects of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionType {
    /// What the object says can be done.
    Accepted,
    /// Of a release: the Deployments run what they say, and everybody is served by it. Of a lane: all of its versions
    /// serve.
    Ready,
    /// The release does not go on by itself.
    Stalled,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Why a condition holds or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Reason {
    /// All is in order.
    Valid,
    /// The object contradicts another one, or itself.
    Refused,
    /// A Deployment that is named is not there.
    DeploymentNotFound,
    /// A Service that is named is not there.
    ServiceNotFound,
    /// A Service of another namespace is named, which only an object over there may say something about.
    ForeignNamespace,
    /// Somebody else's `VirtualService` that is not named routes a Service.
    ForeignVirtualService,
    /// A `VirtualService` that is named is not there.
    VirtualServiceNotFound,
    /// A `VirtualService` that is named routes the Service nowhere, or to subsets of its own.
    VirtualServiceUnfit,
    /// Another object says something else about the same service or Deployment.
    Conflict,
    /// Nothing says which pods serve everyone who is in no lane.
    BaseUnknown,
    /// A Service sends to no pod of a Deployment that is named.
    SelectorMismatch,
    /// What selects the pods of one version selects those of another one, too.
    SelectorOverlap,
    /// A secret that is named, or its key, is not there.
    SecretNotFound,
    /// A secret that is named may or can not be read.
    SecretNotReadable,
    /// What is there under the name of a secret is none.
    SecretUnfit,
    /// Proxies can not get the module by the delivery that the policy asks for.
    DeliveryImpossible,
    /// Several autoscalers scale one Deployment.
    AutoscalerConflict,
    /// No version of a Deployment has ever been available, so there is nothing to return to.
    NoStableVersion,
    /// A changed Deployment rolls out by itself, because nothing paused it in time.
    NotHeld,
    /// There is nothing to release.
    Idle,
    /// The last release was completed.
    Completed,
    /// A release is under way.
    Progressing,
    /// Somebody has paused the release, or must approve the next step.
    Paused,
    /// A version has not enough ready replicas, or a lane's version no ready endpoint.
    NotEnoughReady,
    /// Proxies have not taken the last change.
    LaggingProxies,
    /// Proxies sent requests of the new version elsewhere.
    SteeringMismatch,
    /// The release was aborted.
    Aborted,
}

impl Condition {
    /// Puts this condition among `conditions` in the place of its type; the time stays when the status does.
    pub fn record(mut self, conditions: &mut Vec<Self>) {
        match conditions.iter_mut().find(|condition| condition.kind == self.kind) {
            Some(before) => {
                if before.status == self.status {
                    self.last_transition_time = before.last_transition_time;
                }
                *before = self;
            }
            None => conditions.push(self),
        }
    }
}
