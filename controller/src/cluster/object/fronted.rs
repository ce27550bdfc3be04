//! Routes in front of somebody's own: a `VirtualService` that a release or a lane names.
//!
//! In front of its routes stand copies of all of them, once for each version and once for base; its own follow, byte for
//! byte as they are. Without ours, everything is as it was. Our routes are known by their names.

use graylane_core::name::{HeaderName, VersionName};
use kube::ResourceExt;
use kube::api::DynamicObject;
use serde_json::{Map, Value, json};

use super::super::way::{Way, Ways};
use super::super::{Change, Kind, World, Write};
use super::virtual_service::names;
use super::{change, is_named, names_of};
use crate::plan::Service;

/// What the names of our routes in objects of others begin with.
const OURS: &str = "graylane.io/";

/// What differs from every `VirtualService` of others having the routes of ours that are wanted, and no more.
pub(in crate::cluster) fn fronted(world: &World, ways: &Ways, header: &HeaderName) -> Vec<Change> {
    let ours = names_of(ways);
    let foreign = world.virtual_services.iter().filter(|object| !is_named(object, &ours));
    foreign.filter_map(|object| front(object, ways, header)).collect()
}

fn front(object: &DynamicObject, ways: &Ways, header: &HeaderName) -> Option<Change> {
    let http = object.data.pointer("/spec/http")?.as_array()?;
    let theirs: Vec<&Value> = http.iter().filter(|route| !is_ours(route)).collect();
    let name = object.name_any();
    let wanting: Vec<(&Service, &Way)> = ways
        .iter()
        .filter(|(service, way)| {
            let named = way.named.iter().any(|named| named.as_str() == name);
            named && object.namespace().as_deref() == Some(service.namespace()) && way.base.is_some()
        })
        .collect();
    let mut wanted: Vec<Value> = Vec::new();
    if !wanting.is_empty() {
        for (index, route) in theirs.iter().enumerate() {
            let copy = Copy { route, index, namespace: object.namespace().unwrap_or_default(), header };
            copy.versions(&wanting, &mut wanted);
        }
    }
    wanted.extend(theirs.into_iter().cloned());
    if *http == wanted {
        return None;
    }
    let metadata = json!({"resourceVersion": object.resource_version()});
    let write = Write::Merge(json!({"metadata": metadata, "spec": {"http": wanted}}));
    Some(change(Kind::VirtualService, &object.namespace()?, &name, write))
}

fn is_ours(route: &Value) -> bool {
    route.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with(OURS))
}

/// One of somebody's routes, to be copied.
struct Copy<'a> {
    route: &'a Value,
    index: usize,
    namespace: String,
    header: &'a HeaderName,
}

impl Copy<'_> {
    /// The copies that stand for the route: for each version of each service it leads to, and for everybody else.
    fn versions(&self, wanting: &[(&Service, &Way)], copies: &mut Vec<Value>) {
        let mut base = self.named("base");
        let mut leads = false;
        for (service, way) in wanting {
            let Some(everybody) = way.base.as_ref().filter(|_| self.leads_to(service)) else { continue };
            leads = true;
            for version in &way.versions {
                let mut copy = self.named(version.as_str());
                self.steer(&mut copy, service, version);
                self.only_with(&mut copy, version);
                copies.push(Value::Object(copy));
            }
            self.steer(&mut base, service, everybody);
        }
        if leads {
            self.strip(&mut base);
        }
        copies.push(Value::Object(base));
    }

    fn named(&self, for_whom: &str) -> Map<String, Value> {
        let mut copy = self.route.as_object().cloned().unwrap_or_default();
        copy.insert("name".to_owned(), json!(format!("{OURS}{}/{for_whom}", self.index)));
        copy
    }

    fn leads_to(&self, service: &Service) -> bool {
        destinations(self.route).any(|destination| is_whole(destination, service, &self.namespace))
    }

    /// Sends what goes to the service to one version of it.
    fn steer(&self, copy: &mut Map<String, Value>, service: &Service, version: &VersionName) {
        let routes = copy.get_mut("route").and_then(Value::as_array_mut).into_iter().flatten();
        for destination in routes.filter_map(|route| route.get_mut("destination")) {
            if is_whole(destination, service, &self.namespace)
                && let Value::Object(destination) = destination
            {
                destination.insert("subset".to_owned(), json!(version));
            }
        }
    }

    /// Takes only requests with the version header, on top of what the route asks for.
    fn only_with(&self, copy: &mut Map<String, Value>, version: &VersionName) {
        let matches = copy.entry("match").or_insert_with(|| json!([{}]));
        for one in matches.as_array_mut().into_iter().flatten() {
            if let Value::Object(one) = one
                && let Value::Object(headers) = one.entry("headers").or_insert_with(|| json!({}))
            {
                headers.insert(self.header.to_string(), json!({"exact": version}));
            }
        }
        self.strip(copy);
    }

    /// Takes the version header away before the app.
    fn strip(&self, copy: &mut Map<String, Value>) {
        let headers = copy.entry("headers").or_insert_with(|| json!({}));
        let Value::Object(headers) = headers else { return };
        let Value::Object(request) = headers.entry("request").or_insert_with(|| json!({})) else { return };
        if let Value::Array(removed) = request.entry("remove").or_insert_with(|| json!([])) {
            removed.push(json!(self.header));
        }
    }
}

