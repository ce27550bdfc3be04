//! What a pass looks up again and again, built once from the world: what is asked for each release must not look through
//! everything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kube::ResourceExt;

use super::endpoints::Endpoints;
use super::in_force::Judged;
use super::objections::Precedence;
use super::{Kept, Replicas, Rollout, World, scope};
use crate::api::{GrayRelease, Lane, ObjectRef};
use crate::release::Owner;

/// What a pass looks up again and again.
#[derive(Debug)]
pub(super) struct Seen<'w> {
    /// Which endpoints are ready.
    pub(super) endpoints: Endpoints<'w>,
    /// Whose pods there are.
    pub(super) sets: Sets<'w>,
    /// Which release comes first, of those that are followed.
    pub(super) precedence: Precedence<'w>,
    /// The standing lanes that are followed.
    pub(super) lanes: Vec<&'w Lane>,
    /// The proxies in scope, and what each reported last.
    pub(super) proxies: Arc<BTreeMap<String, Option<u64>>>,
}

impl<'w> Seen<'w> {
    /// Looks at `world`, in which some objects are followed, and others are only there.
    pub(super) fn of(world: &'w World, is_followed: impl Fn(&ObjectRef) -> bool) -> Self {
        let releases = world.releases.iter().map(AsRef::as_ref);
        let lanes = world.lanes.iter().map(AsRef::as_ref);
        Self {
            endpoints: Endpoints::of(world),
            sets: Sets::of(world),
            precedence: Precedence::of(releases.filter(|release: &&GrayRelease| is_followed(&release.address()))),
            lanes: lanes.filter(|lane: &&Lane| is_followed(&lane.address())).collect(),
            proxies: Arc::new(scope::proxies(world)),
        }
    }
}

/// The `ReplicaSet`s, by who looks after them.
#[derive(Debug)]
pub(super) struct Sets<'w> {
    /// Those of Deployments, by the uid of these.
    owned: HashMap<&'w str, Vec<&'w Kept<Replicas>>>,
    /// Those that releases have made and no Deployment has taken, by namespace and name of the release.
    made: HashMap<(&'w str, &'w str), Vec<&'w Kept<Replicas>>>,
}

impl<'w> Sets<'w> {
    fn of(world: &'w World) -> Self {
        let (mut owned, mut made): (HashMap<&str, Vec<_>>, HashMap<_, Vec<_>>) = (HashMap::new(), HashMap::new());
        for set in &world.replica_sets {
            let controller = set.owner_references().iter().find(|owner| owner.controller == Some(true));
            if let Some(controller) = controller {
                owned.entry(controller.uid.as_str()).or_default().push(set.as_ref());
            }
            if let Some(release) = set.release() {
                let namespace = set.metadata.namespace.as_deref().unwrap_or_default();
                made.entry((namespace, release)).or_default().push(set.as_ref());
            }
        }
        Self { owned, made }
    }

    /// The `ReplicaSet`s of the Deployment, and those that the release has made for it.
    pub(super) fn for_deployment<'a>(
        &'a self,
        release: &'a GrayRelease,
        deployment: &'a Kept<Rollout>,
    ) -> impl Iterator<Item = (Owner, &'w Kept<Replicas>)> + use<'a, 'w> {
        let (uid, name) = (deployment.metadata.uid.as_deref(), release.metadata.name.as_deref());
        let namespace = deployment.metadata.namespace.as_deref();
        let owned = uid.and_then(|uid| self.owned.get(uid)).into_iter().flatten();
        let made = namespace.zip(name).and_then(|address| self.made.get(&address)).into_iter().flatten();
        let prefix = format!("{}-", deployment.name_any());
        let made = made.filter(move |set| set.metadata.name.as_ref().is_some_and(|name| name.starts_with(&prefix)));
        owned.map(|set| (Owner::Deployment, *set)).chain(made.map(|set| (Owner::Release, *set)))
    }
}
