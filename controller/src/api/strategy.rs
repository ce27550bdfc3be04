//! How the new version of a Deployment takes over.

use graylane_core::Percentage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WaitTime;

/// How the new version takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Strategy {
    /// Step by step, by weight.
    pub canary: Canary,
}

/// Step by step, by weight. After the last step the new version gets everybody and becomes stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Canary {
    /// The steps, in order. Rules hold from the first step on: begin with a pause to have testers only.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub steps: Vec<Step>,
    /// How many replicas the new version of each workload has before the last step; as many as its weight asks for, at
    /// least one, when absent. `setReplicas` overrides it from its step on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub replicas: Option<u32>,
    /// For how long the old pods stay after everybody is served by the new ones, in seconds: an abort in this time starts
    /// no pod.
    #[serde(default = "half_a_minute")]
    #[schemars(range(max = 86_400))]
    pub scale_down_delay_seconds: u32,
}

impl Canary {
    /// A canary of these steps, all else as when it is absent.
    #[must_use]
    pub fn of(steps: Vec<Step>) -> Self {
        Self { steps, replicas: None, scale_down_delay_seconds: half_a_minute() }
    }
}

const fn half_a_minute() -> u32 {
    30
}

/// One step; each is complete when every proxy has taken it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// The share of the requests decided by no rule, or of the users behind them, that is put in the lane.
    SetWeight(Percentage),
    /// A wait: for a time, or for `graylane approve`.
    Pause(Pause),
    /// The number of replicas of the new version of each workload, whatever the weight, from here on.
    SetReplicas(#[schemars(range(min = 1, max = 10_000))] u32),
}

/// A wait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pause {
    /// How long, counted from when every proxy has taken the step before; until `graylane approve` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<WaitTime>,
}
