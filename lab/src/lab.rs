//! A lab that runs: its components, and a client that may do everything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::component::{CannotPrepare, Component, prepare_certificates};
use crate::folder::Folder;
use crate::http::HttpClient;
use crate::kubeconfig;
use crate::manifest::{self, CannotApply};
use crate::node::{Images, NoNode, Node};
use crate::process::Process;

/// How long a component may take until it is ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often is looked whether it is.
const PERIOD: Duration = Duration::from_millis(50);

/// How many of the last lines of a log are told when a component does not start.
const LAST_LINES: usize = 8;

/// How much of a cluster there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The API server and Kubernetes' controllers.
    Kubernetes,
    /// Istio as well.
    Mesh,
}

impl Extent {
    /// Its components, in the order in which they are started.
    #[must_use]
    pub fn components(self) -> &'static [Component] {
        match self {
            Self::Kubernetes => &[Component::Etcd, Component::ApiServer, Component::ControllerManager],
            Self::Mesh => &Component::ALL,
        }
    }
}

/// A lab that runs. Dropping it ends everything.
pub struct Lab {
    folder: Folder,
    http: HttpClient,
    client: Option<Client>,
    running: Mutex<BTreeMap<Component, Running>>,
    node: Option<Node>,
}

/// A component that was started.
#[derive(Debug)]
struct Running {
    process: Process,
    since: Timestamp,
}

/// What became of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It runs, since then.
    Runs {
        /// The start.
        since: Timestamp,
    },
    /// It has ended by itself.
    Ended(ExitStatus),
    /// It was not started, or was stopped.
    Stopped,
}

