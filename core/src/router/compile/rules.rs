//! Splits and rules.

use super::super::SplitId;
use super::super::entry::{Keyless, Rule, RuleSet, Split, Then};
use super::{LaneRef, Names, listed, place, table};
use crate::config::{self, Action, IdentitySource};
use crate::matcher::{self, Subjects};
use crate::name::{LaneName, SplitName};
use crate::problem::{Path, Problems, Quoted};
use crate::slots::Run;

impl Names<'_> {
    pub(super) fn splits(&self, splits: &config::Map<SplitName, config::Split>, problems: &mut Problems) -> Vec<Split> {
        let root = Path::Root.field("splits");
        let mut compiled = Vec::with_capacity(splits.len());
        for (name, split) in splits {
            let path = root.field(name.as_str());
            let slots = path.field("slots");
            let owner = |run: &Run<LaneName>, path: &Path<'_>, problems: &mut Problems| {
                self.lane(&run.to, path, problems).map(LaneRef::lane)
            };
            if let Some(sources) = &split.identity {
                check_sources(sources, &path.field("identity"), problems);
            }
            let Some(table) = table(&split.slots, owner, &slots, problems) else {
                continue;
            };
            compiled.push(Split {
                name: name.clone(),
                salt: split.salt.as_str().into(),
                table,
                identity: split.identity.as_ref().map(|sources| sources.as_slice().into()),
                keyless: match &split.keyless {
                    config::Keyless::Base(_) => Keyless::Base,
                    config::Keyless::Sequence(_) => Keyless::Sequence,
                    config::Keyless::Cookie(cookie) => Keyless::Cookie(cookie.clone()),
                },
            });
        }
        compiled
    }

    pub(super) fn rule_sets(
        &self,
        sets: &[config::RuleSet],
        subjects: &mut Subjects,
        problems: &mut Problems,
    ) -> Vec<RuleSet> {
        let root = Path::Root.field("ruleSets");
        let mut compiled: Vec<RuleSet> = Vec::with_capacity(sets.len());
        for (index, set) in sets.iter().enumerate() {
            let path = root.index(index);
            if compiled.iter().any(|other| other.name == set.name) {
                problems.add(
                    &path.field("name"),
                    format!("{} is taken", Quoted(set.name.as_str())),
                    "each set its own name",
                );
            }
            let mut rules: Vec<(u16, Rule)> = Vec::with_capacity(set.rules.len());
            for (index, rule) in set.rules.iter().enumerate() {
                let rules_path = path.field("rules");
                let path = rules_path.index(index);
                if set.rules.iter().take(index).any(|other| other.name == rule.name) {
                    problems.add(
                        &path.field("name"),
                        format!("{} is taken", Quoted(rule.name.as_str())),
                        "each rule of a set its own name",
                    );
                }
                if let Some(compiled) = self.rule(rule, &path, subjects, problems) {
                    // Behind those of the same priority: rules of one priority keep their order.
                    let at = rules.partition_point(|(priority, _)| *priority <= rule.priority);
                    rules.insert(at, (rule.priority, compiled));
                }
            }
            let rules = rules.into_iter().map(|(_, rule)| rule).collect();
            compiled.push(RuleSet { name: set.name.clone(), rules });
        }
        compiled
    }

    fn rule(
        &self,
        rule: &config::Rule,
        path: &Path<'_>,
        subjects: &mut Subjects,
        problems: &mut Problems,
    ) -> Option<Rule> {
        let when = rule.when.as_ref().map(|when| matcher::compile(when, &path.field("when"), subjects, problems));
        let then_path = path.field("then");
        let then = match &rule.then {
            Action::Lane(lane) => self.lane(lane, &then_path.field("lane"), problems).map(|lane| match lane {
                LaneRef::Base => Then::Base,
                LaneRef::Lane(lane) => Then::Lane(lane),
            }),
            Action::Split(name) => {
                let split: Option<SplitId> = place(&self.splits, name);
                if split.is_none() {
                    let known: Vec<&str> = self.splits.iter().map(|split| split.as_str()).collect();
                    problems.add(
                        &then_path.field("split"),
                        format!("no split is called {}", Quoted(name.as_str())),
                        listed("", &known),
                    );
                }
                split.map(Then::Split)
            }
        };
        // A condition that did not compile must not turn into "every request".
        let when = match when {
            Some(None) => return None,
            Some(matcher) => matcher,
            None => None,
        };
        Some(Rule { name: rule.name.clone(), when, then: then? })
    }
}

fn check_sources(sources: &[IdentitySource], path: &Path<'_>, problems: &mut Problems) {
    if sources.is_empty() {
        problems.add(path, "is empty", "at least one source, or no such member to use the common identity");
    }
}
