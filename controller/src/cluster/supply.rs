//! How proxies get the filter: which module, by which object; and when they get another one.
//!
//! Another module comes as a generation of its own, with the configuration that proxies have, while no release waits for
//! them. No release gets on before every proxy has reported it: a module and a weight are never changed in one step.

use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::object::{envoy_filter, publication};
use super::seen::Seen;
use super::{Kept, Kind, ModuleSource, Placement, SUPPLY_ANNOTATION, Settings, World};
use crate::api::Delivery;
use crate::plan::Configs;
use crate::release::Filter;

/// How proxies get the filter. Objects carry it as an annotation, whatever somebody else makes of their specs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Supply {
    /// By which object.
    pub(super) delivery: Delivery,
    /// The module.
    pub(super) module: ModuleSource,
}

/// A supply, and the generation that it came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Supplied {
    /// How proxies get the filter.
    #[serde(flatten)]
    pub(super) supply: Supply,
    /// The first generation that came so.
    pub(super) since: u64,
}

impl Supply {
    /// As the policy of the mesh says, where the module is where proxies can get it so.
    pub(super) fn wanted(world: &World, module: &ModuleSource) -> Self {
        let asked = world.policy.as_ref().map(|policy| policy.spec.delivery).unwrap_or_default();
        let delivery = match asked {
            Delivery::EnvoyFilter if envoy_filter::code(module).is_some() => Delivery::EnvoyFilter,
            Delivery::EnvoyFilter | Delivery::WasmPlugin => Delivery::WasmPlugin,
        };
        Self { delivery, module: module.clone() }
    }

    /// The kind of the objects.
    pub(super) fn kind(&self) -> Kind {
        match self.delivery {
            Delivery::WasmPlugin => Kind::WasmPlugin,
            Delivery::EnvoyFilter => Kind::EnvoyFilter,
        }
    }
}

impl Supplied {
    /// What an object says.
    fn of(object: &Kept<Placement>) -> Option<Self> {
        serde_json::from_str(object.annotations().get(SUPPLY_ANNOTATION)?).ok()
    }

    /// The annotations by which an object says so.
    pub(super) fn annotations(&self) -> Value {
        json!({SUPPLY_ANNOTATION: json!(self).to_string()})
    }
}

/// Where the exchange of a module stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exchange {
    /// There is no module yet.
    First,
    /// Every proxy has what is wanted, since this generation.
    Complete(u64),
    /// Objects say what is wanted since this generation; some proxies have an older one.
    UnderWay(u64),
    /// Objects say something else, and are to be written now.
    Due,
    /// Objects say this, and stay for as long as a release waits for proxies.
    Postponed(Supplied),
}

impl Exchange {
    /// Where the exchange for what is wanted stands, after `previous` was published.
    pub(super) fn of(world: &World, seen: &Seen<'_>, settings: &Settings, previous: Option<&Configs>) -> Self {
        let wanted = Supply::wanted(world, &settings.module);
        let all: Vec<Supplied> = publication::all(world).filter_map(Supplied::of).collect();
        let Some(since) = all.iter().map(|supplied| supplied.since).max() else {
            return Self::First;
        };
        match all.into_iter().find(|supplied| supplied.supply != wanted) {
            Some(other) if releases_wait(world) && some_lack(seen, previous.map_or(0, Configs::generation)) => {
                Self::Postponed(other)
            }
            Some(_) => Self::Due,
            None if some_lack(seen, since) => Self::UnderWay(since),
            None => Self::Complete(since),
        }
    }

    /// What a release needs to know of it.
    pub(super) fn filter(&self) -> Filter {
        match self {
            Self::First | Self::Complete(_) | Self::Postponed(_) => Filter::InPlace,
            Self::UnderWay(_) | Self::Due => Filter::Exchanged,
        }
    }

    /// How proxies are to get the filter, if `generation` is what is published.
    pub(super) fn supplied(&self, world: &World, settings: &Settings, generation: u64) -> Supplied {
        let since = match self {
            Self::First | Self::Due => generation,
            Self::Complete(since) | Self::UnderWay(since) => *since,
            Self::Postponed(present) => return present.clone(),
        };
        Supplied { supply: Supply::wanted(world, &settings.module), since }
    }

    /// What is to be published instead of `planned`: with another module, what proxies have.
    pub(super) fn configs(&self, planned: Configs, previous: Option<&Configs>) -> Configs {
        match (self, previous) {
            (Self::Due, Some(previous)) => previous.clone().numbered(previous.generation() + 1),
            (Self::First | Self::Due | Self::Complete(_) | Self::UnderWay(_) | Self::Postponed(_), _) => planned,
        }
    }
}

/// Whether some proxy has reported an older generation. One that has reported none starts, and with what is there now.
fn some_lack(seen: &Seen<'_>, generation: u64) -> bool {
    seen.proxies.values().flatten().any(|reported| *reported < generation)
}

fn releases_wait(world: &World) -> bool {
    let mut statuses = world.releases.iter().filter_map(|release| release.status.as_ref());
    statuses.any(|status| status.phase.awaits_proxies())
}
