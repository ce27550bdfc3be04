//! What files tell the planner.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::config::HostPattern;
use graylane_core::name::{ServiceName, VersionName};

use super::Resources;
use crate::api::{GrayRelease, Kind, Lane, LocalMesh, ObjectRef};
use crate::plan::{Observed, Readiness, Service, ServiceFacts};

/// The port by which clusters are named where files say nothing of ports.
const PORT: u16 = 80;

impl Resources {
    /// The resources for the planner, with the facts that files can tell: every version is taken to be ready.
    ///
    /// With a `LocalMesh`, its services and versions are those there are. Without one they are those that the
    /// resources name, every one served by the gateway under its own hosts. The two versions of a Deployment, whose names
    /// only a cluster gives, are called `stable` and `gray`; base of a service that only lanes name is `stable`, as in a
    /// cluster.
    #[must_use]
    pub fn observe(&self) -> Observed {
        let releases = match self.mesh {
            Some(_) => self.releases.clone(),
            None => self.releases.iter().cloned().map(with_stand_ins).collect(),
        };
        Observed {
            services: self.mesh.as_ref().map_or_else(|| self.named_services(&releases), described_services),
            releases,
            lanes: self.lanes.clone(),
            policy: self.policy.clone(),
            secrets: self.secrets.clone(),
            newcomers: Vec::new(),
            left: BTreeMap::new(),
        }
    }

    fn named_services(&self, releases: &[GrayRelease]) -> BTreeMap<Service, ServiceFacts> {
        let mut services = BTreeMap::new();
        for GrayRelease { metadata, spec, .. } in releases {
            let namespace = ObjectRef::of(Kind::GrayRelease, metadata).namespace;
            for workload in &spec.workloads {
                let versions = workload.stable.iter().chain(&workload.gray);
                name(&mut services, &workload.service, namespace.as_deref(), versions);
            }
            for split in &spec.service_splits {
                let versions = split.weights.iter().map(|weight| &weight.version);
                name(&mut services, &split.service, namespace.as_deref(), versions);
            }
        }
        let with_base: BTreeSet<Service> = services.keys().cloned().collect();
        for Lane { metadata, spec, .. } in &self.lanes {
            let namespace = ObjectRef::of(Kind::Lane, metadata).namespace;
            for member in &spec.services {
                name(&mut services, &member.service, namespace.as_deref(), [&member.version]);
            }
        }
        for (_, facts) in services.iter_mut().filter(|(service, _)| !with_base.contains(*service)) {
            facts.base = VersionName::new(ServiceFacts::BASE).ok();
            facts.versions.extend(facts.base.iter().map(|base| (base.clone(), Readiness::Ready)));
        }
        services
    }
}

/// The release with names for the versions of its Deployments.
fn with_stand_ins(mut release: GrayRelease) -> GrayRelease {
    for workload in release.spec.workloads.iter_mut().filter(|workload| workload.deployment.is_some()) {
        workload.stable = VersionName::new(ServiceFacts::BASE).ok();
        workload.gray = VersionName::new("gray").ok();
    }
    release
}

/// Adds what one object names; a service that is wrongly named is left to the planner, which refuses it.
fn name<'v>(
    services: &mut BTreeMap<Service, ServiceFacts>,
    written: &ServiceName,
    namespace: Option<&str>,
    versions: impl IntoIterator<Item = &'v VersionName>,
) {
    let Ok(service) = Service::resolve(written, namespace.unwrap_or(ObjectRef::DEFAULT_NAMESPACE)) else {
        return;
    };
    let gateway_hosts = [service.full_name().as_str(), &service.host()].iter().flat_map(|host| host.parse()).collect();
    let facts = services.entry(service).or_insert_with(|| ServiceFacts {
        port: PORT,
        base: None,
        gateway_hosts,
        versions: BTreeMap::new(),
    });
    facts.versions.extend(versions.into_iter().map(|version| (version.clone(), Readiness::Ready)));
}

fn described_services(mesh: &LocalMesh) -> BTreeMap<Service, ServiceFacts> {
    let namespace = ObjectRef::of(Kind::LocalMesh, &mesh.metadata).namespace.unwrap_or_default();
    let mut services = BTreeMap::new();
    for service in &mesh.spec.services {
        // Checked when the file was read: the name is a label, and namespaces are no longer than one.
        let Ok(name) = Service::resolve(&service.name, &namespace) else {
            continue;
        };
        let routes = mesh.spec.gateway.routes.iter().filter(|route| route.service == service.name);
        let facts = ServiceFacts {
            port: PORT,
            base: service.versions.first().map(|version| version.name.clone()),
            gateway_hosts: routes.flat_map(|route| route.hosts.clone()).collect::<Vec<HostPattern>>(),
            versions: service.versions.iter().map(|version| (version.name.clone(), Readiness::Ready)).collect(),
        };
        services.insert(name, facts);
    }
    services
}
