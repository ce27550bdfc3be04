//! The routes of a service while it has more than one version: by the version header to one of them, and all else to
//! base.

use graylane_core::name::{HeaderName, VersionName};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::super::way::{Way, Ways};
use super::super::{Change, Kind, World};
use super::{applied, deletion, is_ours, name_of, owned, owners};
use crate::plan::Service;

/// The version header leads to one of the versions, and everybody else to base; apps never see the header.
pub(in crate::cluster) fn routes(world: &World, service: &Service, header: &HeaderName, way: &Way) -> Option<Change> {
    let live = world.virtual_services.iter().find(|object| is_ours(object, service));
    let Some(base) = &way.base else {
        return live.and_then(|live| deletion(Kind::VirtualService, live.as_ref()));
    };
    let to = |subset: &VersionName| json!([{"destination": {"host": service.host(), "subset": subset}}]);
    let without_header = json!({"request": {"remove": [header]}});
    let by_header = |version: &VersionName| {
        json!({
            "name": format!("graylane-{version}"),
            "match": [{"headers": {header.as_str(): {"exact": version}}}],
            "route": to(version),
            "headers": without_header,
        })
    };
    let mut http: Vec<Value> = way.versions.iter().map(by_header).collect();
    http.push(json!({"name": "graylane-base", "route": to(base), "headers": without_header}));
    let body = json!({
        "metadata": {"ownerReferences": owners(way)},
        "spec": {"hosts": [service.host()], "http": http},
    });
    let live = live.map(|live| owned(live));
    applied(Kind::VirtualService, service.namespace(), &name_of(service), body, live.as_ref())
}

/// Removes the routes of services that nobody wants anything of.
pub(in crate::cluster) fn surplus_routes(world: &World, ways: &Ways) -> Vec<Change> {
    super::destination_rule::surplus(Kind::VirtualService, world, &world.virtual_services, ways)
}

/// A `VirtualService` of somebody else's that routes the service inside the mesh, which Istio does not merge with ours.
pub(in crate::cluster) fn conflict(world: &World, service: &Service) -> Option<String> {
    let foreign = world.virtual_services.iter().find(|object| {
        let spec = object.data.get("spec").unwrap_or(&Value::Null);
        let texts =
            |member: &str| spec.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let in_mesh = spec.get("gateways").is_none() || texts("gateways").any(|gateway| gateway == "mesh");
        let namespace = object.namespace().unwrap_or_default();
        let names_it = |host: &str| match host.split('.').count() {
            1 => host == service.name() && namespace == service.namespace(),
            2 => host == service.full_name().as_str(),
            3 => host == format!("{service}.svc"),
            _ => host == service.host(),
        };
        in_mesh && texts("hosts").any(names_it) && !is_ours(object, service)
    })?;
    Some(format!("VirtualService {}/{}", foreign.namespace().unwrap_or_default(), foreign.name_any()))
}

/// What is wrong with a service that somebody else routes, and what to do.
pub(in crate::cluster) fn conflict_advice(service: &Service, other: &str) -> String {
    format!(
        "{service} is routed by {other}, which Istio does not merge with other routes inside the mesh: take {service} out of it, or take \"mesh\" out of its gateways"
    )
}
