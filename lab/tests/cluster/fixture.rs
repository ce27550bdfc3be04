//! One lab for all tests, and how they ask it.

use std::env;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use graylane_lab::node::{ContainerName, Images};
use graylane_lab::{Extent, Lab, manifest};
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, ListParams};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long is waited for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const PERIOD: Duration = Duration::from_millis(50);

pub(crate) struct Cluster {
    pub(crate) lab: Lab,
    _folder: TempDir,
}

impl Cluster {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // This program lies in `deps`, and programs of the workspace above it.
        let program = env::current_exe()?;
        let programs = program.parent().and_then(|folder| folder.parent()).context("a folder of programs")?;
        let images = Images::built_in(programs)?.with_proxy()?;
        let mut lab = Lab::up(folder.path(), Extent::Mesh).await?;
        lab.join(images).await?;
        Ok(Self { lab, _folder: folder })
    }

    pub(crate) fn client(&self) -> Client {
        self.lab.client().expect("a lab that is up").clone()
    }

    pub(crate) async fn apply(&self, text: &str) -> Result<()> {
        manifest::apply(&self.client(), text).await?;
        Ok(())
    }

    pub(crate) fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client(), namespace)
    }

    /// The pods of a namespace once `holds` does.
    pub(crate) async fn pods_where(
        &self,
        namespace: &str,
        promise: &str,
        holds: impl Fn(&[Pod]) -> bool,
    ) -> Result<Vec<Pod>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let pods = self.pods(namespace).list(&ListParams::default()).await?.items;
            if holds(&pods) {
                return Ok(pods);
            }
            if Instant::now() > deadline {
                let seen: Vec<_> = pods.iter().map(|pod| (&pod.metadata.name, &pod.status)).collect();
                bail!("not within {} s: {promise}; the pods are {seen:#?}", PATIENCE.as_secs());
            }
            sleep(PERIOD).await;
        }
    }

    /// The number of a container's process.
    pub(crate) fn process(&self, pod: &Pod, container: &str) -> Option<u32> {
        let metadata = pod.metadata.clone();
        let (namespace, name) = (metadata.namespace?, metadata.name?);
        self.lab.node()?.process(&ContainerName { namespace, pod: name, container: container.to_owned() })
    }
}

/// Whether a pod says that it is ready.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.and_then(|conditions| conditions.iter().find(|condition| condition.type_ == "Ready"));
    ready.is_some_and(|ready| ready.status == "True")
}

/// The address of a pod.
pub(crate) fn address(pod: &Pod) -> Result<String> {
    pod.status.as_ref().and_then(|status| status.pod_ip.clone()).context("a pod with an address")
}

/// The status and body of an answer.
pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Result<(u16, String)> {
    let mut request = minreq::get(url).with_timeout(10);
    for (name, value) in headers {
        request = request.with_header(*name, *value);
    }
    let answer = tokio::task::spawn_blocking(|| request.send()).await??;
    Ok((answer.status_code, answer.as_str()?.to_owned()))
}
