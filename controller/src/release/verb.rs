//! What people tell a release to do, by an annotation.
//!
//! The text of the annotation is obeyed once: it is remembered in the status, in the same write as what comes of it. So
//! a verb is neither lost nor obeyed twice, and to say it again it must be written differently, which the command line
//! does by adding who says it and when: `approve by alice at 2026-01-31T12:00:00Z`.

use std::fmt;
use std::str::FromStr;

use graylane_core::Percentage;

use super::Machine;
use crate::api::Phase;

/// What a release can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// End the present pause.
    Approve,
    /// Leave out the rest of the present step.
    Promote,
    /// Leave out all further steps.
    PromoteFully,
    /// Make no further step.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Return everybody to the stable version.
    Abort,
    /// Release again what was aborted.
    Retry,
    /// Go to the step with this index.
    Jump(u16),
    /// Note that the weight of the object was set to this, in the same write.
    Weight(Percentage),
    /// Note that the Deployments were given the template of their stable version.
    Undo,
}

/// A text that tells a release nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no verb: approve, promote, promote:full, pause, resume, abort, retry or jump:STEP is allowed")]
pub struct InvalidVerb(String);

impl FromStr for Verb {
    type Err = InvalidVerb;

    fn from_str(text: &str) -> Result<Self, InvalidVerb> {
        let invalid = || InvalidVerb(text.to_owned());
        match text.split_once(':') {
            Some(("promote", "full")) => Ok(Self::PromoteFully),
            Some(("weight", weight)) => weight.parse().map(Self::Weight).map_err(|_| invalid()),
            Some(("jump", step)) => step.parse().map(Self::Jump).map_err(|_| invalid()),
            Some(_) => Err(invalid()),
            None => Ok(match text {
                "approve" => Self::Approve,
                "promote" => Self::Promote,
                "pause" => Self::Pause,
                "resume" => Self::Resume,
                "abort" => Self::Abort,
                "retry" => Self::Retry,
                "undo" => Self::Undo,
                _ => return Err(invalid()),
            }),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Promote => "promote",
            Self::PromoteFully => "promote:full",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
            Self::Retry => "retry",
            Self::Undo => "undo",
            Self::Jump(step) => return write!(f, "jump:{step}"),
            Self::Weight(weight) => return write!(f, "weight:{weight}"),
        })
    }
}

impl Machine<'_> {
    /// Obeys the verb on the object, if it is a new one.
    pub(super) fn take_verb(&mut self) -> bool {
        let Some(text) = self.facts.verb.as_ref().filter(|text| Some(*text) != self.status.verb.as_ref()) else {
            return false;
        };
        self.status.verb = Some(text.clone());
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let who = rest.strip_prefix("by ").and_then(|rest| rest.split(' ').next()).unwrap_or("somebody");
        let outcome = word.parse().map_err(|error: InvalidVerb| error.to_string()).and_then(|verb| self.obey(verb));
        match outcome {
            Ok(()) => self.note(who, word),
            Err(why) => self.note(who, format!("{word}: refused: {why}")),
        }
        true
    }

    fn obey(&mut self, verb: Verb) -> Result<(), String> {
        let phase = self.status.phase;
        let refused = |needed: &str| Err(format!("the release is {phase:?}, and {needed}"));
        match verb {
            Verb::Approve if phase == Phase::Pausing => self.go_to(self.index() + 1),
            Verb::Promote if phase.is_stepping() => self.go_to(self.index() + 1),
            Verb::PromoteFully if phase.is_stepping() => self.go_to(self.course.len()),
            Verb::Jump(step) if phase.is_stepping() && usize::from(step) < self.course.len() => {
                self.go_to(step.into());
            }
            Verb::Jump(step) if phase.is_stepping() => {
                let last = self.course.len().saturating_sub(1);
                return Err(format!("there is no step {step}: they are counted from 0 to {last}"));
            }
            Verb::Pause if phase.is_under_way() => self.status.paused_since = Some(self.now),
            Verb::Resume if self.status.paused_since.is_some() => {
                self.status.paused_since = None;
                self.trust_steering();
                self.status.high_water.time = Some(self.now);
            }
            Verb::Abort if phase.is_under_way() => self.abort(Some("somebody aborted it".to_owned())),
            // Again: whoever is in a hurry says it twice.
            Verb::Abort if matches!(phase, Phase::Aborting | Phase::Withdrawing | Phase::Aborted) => {}
            Verb::Retry if phase == Phase::Aborted => self.rest(Phase::Idle),
            Verb::Weight(weight) if self.spec.weight == weight => {}
            Verb::Undo => {}
            Verb::Weight(_) => {
                let weight = self.spec.weight;
                return Err(format!("spec.weight says {weight}; 'graylane weight' sets it and says so at once"));
            }
            Verb::Approve => return refused("only a pause can be approved"),
            Verb::Promote | Verb::PromoteFully | Verb::Jump(_) => {
                return refused("steps can be left only while they are gone through");
            }
            Verb::Pause => return refused("only what goes on can be paused"),
            Verb::Resume => return refused("nobody has paused it"),
            Verb::Abort => return refused("only what goes on, and is not being adopted yet, can be aborted"),
            Verb::Retry => return refused("only what was aborted can be retried"),
        }
        Ok(())
    }
}
