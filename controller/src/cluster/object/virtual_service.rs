//! The routes of a service while it has more than one version: by the version header to one of them, and all else to
//! base.

use graylane_core::name::{HeaderName, VersionName};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::super::way::{Way, Ways};
use super::super::{Change, Kind, World};
use super::fronted::unfit;
use super::{deletion, differs, name_of, owners};
use crate::api::{Reason, VirtualServiceName};
use crate::plan::Service;
use crate::release::Objection;

/// The version header leads to one of the versions, and everybody else to base; apps never see the header.
pub(in crate::cluster) fn routes(world: &World, service: &Service, header: &HeaderName, way: &Way) -> Option<Change> {
    let live = world.virtual_services.get(service.namespace(), &name_of(service));
    // What others route inside the mesh has our routes in front.
    let theirs = inside(world, service).next().is_some();
    let Some(base) = way.base.as_ref().filter(|_| !theirs) else {
        return live.and_then(|live| deletion(Kind::VirtualService, live));
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
    differs(Kind::VirtualService, service, body, live)
}

/// Removes the routes of services that nobody wants anything of.
pub(in crate::cluster) fn surplus_routes(world: &World, ways: &Ways) -> Vec<Change> {
    super::destination_rule::surplus(Kind::VirtualService, world, &world.virtual_services, ways)
}

/// What is wrong with the objects of others that route `service`: one inside the mesh is not `named`, which Istio does not
/// merge with ours; or one that is named can have no routes in front.
pub(in crate::cluster) fn named_is_wrong(
    world: &World,
    service: &Service,
    named: &[VirtualServiceName],
) -> Option<Objection> {
    let here = |object: &DynamicObject| object.namespace().as_deref() == Some(service.namespace());
    let is_named = |object: &DynamicObject| here(object) && named.iter().any(|name| name.as_str() == object.name_any());
    if let Some(foreign) = inside(world, service).find(|object| !is_named(object)) {
        let message = format!(
            "{service} is routed by VirtualService {}/{}, which Istio does not merge with other routes inside the mesh: name it in virtualServices, or take {service} out of it",
            foreign.namespace().unwrap_or_default(),
            foreign.name_any()
        );
        return Some(Objection { reason: Reason::ForeignVirtualService, message });
    }
    named.iter().find_map(|name| {
        let object = world.virtual_services.get(service.namespace(), name.as_str());
        let (reason, wrong) = match object {
            None => {
                (Reason::VirtualServiceNotFound, "is not in this namespace: create it, or do not name it".to_owned())
            }
            Some(object) => (Reason::VirtualServiceUnfit, unfit(object, service)?),
        };
        Some(Objection { reason, message: format!("virtualServices: VirtualService \"{name}\" {wrong}") })
    })
}

/// The objects of others that route the service inside the mesh.
fn inside<'w>(world: &'w World, service: &'w Service) -> impl Iterator<Item = &'w DynamicObject> {
    let own = name_of(service);
    world.virtual_services.iter().map(AsRef::as_ref).filter(move |object: &&DynamicObject| {
        let is_ours = object.metadata.name.as_deref() == Some(&own)
            && object.metadata.namespace.as_deref() == Some(service.namespace());
        let spec = object.data.get("spec").unwrap_or(&Value::Null);
        let texts =
            |member: &str| spec.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let in_mesh = spec.get("gateways").is_none() || texts("gateways").any(|gateway| gateway == "mesh");
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        !is_ours && in_mesh && texts("hosts").any(|host| names(service, host, namespace))
    })
}

/// Whether `host`, in an object of `namespace`, is the service.
pub(super) fn names(service: &Service, host: &str, namespace: &str) -> bool {
    if !host.contains('.') {
        return host == service.name() && namespace == service.namespace();
    }
    let full = service.full_name().as_str();
    host == full || [".svc", ".svc.cluster.local"].iter().any(|domain| host.strip_suffix(domain) == Some(full))
}