/// Why a lab can not be had.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A component can not be started.
    #[error("{component} can not be started: {cause}")]
    CannotPrepare {
        /// Which one.
        component: Component,
        /// Why.
        cause: CannotPrepare,
    },
    /// A component is not ready in time, or has ended.
    #[error("{component} {happened}; it said last, in {log}:\n{last_words}")]
    NotReady {
        /// Which one.
        component: Component,
        /// What it did instead.
        happened: String,
        /// Where it says what it does.
        log: String,
        /// The end of that.
        last_words: String,
    },
    /// The system refuses something ordinary.
    #[error("the lab's folder or processes: {0}")]
    System(#[from] io::Error),
    /// There is no way to the API server.
    #[error("no client of the API server: {0}")]
    Client(String),
    /// There is no node.
    #[error(transparent)]
    Node(#[from] NoNode),
    /// The API server refuses what belongs to the lab.
    #[error(transparent)]
    Apply(#[from] CannotApply),
}

impl Lab {
    /// Starts a lab in a folder, and waits until it is ready. What the folder holds from an earlier lab is there again.
    ///
    /// # Errors
    /// [`LabError`], with what the component that failed said last.
    pub async fn up(path: &Path, extent: Extent) -> Result<Self, LabError> {
        let folder = Folder::make(path)?;
        let component = Component::ApiServer;
        prepare_certificates(&folder).map_err(|cause| LabError::CannotPrepare { component, cause })?;
        let server = component.address();
        kubeconfig::write(&folder.kubeconfig_inside(), &folder, &server, kubeconfig::ADMINISTRATOR)?;
        let mut lab = Self { folder, http: HttpClient::new(), client: None, running: Mutex::default(), node: None };
        for component in extent.components() {
            match component {
                Component::Etcd | Component::ControllerManager => lab.start(*component).await?,
                Component::ApiServer => lab.first_start_of_the_api_server().await?,
                Component::Istiod => {
                    manifest::apply_istio(lab.client()?).await?;
                    lab.start(*component).await?;
                }
            }
        }
        Ok(lab)
    }

    /// The client needs the certificate that the API server makes itself.
    async fn first_start_of_the_api_server(&mut self) -> Result<(), LabError> {
        let component = Component::ApiServer;
        self.launch(component).await?;
        let certificate = self.folder.certificates().join("apiserver.crt");
        let deadline = Instant::now() + PATIENCE;
        while !certificate.is_file() {
            self.still_waits(component, deadline).await?;
        }
        self.client = Some(client(&self.folder.kubeconfig_inside()).await?);
        self.until_ready(component).await
    }

    /// Adds a node that runs pods of these images.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn join(&mut self, images: Images) -> Result<(), LabError> {
        self.node = Some(Node::start(self.client()?.clone(), self.folder.clone(), images).await?);
        Ok(())
    }

    /// The node, once it has joined.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// The lab's folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// A client that may do everything.
    ///
    /// # Errors
    /// Not once the lab is up.
    pub fn client(&self) -> Result<&Client, LabError> {
        self.client.as_ref().ok_or_else(|| LabError::Client("the API server has not started yet".to_owned()))
    }

    /// Starts a component that does not run, and waits until it is ready.
    ///
    /// # Errors
    /// [`LabError`], with what it said last.
    pub async fn start(&self, component: Component) -> Result<(), LabError> {
        self.launch(component).await?;
        self.until_ready(component).await
    }

    /// Stops a component as an operator would.
    ///
    /// # Errors
    /// What the system says.
    pub async fn stop(&self, component: Component) -> Result<(), LabError> {
        let running = self.running.lock().await.remove(&component);
        if let Some(Running { process, .. }) = running {
            process.stop(component.grace()).await?;
        }
        Ok(())
    }

    /// Ends a component without warning.
    ///
    /// # Errors
    /// What the system says.
    pub async fn kill(&self, component: Component) -> Result<(), LabError> {
        let running = self.running.lock().await.remove(&component);
        if let Some(Running { process, .. }) = running {
            process.kill().await?;
        }
        Ok(())
    }

    /// What became of a component.
    ///
    /// # Errors
    /// What the system says.
    pub async fn life(&self, component: Component) -> Result<Life, LabError> {
        let mut running = self.running.lock().await;
        let Some(running) = running.get_mut(&component) else { return Ok(Life::Stopped) };
        Ok(match running.process.has_ended()? {
            None => Life::Runs { since: running.since },
            Some(status) => Life::Ended(status),
        })
    }

    /// Whether a component is ready, by its own word.
    pub async fn is_ready(&self, component: Component) -> bool {
        component.is_ready(&self.http, self.client.as_ref()).await
    }

    /// Stops everything, the last one first.
    ///
    /// # Errors
    /// What the system says.
    pub async fn down(self) -> Result<(), LabError> {
        for component in Component::ALL.into_iter().rev() {
            self.stop(component).await?;
        }
        Ok(())
    }

    async fn launch(&self, component: Component) -> Result<(), LabError> {
        let cannot = |cause| LabError::CannotPrepare { component, cause };
        let program = component.program(&self.folder).map_err(cannot)?;
        let process = Process::start(&program).map_err(|error| cannot(error.into()))?;
        self.running.lock().await.insert(component, Running { process, since: Timestamp::now() });
        Ok(())
    }

    async fn until_ready(&self, component: Component) -> Result<(), LabError> {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready(component).await {
            self.still_waits(component, deadline).await?;
        }
        Ok(())
    }

    /// Waits a moment; an error if there is nothing to wait for.
    async fn still_waits(&self, component: Component, deadline: Instant) -> Result<(), LabError> {
        let happened = match self.life(component).await? {
            Life::Ended(status) => format!("has ended ({status})"),
            Life::Stopped => "was stopped before it was ready".to_owned(),
            Life::Runs { .. } if Instant::now() > deadline => format!("is not ready after {} s", PATIENCE.as_secs()),
            Life::Runs { .. } => {
                sleep(PERIOD).await;
                return Ok(());
            }
        };
        let log = component.log(&self.folder);
        let said = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<_> = said.lines().collect();
        let last_words = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n");
        Err(LabError::NotReady { component, happened, log: log.display().to_string(), last_words })
    }
}

async fn client(file: &Path) -> Result<Client, LabError> {
    let failed = |error: &dyn std::error::Error| LabError::Client(error.to_string());
    let read = Kubeconfig::read_from(file).map_err(|error| failed(&error))?;
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(read, &options).await.map_err(|error| failed(&error))?;
    Client::try_from(config).map_err(|error| failed(&error))
}