/// Where a route leads.
fn destinations(route: &Value) -> impl Iterator<Item = &Value> {
    let routes = route.get("route").and_then(Value::as_array).into_iter().flatten();
    routes.filter_map(|route| route.get("destination"))
}

fn is_for(destination: &Value, service: &Service, namespace: &str) -> bool {
    destination.get("host").and_then(Value::as_str).is_some_and(|host| names(service, host, namespace))
}

fn is_whole(destination: &Value, service: &Service, namespace: &str) -> bool {
    destination.get("subset").is_none() && is_for(destination, service, namespace)
}

/// Why routes can not be put in front of those of `object`.
pub(in crate::cluster) fn unfit(object: &DynamicObject, service: &Service) -> Option<String> {
    let namespace = object.namespace().unwrap_or_default();
    let routes = object.data.pointer("/spec/http").and_then(Value::as_array);
    let theirs = || routes.into_iter().flatten().filter(|route| !is_ours(route));
    let for_it = || theirs().flat_map(destinations).filter(|destination| is_for(destination, service, &namespace));
    if for_it().any(|destination| destination.get("subset").is_some()) {
        return Some(format!("leads to subsets of {service} of your own: leave the subset out of those routes"));
    }
    let leads = for_it().next().is_some();
    (!leads).then(|| format!("leads nowhere to {service}: name another one, or none"))
}

/// What requests from outside are addressed to that `object` leads to `service` and nowhere else: hosts, with the path
/// that a route asks for.
pub(in crate::cluster) fn addresses(object: &DynamicObject, service: &Service) -> Vec<String> {
    let namespace = object.namespace().unwrap_or_default();
    let texts = |member: &str| {
        let list = object.data.pointer(&format!("/spec/{member}")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    };
    if !texts("gateways").any(|gateway| gateway != "mesh") {
        return Vec::new();
    }
    let routes = object.data.pointer("/spec/http").and_then(Value::as_array).into_iter().flatten();
    let alone = |route: &&Value| {
        destinations(route).next().is_some()
            && destinations(route).all(|destination| is_for(destination, service, &namespace))
    };
    let paths: Vec<String> = routes.filter(|route| !is_ours(route)).filter(alone).flat_map(paths).collect();
    texts("hosts").flat_map(|host| paths.iter().map(move |path| format!("{host}{path}"))).collect()
}

/// The paths below which a route serves everybody; empty: all of them.
fn paths(route: &Value) -> Vec<String> {
    let Some(matches) = route.get("match").and_then(Value::as_array) else { return vec![String::new()] };
    let plain = |one: &Value| {
        let members = one.as_object()?.iter().filter(|(name, _)| *name != "name").collect::<Vec<_>>();
        match members.as_slice() {
            [] => Some(String::new()),
            [(name, value)] if *name == "uri" => value.get("prefix")?.as_str().map(str::to_owned),
            _ => None,
        }
    };
    matches.iter().filter_map(plain).collect()
}
