//! The routes of a service while it is released: by the version header to one version, and all else to base.

use std::sync::Arc;

use graylane_core::name::{HeaderName, VersionName};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::{Change, Kind, World, Write};
use super::{applied, change, json_of, owner};
use crate::api::GrayRelease;
use crate::plan::Service;

/// The version header leads to `gray`, and everybody else to `base`; apps never see the header.
pub(in crate::cluster) fn routes(
    world: &World,
    release: &GrayRelease,
    service: &Service,
    header: &HeaderName,
    gray: &VersionName,
    base: &VersionName,
) -> Option<Change> {
    let to = |subset: &VersionName| json!([{"destination": {"host": service.host(), "subset": subset}}]);
    let without_header = json!({"request": {"remove": [header]}});
    let by_header = json!({
        "name": format!("graylane-{gray}"),
        "match": [{"headers": {header.as_str(): {"exact": gray}}}],
        "route": to(gray),
        "headers": without_header,
    });
    let otherwise = json!({"name": "graylane-base", "route": to(base), "headers": without_header});
    let body = json!({
        "metadata": {"ownerReferences": [owner(release)]},
        "spec": {"hosts": [service.host()], "http": [by_header, otherwise]},
    });
    let live = ours(world, service).map(json_of);
    applied(Kind::VirtualService, service.namespace(), &name(service), body, live.as_ref())
}

/// Takes the routes away.
pub(in crate::cluster) fn unrouted(world: &World, service: &Service) -> Option<Change> {
    let live = ours(world, service)?;
    let write = Write::Delete { uid: live.uid() };
    Some(change(Kind::VirtualService, service.namespace(), &name(service), write))
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

fn name(service: &Service) -> String {
    format!("graylane-{}", service.name())
}

fn ours<'w>(world: &'w World, service: &Service) -> Option<&'w DynamicObject> {
    world.virtual_services.iter().map(Arc::as_ref).find(|object| is_ours(object, service))
}

fn is_ours(object: &DynamicObject, service: &Service) -> bool {
    object.name_any() == name(service) && object.namespace().as_deref() == Some(service.namespace())
}
