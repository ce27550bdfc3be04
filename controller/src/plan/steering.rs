//! Which version of each service serves base, which one serves each lane, and how requests find it.

use std::collections::BTreeMap;

use graylane_core::Problem;
use graylane_core::config::{HostPattern, Service as ServiceConfig, ServiceSplit, Set};
use graylane_core::name::{ServiceName, VersionName};
use graylane_core::slots::{Run, SlotTable};

use super::claims::{self, Claim, SplitClaim};
use super::{Configs, Entry, Observed, Origins, Readiness, Refusal, Refusals, Service, ServiceFacts, ServiceRoutes};

/// What becomes of all services.
#[derive(Debug, Default)]
pub(super) struct Steering {
    /// For filters at gateways: the services that a gateway serves.
    pub(super) gateway: BTreeMap<ServiceName, ServiceConfig>,
    /// For filters behind apps: all services.
    pub(super) sidecars: BTreeMap<ServiceName, ServiceConfig>,
    /// For routers.
    pub(super) routes: Vec<ServiceRoutes>,
}

/// Brings together what is known of every service and what `entries` say of it.
pub(super) fn steer(
    observed: &Observed,
    entries: &[Entry<'_>],
    previous: Option<&Configs>,
    origins: &mut Origins,
    refusals: &mut Refusals,
) -> Steering {
    let mut claims = claims::gather(observed, entries, refusals);
    let mut namesakes: BTreeMap<&str, usize> = BTreeMap::new();
    for service in observed.services.keys() {
        *namesakes.entry(service.name()).or_default() += 1;
    }
    let mut steering = Steering::default();
    for (service, facts) in &observed.services {
        let claim = claims.remove(service).unwrap_or_default();
        let hosts = hosts(service, namesakes.get(service.name()).copied().unwrap_or_default());
        match steered(service, facts, &claim, hosts, previous) {
            Ok(steered) => steering.add(steered, facts),
            Err(problem) => {
                let object = claim.named.as_ref().map(|(object, _)| (*object).clone());
                refusals.push(Refusal { object, problem });
            }
        }
        for (lane, claimed) in claim.lanes {
            origins.note(format!("services.{service}.lanes.{lane}"), claimed.by, claimed.field);
        }
    }
    steering
}

fn steered(
    service: &Service,
    facts: &ServiceFacts,
    claim: &Claim<'_>,
    hosts: Vec<String>,
    previous: Option<&Configs>,
) -> Result<(ServiceConfig, ServiceRoutes), Problem> {
    let problem = |found: String, allowed: &str| Problem {
        path: claim.named.as_ref().map_or_else(|| format!("services.{service}"), |(_, field)| field.clone()),
        found,
        allowed: allowed.to_owned(),
    };
    let base = claim.base.as_ref().map(|base| base.version).or(facts.base.as_ref()).ok_or_else(|| {
        let allowed = "a GrayRelease that names its stable version, or a LocalMesh that lists its versions";
        problem(format!("nothing says which version of {service} serves base"), allowed)
    })?;
    let patterns: Result<Vec<HostPattern>, _> = hosts.iter().map(|host| host.parse()).collect();
    let split = claim.split.as_ref().and_then(|split| {
        let before = previous.and_then(|configs| configs.outbound.services.get(service.full_name()));
        divided(service, base, split, before.and_then(|before| before.split.as_ref()))
    });
    let mut config = ServiceConfig {
        hosts: patterns.map_err(|error| problem(error.to_string(), ""))?,
        base: base.clone(),
        lanes: claim.lanes.iter().map(|(lane, claimed)| ((*lane).clone(), claimed.version.clone())).collect(),
        not_ready: Set::default(),
        split,
    };
    config.not_ready = not_ready(&config, facts);
    let versions = facts.versions.keys().cloned().collect();
    let routes = ServiceRoutes { service: service.clone(), hosts, port: facts.port, base: base.clone(), versions };
    Ok((config, routes))
}

impl Steering {
    fn add(&mut self, (config, routes): (ServiceConfig, ServiceRoutes), facts: &ServiceFacts) {
        let name = routes.service.full_name();
        if !facts.gateway_hosts.is_empty() {
            let hosts = facts.gateway_hosts.clone();
            self.gateway.insert(name.clone(), ServiceConfig { hosts, ..config.clone() });
        }
        self.sidecars.insert(name.clone(), config);
        self.routes.push(routes);
    }
}

/// The hosts by which other services call this one, as Kubernetes resolves them. The bare name stands only for a
/// service that shares it with none of another namespace: filters of all namespaces are told the same. `namesakes` counts those of its name, itself
/// included.
fn hosts(service: &Service, namesakes: usize) -> Vec<String> {
    let short = (namesakes == 1).then(|| service.name().to_owned());
    short.into_iter().chain([service.to_string(), format!("{service}.svc"), service.host()]).collect()
}

/// The split of one service over its versions: from the slots of `before`, moving as few as possible.
///
/// `None` where the weights are no split, which has been refused by then.
fn divided(
    service: &Service,
    base: &VersionName,
    claim: &SplitClaim<'_>,
    before: Option<&ServiceSplit>,
) -> Option<ServiceSplit> {
    let salt = format!("{}/{service}", claim.by.salt);
    let mut shares: Vec<(VersionName, u16)> =
        claim.weights.iter().map(|weight| (weight.version.clone(), weight.weight.slots())).collect();
    // Base last: what the others grow by comes from it, and what they give up goes back to it.
    shares.sort_by_key(|(version, _)| version == base);
    let before = before.filter(|before| before.salt == salt);
    let before = before.map(|before| SlotTable::new(before.slots.iter().map(|run| (run.to.clone(), run.slots))));
    let table = match before {
        Some(Ok(table)) => table.reassigned(&shares),
        Some(Err(_)) | None => SlotTable::new(shares),
    };
    let runs = |table: SlotTable<VersionName>| table.runs().map(|(to, slots)| Run { to: to.clone(), slots }).collect();
    table.ok().map(|table| ServiceSplit { salt, slots: runs(table) })
}

/// The versions in use that have no ready endpoints.
fn not_ready(config: &ServiceConfig, facts: &ServiceFacts) -> Set<VersionName> {
    let split = config.split.iter().flat_map(|split| &split.slots).map(|run| &run.to);
    [&config.base]
        .into_iter()
        .chain(config.lanes.values())
        .chain(split)
        .filter(|version| facts.versions.get(version) == Some(&Readiness::NotReady))
        .cloned()
        .collect()
}
