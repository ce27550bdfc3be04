//! A cluster with Istio and with Graylane in it, installed as the guide says.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use graylane_lab::node::{ContainerName, Images};
use graylane_lab::{Extent, Lab, manifest};
use graylane_lab_tools::{File, find};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

/// The namespace of the controllers.
const SYSTEM: &str = "graylane-system";

/// How long is waited for what must come: a slow machine with two processors has it several times as fast. Istio's watches
/// pause for up to a minute after an API server has been away, more than once if it answers but is not ready.
const PATIENCE: Duration = Duration::from_mins(4);
const PERIOD: Duration = Duration::from_millis(50);

/// How many of the last lines of a controller are told when a scenario fails.
const LAST_LINES: usize = 60;

/// A cluster with Istio and with Graylane in it.
pub(crate) struct Cluster {
    pub(crate) lab: Lab,
    pub(crate) client: Client,
    /// Where the program under test lies.
    programs: PathBuf,
    _folder: TempDir,
}

impl Cluster {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let module = env::var_os("GRAYLANE_MODULE").unwrap_or_default();
        ensure!(
            Path::new(&module).is_file(),
            "GRAYLANE_MODULE names no module; `cargo xtask test --only lab` makes it"
        );
        // This program lies in `deps`, and programs of the workspace above it.
        let program = env::current_exe()?;
        let programs = program.parent().and_then(Path::parent).context("a folder of programs")?.to_owned();
        let images = Images::built_in(&programs)?.with_proxy()?;
        let mut lab = Lab::up(folder.path(), Extent::Mesh).await?;
        lab.join(images).await?;
        let cluster = Self { client: lab.client()?.clone(), lab, programs, _folder: folder };
        cluster.install().await?;
        Ok(cluster)
    }

    /// As the guide says.
    async fn install(&self) -> Result<()> {
        let installed = self.shell("kubectl apply -k deploy/")?.output().await?;
        ensure!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), SYSTEM);
        until("both controllers are ready", || async {
            let status = deployments.get("graylane").await?.status;
            Ok((status.and_then(|status| status.ready_replicas) == Some(2)).then_some(()))
        })
        .await
    }

    /// Replaces the controllers by such that run with these arguments as well.
    pub(crate) async fn run_controller(&self, arguments: &[&str]) -> Result<()> {
        let arguments: Vec<_> = [&["run"], arguments].concat();
        let container = json!({"name": "graylane", "args": arguments});
        let patch = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [container]}}}}));
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), SYSTEM);
        deployments.patch("graylane", &PatchParams::default(), &patch).await?;
        let replaced = format!("kubectl -n {SYSTEM} rollout status deployment/graylane --timeout=2m");
        let told = self.shell(&replaced)?.output().await?;
        ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        Ok(())
    }

    pub(crate) async fn apply(&self, text: &str) -> Result<()> {
        manifest::apply(&self.client, text).await?;
        Ok(())
    }

    /// What somebody types in the root folder of the checkout, who has the built programs, `kubectl` and this cluster.
    pub(crate) fn shell(&self, typed: &str) -> Result<Command> {
        let kubectl = find(File::Kubectl)?;
        let first = [self.programs.clone()];
        let last = kubectl.parent().map(Path::to_owned);
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(first.into_iter().chain(env::split_paths(&path)).chain(last))?;
        let mut command = Command::new("sh");
        command.args(["-c", typed]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).env("PATH", path);
        command.env("KUBECONFIG", self.lab.folder().kubeconfig_inside()).kill_on_drop(true);
        Ok(command)
    }

    /// What is answered at `url` to who asks from inside of the pod of a container, for `host`.
    pub(crate) async fn ask_inside(&self, container: &ContainerName, url: &str, host: &str) -> Result<Vec<u8>> {
        let process = self.lab.node().and_then(|node| node.process(container)).context("a container that runs")?;
        let (process, host) = (process.to_string(), format!("Host: {host}"));
        let curl = ["--target", &process, "--net", "curl", "--silent", "--header", &host, url];
        Ok(Command::new("nsenter").args(curl).output().await?.stdout)
    }

    /// The address at which the gateway takes requests.
    pub(crate) async fn gateway(&self) -> Result<String> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), "istio-system");
        let selected = ListParams::default().labels("istio=gateway");
        until("a gateway", || async {
            let pods = pods.list(&selected).await?.items;
            let address = pods.into_iter().find_map(|pod| pod.status?.pod_ip);
            Ok(address.map(|address| format!("{address}:8080")))
        })
        .await
    }

    /// Kills the controller that leads, without warning. The node starts it again.
    pub(crate) async fn kill_leader(&self) -> Result<()> {
        let leader = until("a leader that runs", || async {
            let name = |pod| ContainerName { namespace: SYSTEM.to_owned(), pod, container: "graylane".to_owned() };
            Ok(self.leader().await?.map(name).and_then(|name| self.lab.node()?.process(&name)))
        });
        kill_process(Pid::from_raw(leader.await?.try_into()?).context("a number")?, Signal::KILL)?;
        Ok(())
    }

    /// Takes the pod of the controller that leads away, without warning. The other one has to notice.
    pub(crate) async fn lose_leader(&self) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), SYSTEM);
        let leader = self.leader().await?.context("a leader")?;
        pods.delete(&leader, &DeleteParams::default().grace_period(0)).await?;
        Ok(())
    }

    /// The pod of the controller that leads, or did last.
    async fn leader(&self) -> Result<Option<String>> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), SYSTEM);
        Ok(leases.get("graylane").await?.spec.and_then(|spec| spec.holder_identity))
    }

    /// Waits until a controller says once more that it leads.
    pub(crate) async fn until_led(&self) -> Result<()> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), SYSTEM);
        let version = || async { Ok(leases.get("graylane").await?.resource_version()) };
        let before = until("a Lease", || async { version().await.map(Some) }).await?;
        until("the Lease is renewed", || async { Ok((version().await? != before).then_some(())) }).await
    }

    /// What the controllers said last.
    pub(crate) fn last_words(&self) -> String {
        let logs = self.lab.folder().logs();
        let files = fs::read_dir(&logs).into_iter().flatten().filter_map(|file| Some(file.ok()?.path()));
        let controllers = files.filter(|file| file.to_string_lossy().contains("graylane-system_"));
        let end = |file: PathBuf| {
            let said = fs::read_to_string(&file).unwrap_or_default();
            let lines: Vec<_> = said.lines().collect();
            format!("{}:\n{}", file.display(), lines[lines.len().saturating_sub(LAST_LINES)..].join("\n"))
        };
        controllers.map(end).collect::<Vec<_>>().join("\n\n")
    }
}

/// Waits until `seen` has seen what it waits for, and says what it waited for if that never comes.
pub(crate) async fn until<T, F>(what: &str, mut seen: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        let looked = seen().await;
        if let Ok(Some(seen)) = looked {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            looked.with_context(|| what.to_owned())?;
            anyhow::bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        sleep(PERIOD).await;
    }
}
