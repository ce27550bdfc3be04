//! From how containers are to what the API says of a pod. Pure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    HostIP, Pod, PodCondition, PodIP, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::snapshot::{End, Snapshot, State};
use crate::namespace::LAB_ADDRESS;

/// How a pod is at one moment.
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) since: Timestamp,
    pub(super) address: Ipv4Addr,
    /// By the names of containers; those whose turn has not come are not there.
    pub(super) snapshots: BTreeMap<String, Snapshot>,
}

/// What the API says, given what it said before.
pub(super) fn status(pod: &Pod, told: Option<&PodStatus>, moment: &Moment) -> PodStatus {
    let spec = pod.spec.clone().unwrap_or_default();
    let describe = |containers: &[Container]| -> Vec<_> {
        containers.iter().map(|container| container_status(pod, container, moment)).collect()
    };
    let sidecars = describe(&spec.init_containers.unwrap_or_default());
    let containers = describe(&spec.containers);
    let initialized = sidecars.iter().all(|sidecar| sidecar.started == Some(true));
    let waiting: Vec<_> = sidecars.iter().chain(&containers).filter(|one| !one.ready).map(|one| &*one.name).collect();
    let unready = format!("containers with unready status: [{}]", waiting.join(" "));
    let unready = (!waiting.is_empty()).then_some(("ContainersNotReady", unready));
    let condition = |type_: &str, no: Option<(&str, String)>| condition(told, moment.now, type_, no);
    let address = moment.address.to_string();
    let runs = moment.snapshots.len() == sidecars.len() + containers.len();
    PodStatus {
        phase: Some(if runs { "Running" } else { "Pending" }.to_owned()),
        conditions: Some(vec![
            condition("PodScheduled", None),
            condition("Initialized", (!initialized).then(|| ("ContainersNotInitialized", "sidecars start".to_owned()))),
            condition("ContainersReady", unready.clone()),
            condition("Ready", unready),
        ]),
        host_ip: Some(LAB_ADDRESS.to_string()),
        host_ips: Some(vec![HostIP { ip: LAB_ADDRESS.to_string() }]),
        pod_ip: Some(address.clone()),
        pod_ips: Some(vec![PodIP { ip: address }]),
        start_time: Some(Time(moment.since)),
        init_container_statuses: Some(sidecars),
        container_statuses: Some(containers),
        qos_class: told.and_then(|told| told.qos_class.clone()),
        observed_generation: pod.metadata.generation,
        ..PodStatus::default()
    }
}

/// A condition that holds, or the reason and message of one that does not. Its time is that of its last change.
fn condition(told: Option<&PodStatus>, now: Timestamp, type_: &str, no: Option<(&str, String)>) -> PodCondition {
    let status = if no.is_some() { "False" } else { "True" };
    let before = told.and_then(|told| told.conditions.as_ref()?.iter().find(|one| one.type_ == type_));
    let unchanged =
        before.filter(|before| before.status == status).and_then(|before| before.last_transition_time.clone());
    let (reason, message) = no.unzip();
    PodCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        last_transition_time: Some(unchanged.unwrap_or(Time(now))),
        reason: reason.map(str::to_owned),
        message,
        ..PodCondition::default()
    }
}

fn container_status(pod: &Pod, container: &Container, moment: &Moment) -> ContainerStatus {
    let image = container.image.clone().unwrap_or_default();
    let beginning = Snapshot::new();
    let snapshot = moment.snapshots.get(&container.name).unwrap_or(&beginning);
    ContainerStatus {
        name: container.name.clone(),
        image_id: format!("lab://{image}"),
        image,
        container_id: Some(format!("lab://{}/{}/{}", pod.uid().unwrap_or_default(), container.name, snapshot.restarts)),
        ready: snapshot.ready && matches!(snapshot.state, State::Running { .. }),
        started: Some(snapshot.started),
        restart_count: i32::try_from(snapshot.restarts).unwrap_or(i32::MAX),
        state: Some(state(&snapshot.state)),
        last_state: snapshot.last_end.as_ref().filter(|_| snapshot.restarts > 0).map(ended),
        ..ContainerStatus::default()
    }
}

fn state(state: &State) -> ContainerState {
    match state {
        State::Creating => waiting("ContainerCreating", None),
        State::Refused(refusal) => waiting(refusal.reason(), Some(refusal.to_string())),
        State::BackingOff => waiting("CrashLoopBackOff", Some("it ended again and again".to_owned())),
        State::Running { since } => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(Time(*since)) }),
            ..ContainerState::default()
        },
        State::Ended(end) => ended(end),
    }
}

fn waiting(reason: &str, message: Option<String>) -> ContainerState {
    let waiting = Some(ContainerStateWaiting { reason: Some(reason.to_owned()), message });
    ContainerState { waiting, ..ContainerState::default() }
}

fn ended(end: &End) -> ContainerState {
    let signal = end.status.signal();
    let exit_code = end.status.code().or(signal.map(|signal| 128 + signal)).unwrap_or_default();
    ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code,
            signal,
            reason: Some(if exit_code == 0 { "Completed" } else { "Error" }.to_owned()),
            started_at: Some(Time(end.started)),
            finished_at: Some(Time(end.finished)),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    }
}
