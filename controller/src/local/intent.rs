//! What the files of the folder want.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::Path;

use graylane_core::{Phase, Problem};

use super::publication::Next;
use super::wanted::{self, Version, Wanted};
use crate::api::Protocol;
use crate::envoy::Tracing;
use crate::plan::{Configs, Readiness, Service, plan};
use crate::resources::{self, Finding, Findings, Place, Resources};

/// The resources, read and found to be in order.
#[derive(Debug)]
pub(super) struct Intent {
    resources: Resources,
    pub(super) wanted: BTreeMap<Version, Wanted>,
    protocols: BTreeMap<Service, Protocol>,
    pub(super) gateway_port: u16,
}

impl Intent {
    /// What the files in `dir` want.
    ///
    /// # Errors
    /// All that is wrong with their form.
    pub(super) fn read(dir: &Path) -> Result<Self, Findings> {
        let resources = resources::read(&[dir])?;
        let Some(mesh) = &resources.mesh else {
            return Err(Findings::from_iter([no_mesh(dir)]));
        };
        Ok(Self {
            wanted: wanted::wanted(mesh),
            protocols: wanted::protocols(mesh),
            gateway_port: mesh.spec.gateway.port,
            resources,
        })
    }

    /// How many worker threads each proxy has.
    pub(super) fn workers(&self) -> NonZeroU16 {
        self.resources.mesh.as_ref().map_or(NonZeroU16::MIN, |mesh| mesh.spec.workers)
    }

    /// Where proxies that go by `next` send their spans.
    pub(super) fn tracing(&self, next: &Next) -> Option<Tracing> {
        let collector = self.resources.mesh.as_ref()?.spec.tracing.as_ref()?.otlp;
        Some(Tracing { collector, lanes: next.plan.configs.of(Phase::Gateway).headers.lane.clone() })
    }

    /// How many replicas of `version` there should be.
    pub(super) fn replicas(&self, version: &Version) -> u16 {
        self.wanted.get(version).map_or(0, |wanted| wanted.replicas)
    }

    /// How many replicas there should be in all.
    pub(super) fn all_replicas(&self) -> usize {
        self.wanted.values().map(|wanted| usize::from(wanted.replicas)).sum()
    }

    /// What is to be published when the versions that are `ready` are.
    ///
    /// # Errors
    /// All that is wrong with their meaning.
    pub(super) fn plan(&self, ready: impl Fn(&Version) -> bool, previous: Option<&Configs>) -> Result<Next, Findings> {
        let mut observed = self.resources.observe();
        for (service, facts) in &mut observed.services {
            for (version, readiness) in &mut facts.versions {
                let ready = ready(&(service.clone(), version.clone()));
                *readiness = if ready { Readiness::Ready } else { Readiness::NotReady };
            }
        }
        let plan = plan(&observed, previous).map_err(|refusals| self.resources.locate(refusals))?;
        Ok(Next { plan, observed, protocols: self.protocols.clone() })
    }
}

fn no_mesh(dir: &Path) -> Finding {
    Finding {
        place: Some(Place { file: dir.to_owned(), line: None }),
        object: None,
        problem: Problem {
            path: String::new(),
            found: "no file holds a LocalMesh, which says which services to run".to_owned(),
            allowed: "one LocalMesh".to_owned(),
        },
    }
}
