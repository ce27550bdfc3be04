//! One namespace with the shop: a gateway leads to web, which calls cart, which calls stock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use graylane::api::{GrayRelease, GrayReleaseStatus, Phase};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cluster::{Cluster, until};
use crate::load::{Load, Pace, Users, until_served};
use crate::manifests::{BY_HALVES, RELEASE, ROUTES, entry, release, service, workload};
use crate::streams::{self, Stream};

/// The services, in the order in which they call each other; the first one is where requests come in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chain {
    /// cart and stock.
    Short,
    /// web, cart and stock.
    Long,
}

impl Chain {
    fn services(self) -> &'static [&'static str] {
        match self {
            Self::Short => &["cart", "stock"],
            Self::Long => &["web", "cart", "stock"],
        }
    }
}

/// The `ReplicaSet`s that have pods, by image: how many there are to be.
pub(crate) type Serving = BTreeMap<String, i32>;

/// One namespace with the shop.
pub(crate) struct Shop {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) namespace: String,
    gateway: String,
    pub(crate) client: Client,
}

impl Shop {
    /// A shop whose pods serve version `v1`, two pods each where there is nothing before them.
    pub(crate) async fn open(cluster: &Arc<Cluster>, namespace: &str, chain: Chain) -> Result<Self> {
        let client = cluster.client.clone();
        let gateway = cluster.gateway().await?;
        let shop = Self { cluster: cluster.clone(), namespace: namespace.to_owned(), gateway, client };
        shop.cluster.apply(&entry(namespace, chain.services()[0])).await?;
        for (index, name) in chain.services().iter().enumerate() {
            shop.cluster.apply(&service(namespace, name, "v1", if index == 0 { 1 } else { 2 })).await?;
        }
        until("every pod is available", || async {
            let deployments = shop.api::<Deployment>().list(&ListParams::default()).await?.items;
            let whole = |deployment: &Deployment| {
                let available = deployment.status.as_ref().and_then(|status| status.available_replicas);
                available == deployment.spec.replicas
            };
            Ok((deployments.len() == chain.services().len() && deployments.iter().all(whole)).then_some(()))
        })
        .await?;
        until_served(&shop.gateway, &shop.host()).await?;
        Ok(shop)
    }

    fn host(&self) -> String {
        format!("{}.example", self.namespace)
    }

    /// Load from here on.
    pub(crate) fn load(&self) -> Load {
        self.load_at(Pace::Usual)
    }

    /// Load from here on, at a pace.
    pub(crate) fn load_at(&self, pace: Pace) -> Load {
        Load::start(&self.gateway, &self.host(), pace, Users::New)
    }

    /// Load of so many people who come again and again, from here on.
    pub(crate) fn regulars(&self, number: usize) -> Load {
        Load::start(&self.gateway, &self.host(), Pace::Calm, Users::Regular(number))
    }

    /// Streams of stock that go on until its pods end, each of another user.
    pub(crate) async fn streams(&self, number: usize) -> Result<Vec<Stream>> {
        streams::open(&self.gateway, &self.host(), number).await
    }

    /// Releases stock, by these steps.
    pub(crate) async fn release_stock(&self, steps: &str) -> Result<()> {
        self.release(&["stock"], steps, "").await
    }

    /// Releases services, by these steps, and waits until it is ready for changes. `more` is more of the spec.
    pub(crate) async fn release(&self, services: &[&str], steps: &str, more: &str) -> Result<()> {
        let workloads: Vec<_> = services.iter().map(|service| workload(service, None)).collect();
        self.release_workloads(&workloads, steps, more).await
    }

    /// Releases a service that the shop's own routes lead to.
    pub(crate) async fn release_routed(&self, service: &str, steps: &str) -> Result<()> {
        self.release_workloads(&[workload(service, Some(ROUTES))], steps, "").await
    }

    async fn release_workloads(&self, workloads: &[String], steps: &str, more: &str) -> Result<()> {
        self.cluster.apply(&release(&self.namespace, workloads, steps, more)).await?;
        self.kubectl(&format!("wait --for=condition=Ready grayrelease/{RELEASE} --timeout=1m")).await
    }

