//! A mesh of two services, `web` and behind it `cart`, in a folder of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use graylane::local::{self, Error, Event, Events, Options, Running};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::client::Client;

/// The release of `cart` v2, which takes `weight` of all requests.
pub(crate) fn release(weight: &str) -> String {
    format!(
        "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {{name: checkout, namespace: shop}}\n\
         spec:\n  lane: gray\n  weight: {weight}\n  workloads:\n  - {{service: cart, stable: v1, gray: v2}}\n"
    )
}

/// The services, with `versions` of cart as YAML and the gateway on `port`.
pub(crate) fn mesh(port: u16, versions: &str) -> String {
    format!(
        "apiVersion: graylane.io/v1alpha1\nkind: LocalMesh\nmetadata: {{name: shop, namespace: shop}}\nspec:\n  \
         gateway:\n    port: {port}\n    routes: [{{hosts: [shop.example.com], service: web}}]\n  services:\n  \
         - name: web\n    readiness: {{path: /ready}}\n    versions:\n    \
         - {{name: v1, command: {command}, env: {{NEXT: cart}}}}\n  \
         - name: cart\n    readiness: {{path: /ready}}\n    versions:\n{versions}",
        command = command()
    )
}

/// A version of cart as YAML.
pub(crate) fn version(name: &str, replicas: u16, environment: &str) -> String {
    format!("    - {{name: {name}, replicas: {replicas}, command: {}, env: {{{environment}}}}}\n", command())
}

pub(crate) fn command() -> String {
    let myself = env::current_exe().expect("the path of this program");
    format!("[{:?}, app]", myself.display().to_string())
}

/// A folder of resources and one of state, and the mesh that runs on them, if it does.
pub(crate) struct Fixture {
    folder: TempDir,
}

/// A mesh that runs, and all that it has told.
pub(crate) struct Mesh {
    pub(crate) running: Running,
    pub(crate) events: Events,
    pub(crate) told: Told,
}

/// What a mesh has told; printed where a test does not come to its end.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Vec<String>);

impl Drop for Told {
    fn drop(&mut self) {
        for line in &self.0 {
            println!("      {line}");
        }
    }
}

impl Fixture {
    /// Cart in versions v1 and v2, nothing of it released yet.
    pub(crate) fn new() -> Result<Self> {
        let fixture = Self { folder: tempfile::tempdir()? };
        fs::create_dir(fixture.resources())?;
        fixture.write("mesh.yaml", &mesh(0, &[version("v1", 1, ""), version("v2", 1, "")].concat()))?;
        fixture.write("release.yaml", &release("0"))?;
        Ok(fixture)
    }

    pub(crate) fn resources(&self) -> PathBuf {
        self.folder.path().join("resources")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Writes a file as editors do: in one step.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let unfinished = self.folder.path().join(name);
        fs::write(&unfinished, text)?;
        Ok(fs::rename(unfinished, self.resources().join(name))?)
    }

    pub(crate) fn options(&self) -> Options {
        options(self.resources(), self.state())
    }

    pub(crate) async fn start(&self) -> Result<Mesh, Error> {
        let (running, events) = local::start(self.options()).await?;
        Ok(Mesh { running, events, told: Told::default() })
    }

    /// Starts the mesh and waits until it is ready.
    pub(crate) async fn ready(&self) -> Result<Mesh> {
        let mut mesh = self.start().await?;
        mesh.event(|event| matches!(event, Event::Ready { .. })).await?;
        Ok(mesh)
    }

    /// The number of each process that runs, by its name in files.
    pub(crate) fn processes(&self) -> Result<Vec<(String, u32)>> {
        let mut processes = Vec::new();
        for entry in fs::read_dir(self.state().join("processes"))? {
            let entry = entry?;
            let note = fs::read_to_string(entry.path())?;
            let id = note.split(' ').next().unwrap_or_default().parse()?;
            processes.push((entry.file_name().to_string_lossy().into_owned(), id));
        }
        Ok(processes)
    }

    pub(crate) fn process(&self, name: &str) -> Result<u32> {
        let found = self.processes()?.into_iter().find(|(other, _)| other == name);
        Ok(found.with_context(|| format!("no process {name}"))?.1)
    }
}

impl Mesh {
    pub(crate) fn client(&self) -> Client {
        Client::new(self.running.gateway_addr())
    }

    /// The next event that is `wanted`.
    pub(crate) async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<Event> {
        loop {
            let event = self.events.next().await.context("the mesh has stopped")?;
            self.told.0.push(event.to_string());
            if wanted(&event) {
                return Ok(event);
            }
        }
    }

    /// Waits until all proxies have acknowledged some next generation, and returns it.
    pub(crate) async fn acknowledged(&mut self) -> Result<u64> {
        match self.event(|event| matches!(event, Event::Acknowledged { .. })).await? {
            Event::Acknowledged { generation, .. } => Ok(generation),
            other => anyhow::bail!("{other}"),
        }
    }

    /// Stops the mesh, and looks whether really nothing runs any more.
    pub(crate) async fn end(mut self, fixture: &Fixture) -> Result<()> {
        let processes = fixture.processes()?;
        ensure!(!processes.is_empty(), "nothing ran at all");
        self.running.shutdown().await;
        none_runs(&processes)?;
        ensure!(fixture.processes()?.is_empty(), "processes are still noted down");
        self.told.0.clear();
        Ok(())
    }
}

/// Whether a process runs.
pub(crate) fn runs(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

pub(crate) fn none_runs(processes: &[(String, u32)]) -> Result<()> {
    let left: Vec<_> = processes.iter().filter(|(_, id)| runs(*id)).collect();
    ensure!(left.is_empty(), "still running: {left:?}");
    Ok(())
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        ensure!(Instant::now() < deadline, "not within 30 s: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Plays the command: `mesh RESOURCES STATE`.
pub(crate) async fn run_mesh() -> Result<()> {
    let [resources, state] = [2, 3].map(|place| env::args().nth(place).map(PathBuf::from));
    let (resources, state) = resources.zip(state).context("RESOURCES and STATE")?;
    Ok(local::run(options(resources, state), &mut std::io::stdout()).await?)
}

fn options(dir: PathBuf, state: PathBuf) -> Options {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/graylane/graylane.wasm");
    let module = env::var_os("GRAYLANE_MODULE").map_or(built, PathBuf::from);
    Options { dir, envoy: None, module: Some(module), state_dir: Some(state) }
}
