//! What the state machine of standing lanes needs to know, and what stands in the way of a lane.

use std::collections::BTreeMap;

use kube::ResourceExt;

use super::in_force::rank;
use super::seen::Seen;
use super::{World, object, selection};
use crate::api::{Lane, LaneMember, LaneStatus, PodLabels, Reason};
use crate::lane::{Facts, Member};
use crate::plan::{Service, ServiceFacts};
use crate::release::{Life, Objection};

/// The name that base has in subsets, where no release gives it another.
pub(super) const BASE: &str = ServiceFacts::BASE;

/// The facts of `lane`; what the planner says of it is added by whoever plans.
pub(super) fn facts(world: &World, seen: &Seen<'_>, lane: &Lane, next: u64) -> Facts {
    let (members, objections): (Vec<_>, Vec<_>) = members(world, &seen.lanes, lane).partition(Result::is_ok);
    let members: Vec<Member> = members.into_iter().flatten().collect();
    let ready = |member: &Member| {
        let ready = seen.endpoints.ready(&member.service, &member.labels);
        ((member.service.clone(), member.version.clone()), ready)
    };
    Facts {
        ready: members.iter().map(ready).collect(),
        members,
        proxies: seen.proxies.clone(),
        next,
        generation: lane.metadata.generation.unwrap_or_default(),
        life: if lane.metadata.deletion_timestamp.is_some() { Life::Deleted } else { Life::Kept },
        objection: objections.into_iter().find_map(Result::err),
        edit: None,
    }
}

/// The first thing that stands in the way of `lane`, the lanes `known` among it.
pub(super) fn objection(world: &World, known: &[&Lane], lane: &Lane) -> Option<Objection> {
    members(world, known, lane).find_map(Result::err)
}

/// The first thing that `lane` says otherwise than lanes that come first, of those that are `known`.
pub(super) fn contradiction(known: &[&Lane], lane: &Lane) -> Option<Objection> {
    let namespace = lane.namespace().unwrap_or_default();
    lane.spec.services.iter().enumerate().find_map(|(index, named)| {
        let service = Service::resolve(&named.service, &namespace).ok()?;
        Some(within(index)(other_labels(known, lane, &service, named)?))
    })
}

fn members(world: &World, known: &[&Lane], lane: &Lane) -> impl Iterator<Item = Result<Member, Objection>> {
    let services = lane.spec.services.iter().enumerate();
    services.map(move |(index, named)| member(world, known, lane, named).map_err(within(index)))
}

/// An objection, told as one of the service with this index.
fn within(index: usize) -> impl FnOnce(Objection) -> Objection {
    move |Objection { reason, message }| {
        let message = format!("spec.services[{index}]: {message}");
        Objection { reason, message }
    }
}

fn member(world: &World, known: &[&Lane], lane: &Lane, named: &LaneMember) -> Result<Member, Objection> {
    let objection = |reason, message| Objection { reason, message };
    let namespace = lane.namespace().unwrap_or_default();
    let service = Service::resolve(&named.service, &namespace)
        .map_err(|error| objection(Reason::ServiceNotFound, error.to_string()))?;
    if service.namespace() != namespace {
        let message = format!(
            "{service} is in another namespace: a Lane \"{}\" over there joins it to this lane",
            lane.name_any()
        );
        return Err(objection(Reason::ForeignNamespace, message));
    }
    let Some(found) = selection::find(world, &service) else {
        let message =
            format!("there is no Service \"{}\" in this namespace: create it, or mend the name", service.name());
        return Err(objection(Reason::ServiceNotFound, message));
    };
    if named.version.as_str() == BASE {
        let message = format!("version: {BASE} is what base is called in a cluster: name the version otherwise");
        return Err(objection(Reason::Conflict, message));
    }
    if let Some(wrong) = object::named_is_wrong(world, &service, &named.virtual_services) {
        return Err(wrong);
    }
    if let Some(other) = other_labels(known, lane, &service, named) {
        return Err(other);
    }
    let labels = named.pod_labels();
    let base = named.base.clone().map_or_else(|| selection::base(world, &service, found), Ok)?;
    if let Some(pod) = shared(world, &service, &labels, &base) {
        let message = format!(
            "{pod} has the labels of the lane ({labels}) and of base ({base}), so it would serve both: give the lane's pods a label that those of base have not, or say the labels of base in base"
        );
        return Err(objection(Reason::SelectorOverlap, message));
    }
    let virtual_services = named.virtual_services.clone();
    Ok(Member { service, version: named.version.clone(), labels, base, virtual_services })
}

/// A lane that comes first, as one in force does, and means other pods by the same version.
fn other_labels(known: &[&Lane], lane: &Lane, service: &Service, named: &LaneMember) -> Option<Objection> {
    let labels = named.pod_labels();
    let others = known.iter().filter(|other| {
        let metadata = &other.metadata;
        let is_beside = metadata.namespace == lane.metadata.namespace && metadata.name != lane.metadata.name;
        is_beside && rank(**other) < rank(lane)
    });
    let mut others = others.flat_map(|other| other.spec.services.iter().map(move |member| (other, member)));
    others.find_map(|(other, member)| {
        let same = Service::resolve(&member.service, service.namespace()).as_ref() == Ok(service);
        let theirs = member.pod_labels();
        let differs = same && member.version == named.version && theirs != labels;
        differs.then(|| {
            let message = format!(
                "version {} of {service} has the labels {theirs} by Lane \"{}\", and {labels} here: the same labels, or another name for the version",
                named.version,
                other.name_any()
            );
            Objection { reason: Reason::Conflict, message }
        })
    })
}

/// A pod that has both labels, or a Deployment that makes such pods.
fn shared(world: &World, service: &Service, labels: &PodLabels, base: &PodLabels) -> Option<String> {
    let both = |pod: &BTreeMap<String, String>| labels.select(pod) && base.select(pod);
    let here = |namespace: Option<String>| namespace.as_deref() == Some(service.namespace());
    let deployment = world
        .deployments
        .iter()
        .find(|deployment| here(deployment.namespace()) && selection::template_labels(deployment).is_some_and(both));
    let pod = || world.pods.iter().find(|pod| here(pod.namespace()) && both(pod.labels()));
    deployment
        .map(|deployment| format!("Deployment \"{}\"", deployment.name_any()))
        .or_else(|| pod().map(|pod| format!("pod \"{}\"", pod.name_any())))
}

/// The lane as its stored `status` asks for it: with the versions that serve, and with nobody in it while there is none.
pub(super) fn resolve(lane: &Lane, status: &LaneStatus) -> Lane {
    let mut resolved = lane.clone();
    resolved.status = None;
    let namespace = lane.namespace().unwrap_or_default();
    resolved.spec.services.retain(|member| {
        let service = Service::resolve(&member.service, &namespace);
        service.is_ok_and(|service| serves(status, &service, member))
    });
    if resolved.spec.services.is_empty() {
        resolved.spec.rules.clear();
        resolved.spec.weight = graylane_core::Percentage::ZERO;
    }
    resolved
}

fn serves(status: &LaneStatus, service: &Service, member: &LaneMember) -> bool {
    let is_it =
        |known: &&crate::api::LaneService| known.service == *service.full_name() && known.version == member.version;
    status.services.iter().find(is_it).is_some_and(|known| known.stage == crate::api::Stage::Serving)
}