    /// Manifests as a repository has them: stock in `version`, and its release.
    pub(crate) fn repository(&self, version: &str) -> [String; 2] {
        let stock = service(&self.namespace, "stock", version, 2);
        [stock, release(&self.namespace, &[workload("stock", None)], BY_HALVES, "")]
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn releases(&self) -> Api<GrayRelease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// What the release is at; as good as new when it is gone.
    pub(crate) async fn status(&self) -> Result<GrayReleaseStatus> {
        let release = self.releases().get_opt(RELEASE).await?;
        Ok(release.and_then(|release| release.status).unwrap_or_default())
    }

    /// `kubectl set image`.
    pub(crate) async fn set_image(&self, deployment: &str, image: &str) -> Result<()> {
        self.kubectl(&format!("set image deployment/{deployment} app={image}")).await
    }

    /// Changes the one container of a Deployment.
    pub(crate) async fn patch_container(&self, deployment: &str, change: &Value) -> Result<()> {
        let mut container = json!({"name": "app"});
        container.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap_or_default());
        let patch = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        self.api::<Deployment>().patch(deployment, &PatchParams::default(), &Patch::Strategic(patch)).await?;
        Ok(())
    }

    /// `graylane VERB checkout`.
    pub(crate) async fn tell(&self, verb: &str) -> Result<()> {
        self.type_in(&format!("graylane {verb} {RELEASE} --namespace {}", self.namespace)).await
    }

    /// `kubectl WORDS`.
    pub(crate) async fn kubectl(&self, words: &str) -> Result<()> {
        self.type_in(&format!("kubectl --namespace {} {words}", self.namespace)).await
    }

    async fn type_in(&self, typed: &str) -> Result<()> {
        let told = self.cluster.shell(typed)?.output().await?;
        ensure!(told.status.success(), "{typed}: {}", String::from_utf8_lossy(&told.stderr));
        Ok(())
    }

