//! Rules as releases and lanes write them.

use graylane_core::Percentage;
use graylane_core::config::Condition;
use graylane_core::name::RuleName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cel;

/// Who is put in the lane: everybody who fulfils a condition, or a share of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [cel::weight_is_no_rule()]))]
pub struct EntryRule {
    /// The name of the rule, as explanations show it. `weight` is taken by the object's own weight.
    pub name: RuleName,
    /// Lower comes first; rules of one priority are tried in the order in which they are listed. From 0 to 65535.
    #[serde(default)]
    pub priority: u16,
    /// The condition that a request must fulfil. The first rule whose condition holds decides, also for the
    /// requests that its weight leaves out.
    pub when: Condition,
    /// The share of the requests that fulfil the condition which is put in the lane; all of them when absent. 0 keeps
    /// them out of the lane.
    #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
    pub weight: Percentage,
}

const fn everybody() -> Percentage {
    Percentage::FULL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_everybody(weight: &Percentage) -> bool {
    *weight == Percentage::FULL
}
