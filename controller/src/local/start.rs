//! Starting a local mesh.

use std::path::{self, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::HttpClient;
use super::event::{Event, Reporter};
use super::folder::Folder;
use super::gateway::Gateway;
use super::guard::Guard;
use super::intent::Intent;
use super::mesh::{Mesh, Stage};
use super::port::Port;
use super::process::Site;
use super::publication::Publication;
use super::replicas::Replicas;
use super::running::{Events, Running};
use super::state::StateFolder;
use super::{Error, leftover, state};
use crate::envoy;

/// How long proxies may take to start before they are named.
const START: Duration = Duration::from_secs(30);

/// What a local mesh needs to know.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder of resources, which is watched.
    pub dir: PathBuf,
    /// The Envoy to run; else what [`envoy::find_executable`] finds.
    pub envoy: Option<PathBuf>,
    /// The filter's module; else what `GRAYLANE_MODULE` names, else `target/graylane/graylane.wasm`.
    pub module: Option<PathBuf>,
    /// Where to keep state; else a folder for `dir` below `$XDG_STATE_HOME/graylane` or `~/.local/state/graylane`.
    pub state_dir: Option<PathBuf>,
}

/// Starts what the folder of `options` describes. Returns when all of it is in order and being started;
/// [`Running::ready`] waits until it serves.
///
/// # Errors
/// When it can not be started; then nothing is left running.
pub async fn start(options: Options) -> Result<(Running, Events), Error> {
    let (told, events) = mpsc::unbounded_channel();
    let mesh = prepare(options, Reporter(told)).await?;
    Ok((Running::of(mesh), Events(events)))
}

async fn prepare(options: Options, reporter: Reporter) -> Result<Mesh, Error> {
    let dir = fs::canonicalize(&options.dir).map_err(state::file("find", &options.dir))?;
    let envoy = envoy::find_executable(options.envoy.as_deref())?;
    let envoy = path::absolute(&envoy).map_err(state::file("find", &envoy))?;
    let folder = Folder::watch(options.dir);
    let intent = Intent::read(folder.path()).map_err(Error::Resources)?;
    let first = intent.plan(|version| intent.replicas(version) > 0, None).map_err(Error::Resources)?;

    let state = StateFolder::open(&dir, options.state_dir.as_deref())?;
    let left = leftover::end(&state.processes()).await;
    if !left.is_empty() {
        reporter.tell(Event::Cleared { processes: left });
    }
    state.clear()?;
    let module = state.keep_module(&module(options.module))?;
    let port = intent.gateway_port;
    let port = Port::keep(port).map_err(|cause| Error::Port { port, cause })?;
    let guard = Guard::start().map_err(|cause| Error::System { verb: "run /bin/sh", cause })?;

    reporter.tell(Event::Starting { replicas: intent.all_replicas(), logs: state.logs() });
    let (tracing, workers) = (intent.tracing(&first), intent.workers());
    let publication = Publication::begin(state.published(), module, first, Instant::now() + START)?;
    let (client, wake, closing) = (HttpClient::new(), Notify::new(), CancellationToken::new());
    let site = Arc::new(Site { state, guard, envoy, dir, tracing, workers, client, reporter, wake, closing });
    Ok(Mesh {
        gateway: Gateway::start(&site, port)?,
        folder,
        intent,
        replicas: Replicas::default(),
        publication,
        retiring: JoinSet::new(),
        stage: Stage::Starting,
        proxies: watch::Sender::default(),
        ready: watch::Sender::new(false),
        site,
    })
}

fn module(named: Option<PathBuf>) -> PathBuf {
    let by_variable = || env::var_os("GRAYLANE_MODULE").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(by_variable).unwrap_or_else(|| PathBuf::from("target/graylane/graylane.wasm"))
}