    /// Changes the spec of the release: a merge patch.
    pub(crate) async fn change_release(&self, spec: &Value) -> Result<()> {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.releases().patch(RELEASE, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// `kubectl delete grayrelease checkout`, until it is gone.
    pub(crate) async fn delete_release(&self) -> Result<()> {
        self.releases().delete(RELEASE, &DeleteParams::default()).await?;
        until("the release goes", || async { Ok(self.releases().get_opt(RELEASE).await?.is_none().then_some(())) })
            .await
    }

    /// Deletes the release and does not wait for the controller to end it.
    pub(crate) async fn lose_release(&self) -> Result<()> {
        self.releases().delete(RELEASE, &DeleteParams::default()).await?;
        let nobody_keeps_it = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        self.releases().patch(RELEASE, &PatchParams::default(), &nobody_keeps_it).await?;
        Ok(())
    }

    /// The status when it is as `is_it` says.
    pub(crate) async fn until_status(
        &self,
        what: &str,
        is_it: impl Fn(&GrayReleaseStatus) -> bool,
    ) -> Result<GrayReleaseStatus> {
        let found = until(what, || async {
            let status = self.status().await?;
            Ok(is_it(&status).then_some(status))
        });
        match found.await {
            Ok(status) => Ok(status),
            Err(error) => {
                let status = self.status().await?;
                let conditions = &status.conditions;
                Err(error).with_context(|| format!("it is {:?}: {}; {conditions:?}", status.phase, status.message))
            }
        }
    }

    pub(crate) async fn until_phase(&self, phase: Phase) -> Result<GrayReleaseStatus> {
        self.until_status(&format!("{phase:?}"), |status| status.phase == phase).await
    }

    /// The release stands still with everything that was said done, at the step with this index.
    pub(crate) async fn until_paused_at(&self, step: u32) -> Result<GrayReleaseStatus> {
        let what = format!("a pause at step {step}");
        self.until_status(&what, |status| status.phase == Phase::Pausing && status.step == step).await
    }

    pub(crate) async fn deployment(&self, name: &str) -> Result<Deployment> {
        Ok(self.api::<Deployment>().get(name).await?)
    }

    pub(crate) async fn is_paused(&self, deployment: &str) -> Result<bool> {
        Ok(self.deployment(deployment).await?.spec.paused == Some(true))
    }

    /// The `ReplicaSet`s of a service that have pods.
    pub(crate) async fn serving(&self, service: &str) -> Result<Serving> {
        let of_service = ListParams::default().labels(&format!("app={service}"));
        let sets = self.api::<ReplicaSet>().list(&of_service).await?.items;
        let with_pods = sets.into_iter().filter(|set| set.spec.replicas.unwrap_or_default() > 0);
        let entry = |set: ReplicaSet| {
            let containers = set.spec.template?.spec?.containers;
            Some((containers.first()?.image.clone()?, set.spec.replicas?))
        };
        Ok(with_pods.filter_map(entry).collect())
    }

    /// The service is served by these pods and no other, and its Deployment goes on.
    pub(crate) async fn until_served_by(&self, service: &str, image: &str, pods: i32) -> Result<()> {
        let expected = Serving::from([(image.to_owned(), pods)]);
        let what = format!("{service} is served by {pods} of {image} only, and not paused");
        until(&what, || async {
            let whole = self.serving(service).await? == expected && !self.is_paused(service).await?;
            let names: BTreeSet<_> = self.pods(service).await?.into_iter().map(|pod| image_of(&pod)).collect();
            Ok((whole && names == BTreeSet::from([image.to_owned()])).then_some(()))
        })
        .await
    }

    /// The pods of a service.
    pub(crate) async fn pods(&self, service: &str) -> Result<Vec<Pod>> {
        let of_service = ListParams::default().labels(&format!("app={service}"));
        Ok(self.api::<Pod>().list(&of_service).await?.items)
    }

    /// The unique ids of the pods of a service that have this image.
    pub(crate) async fn pod_ids(&self, service: &str, image: &str) -> Result<BTreeSet<String>> {
        let pods = self.pods(service).await?;
        Ok(pods.into_iter().filter(|pod| image_of(pod) == image).filter_map(|pod| pod.uid()).collect())
    }

    /// The resource versions of everything that Graylane writes in this namespace.
    pub(crate) async fn versions(&self) -> Result<Vec<Option<String>>> {
        let mut versions = vec![self.releases().get(RELEASE).await?.resource_version()];
        let deployments = self.api::<Deployment>().list(&ListParams::default()).await?.items;
        versions.extend(deployments.iter().map(ResourceExt::resource_version));
        let sets = self.api::<ReplicaSet>().list(&ListParams::default()).await?.items;
        versions.extend(sets.iter().map(ResourceExt::resource_version));
        versions.extend(self.told().await?);
        Ok(versions)
    }

    /// The resource versions of everything that proxies of this namespace are told.
    pub(crate) async fn told(&self) -> Result<Vec<Option<String>>> {
        let mut versions = Vec::new();
        for api in [self.routes(), self.destination_rules(), self.wasm_plugins()] {
            versions.extend(api.list(&ListParams::default()).await?.items.iter().map(ResourceExt::resource_version));
        }
        Ok(versions)
    }

    /// The resource versions of all that, when nothing has been written for a second.
    pub(crate) async fn until_at_rest(&self) -> Result<Vec<Option<String>>> {
        until("a second in which nothing is written", || async {
            let before = self.versions().await?;
            sleep(Duration::from_secs(1)).await;
            Ok((self.versions().await? == before).then_some(before))
        })
        .await
    }

    /// Takes the namespace away, and sees that the release does not keep it.
    pub(crate) async fn close(&self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await?;
        until("the release goes with its namespace", || async {
            Ok(self.releases().list(&ListParams::default()).await?.items.is_empty().then_some(()))
        })
        .await
    }
}

fn image_of(pod: &Pod) -> String {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    containers.first().and_then(|container| container.image.clone()).unwrap_or_default()
}
