//! What a cluster has to do with releases and standing lanes: from its objects to facts, and from what is desired to objects.
//!
//! ```text
//! World -> InForce -> Pass { statuses to store } -> Pass { objects to write }
//! ```
//!
//! It does no IO. [`InForce`] says what of the objects is followed. Two halves of one pass: [`Pass::begin`] makes the next statuses, which are stored first;
//! [`Pass::writes`] says what to write then, which is what differs from the objects that there are, in an order in which
//! nothing is sent where nothing is.

mod change;
mod covers;
mod endpoints;
mod facts;
mod finalizer;
mod gone;
mod in_force;
mod kept;
mod manifests;
mod object;
mod objections;
mod objects;
mod pass;
mod planning;
mod policy;
mod released;
mod report;
mod rights;
mod scope;
mod seen;
mod selection;
mod standing;
mod stored_status;
mod supply;
mod template;
mod version_names;
mod way;
mod world;

pub use change::{Change, Data, Kind, News, Said, Write};
pub use in_force::InForce;
pub use kept::{Kept, Part, Placement, PodProxy, Replicas, Rollout, Specs};
pub use manifests::manifests as istio_manifests;
pub use objects::Objects;
pub use pass::Pass;
pub use planning::published_config;
pub use policy::NoSecret;
pub(crate) use policy::named as named_secrets;
pub use report::Report;
pub use rights::{LEASES, RIGHTS, Right, manifests};
pub use scope::{ModuleSource, Role, SIDECAR, is_live, role};
pub use stored_status::StoredStatus;
pub use template::version_of;
pub use world::{Settings, World};

/// Who writes, for the API server.
pub const FIELD_MANAGER: &str = "graylane";

/// Marks what belongs to a release, by the release's name; on Deployments it asks the admission policy for the hold.
pub const RELEASE_LABEL: &str = "graylane.io/release";

/// The label, and its value, that says that a filter's configuration is ours.
pub const MANAGED: (&str, &str) = ("app.kubernetes.io/managed-by", "graylane");

/// What people tell a release to do.
pub const VERB_ANNOTATION: &str = "graylane.io/verb";

/// Keeps a release until nothing of it is left.
pub const FINALIZER: &str = "graylane.io/release";

/// Keeps a standing lane until nothing of it is left.
pub const LANE_FINALIZER: &str = "graylane.io/lane";

/// By which module, and how, the filter of an object came to proxies.
pub const SUPPLY_ANNOTATION: &str = "graylane.io/supply";

/// A short name for what was said of an object last, by whichever controller: it has to be said again only where somebody
/// has changed the object.
pub const SAID_ANNOTATION: &str = "graylane.io/said";

/// The label by which Kubernetes tells pods of one template from those of another.
pub const HASH_LABEL: &str = "pod-template-hash";

#[cfg(test)]
mod tests;
