//! From a container of a pod to a program of this machine.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use graylane_core::metric;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Container, Pod, ServiceAccount};
use kube::ResourceExt;
use kube::api::{Api, PostParams};
use serde_json::json;

use super::environment::{expanded, service_account, variables};
use super::image::{Image, Reference};
use super::network::PodNetwork;
use super::snapshot::CannotRun;
use super::{ContainerName, Site};
use crate::component::Component;
use crate::kubeconfig;
use crate::namespace::LAB_ADDRESS;
use crate::process::Program;

/// How long a token of a service account is good, in seconds: longer than any lab.
const TOKEN_LIFE: i64 = 86_400;

/// The program that `container` is, in the network of its pod.
pub(super) async fn program(
    site: &Site,
    pod: &Pod,
    container: &Container,
    network: &PodNetwork,
) -> Result<Program, CannotRun> {
    let text = container.image.as_deref().unwrap_or_default();
    let reference = Reference::parse(text);
    let no_image = || CannotRun::NoImage { image: text.to_owned(), known: site.images.names() };
    let image = site.images.get(reference).ok_or_else(no_image)?;
    let folder = site.folder.pods().join(pod.uid().unwrap_or_default()).join(&container.name);
    fs::create_dir_all(&folder).map_err(system)?;
    let log = site.log(&ContainerName::of(pod, &container.name));
    let variables = variables(pod, container, &network.address.to_string())?;
    let arguments: Vec<_> = container.args.iter().flatten().map(|word| expanded(word, &variables)).collect();
    let mut program = match image {
        Image::Program { file, arguments: first, version } => {
            let program = Program::new(file, &folder, log).arguments(first);
            match version {
                Some(version) => program.environment([(version.as_str(), reference.tag)]),
                None => program,
            }
        }
        Image::Proxy { agent, envoy, template } => {
            pod_information(&folder, pod).map_err(system)?;
            proxy(Program::new(agent, &folder, log), pod, network, container)
                .option("--templateFile=", template)
                .environment([("PROXY_CONFIG", &*proxy_config(envoy))])
        }
    };
    if let Some(account) = service_account(pod) {
        let file = api_access(site, pod, account, &folder).await?;
        program = program.environment([("KUBECONFIG", &*file.display().to_string())]);
    }
    program = program.environment(variables.iter().map(|(name, value)| (&**name, &**value)));
    Ok(program.arguments(arguments).in_namespaces_of(network.holder()))
}

/// What an injected proxy of Istio's is told, as far as it is the same for all.
const PROXY_ENVIRONMENT: [(&str, &str); 4] = [
    ("ISTIO_META_CLUSTER_ID", "Kubernetes"),
    ("ISTIO_META_INTERCEPTION_MODE", "NONE"),
    ("PEER_METADATA_DISCOVERY", "false"),
    ("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "true"),
];

/// The agent as a sidecar, unless the container says what else; what Istio's injection writes into a pod, it is told here.
fn proxy(program: Program, pod: &Pod, network: &PodNetwork, container: &Container) -> Program {
    let namespace = pod.namespace().unwrap_or_default();
    let role: &[&str] = if container.args.is_some() { &[] } else { &["proxy", "sidecar"] };
    program
        .arguments(role)
        .arguments([format!("--domain={namespace}.svc.cluster.local"), "--proxyLogLevel=warning".to_owned()])
        .environment(PROXY_ENVIRONMENT)
        .environment([
            ("POD_NAME", &*pod.name_any()),
            ("POD_NAMESPACE", &*namespace),
            ("INSTANCE_IP", &*network.address.to_string()),
        ])
}

/// Labels of Graylane's metrics become labels, as an operator of Istio would configure it.
fn proxy_config(envoy: &Path) -> String {
    json!({
        "binaryPath": envoy,
        "configPath": "./etc/istio/proxy",
        "discoveryAddress": format!("{LAB_ADDRESS}:15010"),
        "controlPlaneAuthPolicy": "NONE",
        "concurrency": 1,
        "extraStatTags": metric::LABELS,
        "terminationDrainDuration": "2s",
    })
    .to_string()
}

/// What Istio's injection mounts from the pod's own object.
fn pod_information(folder: &Path, pod: &Pod) -> std::io::Result<()> {
    let mounted = folder.join("etc/istio/pod");
    fs::create_dir_all(&mounted)?;
    fs::create_dir_all(folder.join("etc/istio/proxy"))?;
    for (name, values) in [("labels", pod.labels()), ("annotations", pod.annotations())] {
        let lines: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        fs::write(mounted.join(name), lines.join("\n"))?;
    }
    Ok(())
}

/// What a cluster mounts into every container: a way to the API server with the rights of the pod.
async fn api_access(site: &Site, pod: &Pod, account: &str, folder: &Path) -> Result<PathBuf, CannotRun> {
    let accounts: Api<ServiceAccount> = Api::namespaced(site.client.clone(), &pod.namespace().unwrap_or_default());
    let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_LIFE), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await;
    let answer = answer.map_err(|error| CannotRun::Config {
        message: format!("no token for serviceAccountName \"{account}\": {error}"),
    })?;
    let token = answer.status.and_then(|status| status.token).unwrap_or_default();
    let file = folder.join("kubeconfig.yaml");
    let server = format!("https://{LAB_ADDRESS}:{}", Component::API_SERVER_SOCKET.port());
    kubeconfig::write(&file, &site.folder, &server, &token).map_err(system)?;
    Ok(file)
}

fn system(error: impl Display) -> CannotRun {
    CannotRun::System { message: error.to_string() }
}

impl ContainerName {
    /// The name of a container of a pod.
    pub(super) fn of(pod: &Pod, container: &str) -> Self {
        let namespace = pod.namespace().unwrap_or_default();
        Self { namespace, pod: pod.name_any(), container: container.to_owned() }
    }
}

impl Site {
    /// Where a container says what it does.
    pub(super) fn log(&self, ContainerName { namespace, pod, container }: &ContainerName) -> PathBuf {
        self.folder.logs().join(format!("{namespace}_{pod}_{container}.log"))
    }
}
