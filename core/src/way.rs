//! The way of a request through the mesh, in one line: `gateway -> web v2 (rule r1) -> cart v1 (fallback: no gray)`.
//!
//! Each proxy knows one hop; what lies beyond it comes with the response.

use std::fmt::Write as _;

use crate::decision::Reason;
use crate::explain::{Skipped, Step};

/// The hop of a decision that was told in these steps: service, version and why. `None`: it leads to no service of ours.
#[must_use]
pub fn hop(steps: &[Step]) -> Option<String> {
    let service = steps.iter().find_map(|step| match step {
        Step::Service { service } => Some(service),
        _ => None,
    })?;
    steps.iter().rev().find_map(|step| match step {
        Step::Version { version, lane, reason } => {
            Some(format!("{service} {version} ({})", why(steps, lane.as_deref(), *reason)))
        }
        Step::Refused { lane } => Some(format!("{service} refused ({lane} is strict)")),
        _ => None,
    })
}

fn why(steps: &[Step], lane: Option<&str>, reason: Reason) -> String {
    match reason {
        Reason::Rule | Reason::Split => decider(steps, reason),
        Reason::FallbackMissing | Reason::FallbackUnready | Reason::FallbackLane => {
            let mut why = "fallback:".to_owned();
            if let Some(lane) = lane {
                // Writing to a string can not fail.
                let _ = write!(why, " {lane},");
            }
            for step in steps {
                match step {
                    Step::Skipped { lane, why: Skipped::Unready } => _ = write!(why, " {lane} not ready,"),
                    Step::Skipped { lane, .. } => _ = write!(why, " no {lane},"),
                    _ => {}
                }
            }
            why.pop();
            why
        }
        other => other.as_str().replace('_', " "),
    }
}

/// The rule or split that put the request in its first lane, or decided that it has none.
fn decider(steps: &[Step], reason: Reason) -> String {
    let named = steps.iter().find_map(|step| match step {
        Step::Rule { rule, .. } if reason == Reason::Rule => Some(format!("rule {rule}")),
        Step::Split { split, .. } if reason == Reason::Split => Some(format!("split {split}")),
        _ => None,
    });
    named.unwrap_or_else(|| reason.as_str().to_owned())
}

/// A hop, and what lies beyond it.
#[must_use]
pub fn joined(hop: &str, beyond: &str) -> String {
    if beyond.is_empty() { hop.to_owned() } else { format!("{hop} -> {beyond}") }
}

/// The calls that an app made for one request; several stand in brackets.
#[must_use]
pub fn calls(calls: &[String]) -> String {
    match calls {
        [] => String::new(),
        [only] => only.clone(),
        calls => format!("[{}]", calls.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(of: impl IntoIterator<Item = Step>) -> Vec<Step> {
        [Step::Service { service: "cart".into() }].into_iter().chain(of).collect()
    }

    fn version(version: &str, lane: Option<&str>, reason: Reason) -> Step {
        Step::Version { version: version.into(), lane: lane.map(Into::into), reason }
    }

    fn skipped(lane: &str, why: Skipped) -> Step {
        Step::Skipped { lane: lane.into(), why }
    }

    #[test]
    fn a_hop_names_service_version_and_what_decided() {
        let rule = Step::Rule { set: "shop".into(), rule: "r1".into(), lane: Some("gray".into()) };
        let told = |of: Vec<Step>| hop(&steps(of)).unwrap();
        assert_eq!(told(vec![rule, version("v2", Some("gray"), Reason::Rule)]), "cart v2 (rule r1)");
        assert_eq!(told(vec![version("v2", Some("gray"), Reason::Correlated)]), "cart v2 (correlated)");
        assert_eq!(told(vec![version("v1", None, Reason::NoMatch)]), "cart v1 (no match)");
        assert_eq!(told(vec![Step::Refused { lane: "own".into() }]), "cart refused (own is strict)");
    }

    #[test]
    fn a_fallback_names_the_lanes_that_were_passed_over() {
        let missing = vec![skipped("gray", Skipped::Missing), version("v1", None, Reason::FallbackMissing)];
        assert_eq!(hop(&steps(missing)).unwrap(), "cart v1 (fallback: no gray)");
        let unready = [skipped("canary2", Skipped::Missing), skipped("gray", Skipped::Unready)];
        let unready = unready.into_iter().chain([version("v1", None, Reason::FallbackUnready)]);
        assert_eq!(hop(&steps(unready)).unwrap(), "cart v1 (fallback: no canary2, gray not ready)");
        let lane = vec![skipped("canary2", Skipped::Missing), version("v2", Some("gray"), Reason::FallbackLane)];
        assert_eq!(hop(&steps(lane)).unwrap(), "cart v2 (fallback: gray, no canary2)");
    }

    #[test]
    fn a_request_to_elsewhere_is_no_hop() {
        assert_eq!(hop(&[Step::NoService { host: "api.example.com".into() }]), None);
        assert_eq!(hop(&[]), None);
    }

    #[test]
    fn hops_make_a_way_and_several_calls_stand_in_brackets() {
        let beyond = calls(&["stock v2 (correlated)".into(), "pay v1 (correlated)".into()]);
        assert_eq!(
            joined("cart v2 (rule r1)", &beyond),
            "cart v2 (rule r1) -> [stock v2 (correlated), pay v1 (correlated)]"
        );
        assert_eq!(joined("cart v2 (rule r1)", ""), "cart v2 (rule r1)");
    }
}
