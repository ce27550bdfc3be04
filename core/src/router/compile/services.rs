//! Services, their hosts and their versions.

use super::super::VersionId;
use super::super::hosts::HostTable;
use super::super::id::Id;
use super::super::service::{Service, ServiceSplit, Version};
use super::{LaneRef, Names, listed, table};
use crate::config;
use crate::name::{ServiceName, VersionName};
use crate::problem::{Path, Problems, Quoted};
use crate::slots::Run;

impl Names<'_> {
    pub(super) fn services(
        &self,
        services: &config::Map<ServiceName, config::Service>,
        hosts: &mut HostTable,
        problems: &mut Problems,
    ) -> Vec<Service> {
        let root = Path::Root.field("services");
        let mut compiled: Vec<Service> = Vec::with_capacity(services.len());
        for (name, service) in services {
            let path = root.field(name.as_str());
            for (index, pattern) in service.hosts.iter().enumerate() {
                if let Err(owner) = hosts.add(pattern, compiled.len()) {
                    let owner = compiled.get(owner).map_or(name, |owner| &owner.name);
                    let hosts = path.field("hosts");
                    problems.add(
                        &hosts.index(index),
                        format!("\"{pattern}\" already leads to {owner}"),
                        "each pattern once",
                    );
                }
            }
            compiled.push(self.service(name.clone(), service, &path, problems));
        }
        compiled
    }

    fn service(
        &self,
        name: ServiceName,
        service: &config::Service,
        path: &Path<'_>,
        problems: &mut Problems,
    ) -> Service {
        if service.hosts.is_empty() {
            problems.add(&path.field("hosts"), "is empty", "at least one host, so that requests can be recognised");
        }
        let mut versions = Versions(vec![Version { name: service.base.clone(), ready: true }]);
        let base = VersionId::at(0);
        let mut lanes = Vec::with_capacity(service.lanes.len());
        for (lane, version) in &service.lanes {
            let lanes_path = path.field("lanes");
            let path = lanes_path.field(lane.as_str());
            match self.lane(lane, &path, problems) {
                Some(LaneRef::Lane(lane)) => lanes.push((lane, versions.place(version))),
                Some(LaneRef::Base) => problems.add(&path, "base is not a lane", "the member \"base\" of the service"),
                None => {}
            }
        }
        let split = service.split.as_ref().and_then(|split| {
            let split_path = path.field("split");
            let owner = |run: &Run<VersionName>, _: &Path<'_>, _: &mut Problems| Some(versions.place(&run.to));
            let table = table(&split.slots, owner, &split_path.field("slots"), problems)?;
            Some(ServiceSplit { salt: split.salt.as_str().into(), table })
        });
        for version in &service.not_ready {
            if let Some(known) = versions.0.iter_mut().find(|known| known.name == *version) {
                known.ready = false;
            } else {
                let names: Vec<&str> = versions.0.iter().map(|version| version.name.as_str()).collect();
                problems.add(
                    &path.field("notReady"),
                    format!("no version is called {}", Quoted(version.as_str())),
                    listed("", &names),
                );
            }
        }
        Service { name, base, versions: versions.0.into(), lanes: lanes.into(), split }
    }
}

/// The versions of a service in the order in which they were first named.
struct Versions(Vec<Version>);

impl Versions {
    fn place(&mut self, name: &VersionName) -> VersionId {
        let at = self.0.iter().position(|version| version.name == *name).unwrap_or_else(|| {
            self.0.push(Version { name: name.clone(), ready: true });
            self.0.len() - 1
        });
        VersionId::at(at)
    }
}
