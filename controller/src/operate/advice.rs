//! What can be done about a release that does not go on by itself.

use kube::ResourceExt;

use super::view::is_bad;
use crate::api::{GrayRelease, GrayReleaseStatus, Phase, Reason, Step};
use crate::cluster::HASH_LABEL;

/// Commands that help, each with what it does; none where nothing needs doing.
pub(super) fn of(release: &GrayRelease, status: &GrayReleaseStatus) -> Vec<String> {
    let (name, namespace) = (release.name_any(), release.namespace().unwrap_or_default());
    let verb = |verb: &str, effect: &str| format!("graylane {verb} {name} -n {namespace}  {effect}");
    let abort = || verb("abort", "returns everybody to the stable version");
    if status.paused_since.is_some() {
        return vec![verb("resume", "goes on"), abort()];
    }
    let reasons: Vec<Reason> =
        status.conditions.iter().filter(|condition| is_bad(condition)).map(|condition| condition.reason).collect();
    if status.phase.is_under_way() && reasons.contains(&Reason::Refused) {
        let mend = format!(
            "kubectl edit grayrelease {name} -n {namespace}  to mend the field that is named; status.accepted.spec is what is in force"
        );
        return vec![mend, abort()];
    }
    match status.phase {
        Phase::Pausing if awaits_approval(release, status) => vec![verb("approve", "goes on"), abort()],
        Phase::Aborted => vec![
            verb("retry", "releases it again"),
            verb("undo", "gives the Deployments the template of their stable version again"),
        ],
        Phase::Scaling | Phase::Announcing if reasons.contains(&Reason::NotEnoughReady) => {
            let grays = status.workloads.iter().filter_map(|workload| workload.gray.as_ref());
            let look = |gray| format!("kubectl describe pods -n {namespace} -l {HASH_LABEL}={gray}  says why");
            grays.map(look).chain([abort()]).collect()
        }
        _ if reasons.contains(&Reason::LaggingProxies) => vec![
            "istioctl proxy-status  says whether istiod reaches them; a pod that is restarted catches up".to_owned(),
            abort(),
        ],
        _ => Vec::new(),
    }
}

fn awaits_approval(release: &GrayRelease, status: &GrayReleaseStatus) -> bool {
    let index = usize::try_from(status.step).unwrap_or(usize::MAX);
    let Some(strategy) = &status.in_force(&release.spec).strategy else { return true };
    matches!(strategy.canary.steps.get(index), Some(Step::Pause(pause)) if pause.duration.is_none())
}
