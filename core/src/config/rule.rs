//! Rules: conditions on a request that put it in a lane.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::name::{LaneName, RuleName, RuleSetName, SplitName};
use crate::read::{read_object, read_variant};

/// Rules of which at most one decides: the first by priority, then by order, whose condition holds.
///
/// One release or one standing lane is one rule set; sets are independent, so a request may be put in a lane by several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleSet {
    /// The name of the set, as in `shop/checkout`'s `checkout.shop`.
    pub name: RuleSetName,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rule {
    /// The name of the rule, as explanations show it.
    pub name: RuleName,
    /// Lower comes first; rules of one priority are tried in their order. From 0 to 65,535.
    #[serde(default, deserialize_with = "crate::integer::deserialize")]
    pub priority: u16,
    /// The condition; absent: every request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// What happens to a request that fulfils it.
    pub then: Action,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Action {
    /// Puts the request in this lane; `base` keeps it out of this set's lanes.
    Lane(LaneName),
    /// Lets this split choose.
    Split(SplitName),
}

read_object!(RuleSet { name: required "name", rules: required "rules" });

read_object!(Rule { name: required "name", priority: defaulted "priority", when: optional "when", then: required "then" });

read_variant!(Action { "lane" => Lane, "split" => Split });
