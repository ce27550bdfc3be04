//! Who is put in which lane: one rule set for each entry, and the splits that its rules refer to.

use std::collections::BTreeMap;

use graylane_core::Percentage;
use graylane_core::config::{Action, Rule, RuleSet, Split};
use graylane_core::name::{LaneName, RuleName, RuleSetName, SplitName};
use graylane_core::slots::{Run, SLOTS};

use super::{Entry, Origins, Refusals};
use crate::api::{EntryRule, ObjectRef};

/// The rule that an object's own weight becomes.
const WEIGHT: &str = "weight";

/// The rules and splits of all entries.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    pub(super) rule_sets: Vec<RuleSet>,
    pub(super) splits: BTreeMap<SplitName, Split>,
}

/// The rule sets of `entries`, in their order.
pub(super) fn entrance(entries: &[Entry<'_>], origins: &mut Origins, refusals: &mut Refusals) -> Entrance {
    let mut entrance = Entrance::default();
    let mut taken: BTreeMap<&RuleSetName, &ObjectRef> = BTreeMap::new();
    for entry in entries {
        if let Some(other) = taken.insert(&entry.set, &entry.object) {
            refusals.add(
                &entry.object,
                "metadata.name",
                format!("{other} has the same name"),
                "another name: the lanes and releases of a namespace share theirs",
            );
            continue;
        }
        let part = format!("ruleSets[{}]", entrance.rule_sets.len());
        let mut rules = Vec::with_capacity(entry.rules.len() + 1);
        for (index, rule) in entry.rules.iter().enumerate() {
            let field = format!("spec.rules[{index}]");
            if let Some(rule) = entrance.rule(entry, rule, &field, origins, refusals) {
                origins.note(format!("{part}.rules[{}]", rules.len()), &entry.object, field);
                rules.push(rule);
            }
        }
        rules.extend(entrance.own_weight(entry, origins, refusals));
        entrance.rule_sets.push(RuleSet { name: entry.set.clone(), rules });
    }
    entrance
}

impl Entrance {
    fn rule(
        &mut self,
        entry: &Entry<'_>,
        rule: &EntryRule,
        field: &str,
        origins: &mut Origins,
        refusals: &mut Refusals,
    ) -> Option<Rule> {
        let EntryRule { name, priority, when, weight } = rule;
        if name.as_str() == WEIGHT {
            let found = format!("{WEIGHT:?} is the name of the rule that the object's weight becomes");
            refusals.add(&entry.object, format!("{field}.name"), found, "any other rule name");
            return None;
        }
        let then = self.share(entry, name, *weight, &format!("{field}.name"), origins, refusals)?;
        Some(Rule { name: name.clone(), priority: *priority, when: Some(when.clone()), then })
    }

    /// What becomes of the requests that no rule decides: after all rules, whatever their priority.
    fn own_weight(&mut self, entry: &Entry<'_>, origins: &mut Origins, refusals: &mut Refusals) -> Option<Rule> {
        if entry.weight == Percentage::ZERO {
            return None;
        }
        let name = RuleName::new(WEIGHT).ok()?;
        let then = self.share(entry, &name, entry.weight, "metadata.name", origins, refusals)?;
        Some(Rule { name, priority: u16::MAX, when: None, then })
    }

    /// Nobody stays on base by chance at 100 %, nor comes in at 0 %: only what lies between needs a split.
    fn share(
        &mut self,
        entry: &Entry<'_>,
        rule: &RuleName,
        weight: Percentage,
        name_field: &str,
        origins: &mut Origins,
        refusals: &mut Refusals,
    ) -> Option<Action> {
        match weight {
            Percentage::ZERO => return Some(Action::Lane(LaneName::base())),
            Percentage::FULL => return Some(Action::Lane(entry.lane.clone())),
            _ => {}
        }
        let name = match SplitName::new(format!("{rule}.{}", entry.set)) {
            Ok(name) if !self.splits.contains_key(&name) => name,
            Ok(name) => {
                let other = origins.object_of(&format!("splits.{name}"));
                let other = other.map(|other| format!(", beside {other}")).unwrap_or_default();
                let found = format!("makes a second split called {:?}{other}", name.as_str());
                refusals.add(&entry.object, name_field, found, "names that differ when joined by dots");
                return None;
            }
            Err(error) => {
                let found = format!("makes {:?}, which can not name a split", error.value);
                refusals.add(&entry.object, name_field, found, error.allowed);
                return None;
            }
        };
        origins.note(format!("splits.{name}"), &entry.object, "spec");
        let split = Split {
            salt: entry.salt.clone(),
            // The lane's run comes first: a larger weight takes in the next slots and gives none up.
            slots: vec![
                Run { to: entry.lane.clone(), slots: weight.slots() },
                Run { to: LaneName::base(), slots: SLOTS - weight.slots() },
            ],
            identity: entry.identity.map(<[_]>::to_vec),
            keyless: entry.keyless.clone(),
        };
        self.splits.insert(name.clone(), split);
        Some(Action::Split(name))
    }
}
