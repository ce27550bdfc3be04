//! Services: the address and the name that each has in a cluster, as kube-proxy and the DNS of a cluster give them.
//!
//! The whole range of addresses is the lab's own. Whoever connects to a port of a Service is relayed to a ready endpoint
//! of it, and names are lines of a file that stands in the place of `/etc/hosts`, which every program here reads.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use graylane::observe::Pauses;
use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::Api;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::folder::Folder;

/// The label of an `EndpointSlice` that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What the file of names has besides Services.
const LOOPBACK: &str = "127.0.0.1 localhost\n::1 localhost\n";

/// Lets names come from a file in `folder`, for whoever starts from here on.
pub(super) async fn take_the_place_of_the_hosts_file(folder: &Folder) -> io::Result<()> {
    let names = folder.hosts();
    fs::write(&names, LOOPBACK)?;
    let mounted = Command::new("mount").arg("--bind").arg(names).arg("/etc/hosts").output().await?;
    if mounted.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&mounted.stderr).trim().to_owned()))
}

/// Gives Services their addresses and names, for as long as the lab lives.
pub(super) async fn run(client: Client, folder: Folder) {
    let (slices, writer) = reflector::store::<EndpointSlice>();
    let slice_events =
        watcher(Api::all(client.clone()), watcher::Config::default()).backoff(Pauses::default()).reflect(writer);
    let (services, writer) = reflector::store::<Service>();
    let service_events =
        watcher(Api::all(client), watcher::Config::default()).backoff(Pauses::default()).reflect(writer);
    tokio::spawn(slice_events.for_each(|_| std::future::ready(())));
    let names = folder.hosts();
    let mut relays = Relays { slices, running: BTreeMap::new() };
    let mut service_events = Box::pin(service_events);
    while service_events.next().await.is_some() {
        let services = services.state();
        relays.keep(&services).await;
        if let Err(error) = write_names(&names, &services) {
            tracing::warn!("names of Services can not be written: {error}");
        }
    }
}

/// In place, because what is mounted is this very file.
fn write_names(file: &Path, services: &[Arc<Service>]) -> io::Result<()> {
    let lines = services.iter().filter_map(|service| {
        let (address, name, namespace) = (address(service)?, service.name_any(), service.namespace()?);
        Some(format!("{address} {name}.{namespace}.svc.cluster.local {name}.{namespace}.svc {name}.{namespace}\n"))
    });
    let text: String = std::iter::once(LOOPBACK.to_owned()).chain(lines).collect();
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.write_all(text.as_bytes())?;
    file.set_len(u64::try_from(text.len()).unwrap_or_default())
}

/// The address of a Service that has one of its own.
fn address(service: &Service) -> Option<Ipv4Addr> {
    service.spec.as_ref()?.cluster_ip.as_ref()?.parse().ok()
}

/// The relays that run, by the address and port that each listens at.
struct Relays {
    slices: Store<EndpointSlice>,
    running: BTreeMap<SocketAddrV4, Relay>,
}

/// A relay, and whom it relays to.
struct Relay {
    target: Target,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    namespace: String,
    service: String,
    port: Option<String>,
}

impl Relays {
    /// Has a relay for each port of `services`, and no other.
    async fn keep(&mut self, services: &[Arc<Service>]) {
        let wanted: BTreeMap<_, _> = services.iter().flat_map(|service| targets(service)).collect();
        self.running.retain(|address, relay| wanted.get(address) == Some(&relay.target));
        for (address, target) in wanted {
            if self.running.contains_key(&address) {
                continue;
            }
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let task = tokio::spawn(relay(listener, self.slices.clone(), target.clone()));
                    self.running.insert(address, Relay { target, task });
                }
                Err(error) => {
                    tracing::warn!("Service {}/{} has no {address}: {error}", target.namespace, target.service);
                }
            }
        }
    }
}

fn targets(service: &Service) -> Vec<(SocketAddrV4, Target)> {
    let Some(address) = address(service) else { return Vec::new() };
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let tcp = ports.filter(|port| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP"));
    let target = |port: &ServicePort| {
        let (namespace, service) = (service.namespace().unwrap_or_default(), service.name_any());
        let number = u16::try_from(port.port).ok()?;
        Some((SocketAddrV4::new(address, number), Target { namespace, service, port: port.name.clone() }))
    };
    tcp.filter_map(target).collect()
}

async fn relay(listener: TcpListener, slices: Store<EndpointSlice>, target: Target) {
    let turn = AtomicUsize::new(0);
    while let Ok((mut client, _)) = listener.accept().await {
        let endpoints = target.endpoints(&slices.state());
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        // Where nobody is ready the connection ends, as it does where no rule of kube-proxy's leads anywhere.
        let Some(endpoint) = endpoints.get(turn % endpoints.len().max(1)).copied() else { continue };
        tokio::spawn(async move {
            if let Ok(mut server) = TcpStream::connect(endpoint).await {
                // Either end may go at any time; there is nobody to tell but the other.
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}

impl Target {
    /// The ready endpoints.
    fn endpoints(&self, slices: &[Arc<EndpointSlice>]) -> Vec<SocketAddr> {
        let is_mine = |slice: &&Arc<EndpointSlice>| {
            slice.namespace().as_ref() == Some(&self.namespace)
                && slice.labels().get(SERVICE_NAME) == Some(&self.service)
        };
        slices.iter().filter(is_mine).flat_map(|slice| self.endpoints_of(slice)).collect()
    }

    fn endpoints_of(&self, slice: &EndpointSlice) -> Vec<SocketAddr> {
        // A port without a name is called "" there.
        let name = self.port.as_deref().unwrap_or_default();
        let mut ports = slice.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref().unwrap_or_default() == name).and_then(|port| port.port);
        let Some(port) = port.and_then(|port| u16::try_from(port).ok()) else { return Vec::new() };
        let ready =
            slice.endpoints.iter().flatten().filter(|endpoint| {
                endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
            });
        let addresses = ready.filter_map(|endpoint| endpoint.addresses.first()?.parse().ok());
        addresses.map(|address| SocketAddr::new(address, port)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slice(service: &str, endpoints: &serde_json::Value) -> Arc<EndpointSlice> {
        let object = json!({
            "metadata": {"namespace": "shop", "labels": {SERVICE_NAME: service}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9090}],
            "endpoints": endpoints,
        });
        Arc::new(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn a_port_leads_to_ready_endpoints_of_its_service_only() {
        let ready = |address: &str, ready: bool| json!({"addresses": [address], "conditions": {"ready": ready}});
        let slices = [
            slice("cart", &json!([ready("10.244.0.2", true), ready("10.244.0.3", false)])),
            slice("cart", &json!([{"addresses": ["10.244.0.4"]}])),
            slice("stock", &json!([ready("10.244.0.5", true)])),
        ];
        let target = |port: &str| Target { namespace: "shop".into(), service: "cart".into(), port: Some(port.into()) };
        let expected: Vec<SocketAddr> = ["10.244.0.2:9090", "10.244.0.4:9090"].map(|text| text.parse().unwrap()).into();
        assert_eq!(target("metrics").endpoints(&slices), expected);
        assert_eq!(target("grpc").endpoints(&slices), []);
    }

    #[test]
    fn every_tcp_port_of_a_service_with_an_address_is_relayed() {
        let service = |address: &str| -> Service {
            let ports = json!([{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]);
            let spec = json!({"clusterIP": address, "ports": ports});
            serde_json::from_value(json!({"metadata": {"name": "cart", "namespace": "shop"}, "spec": spec})).unwrap()
        };
        let addresses =
            |service: &Service| targets(service).into_iter().map(|(address, _)| address).collect::<Vec<_>>();
        assert_eq!(addresses(&service("10.0.0.7")), ["10.0.0.7:80".parse().unwrap()]);
        assert_eq!(addresses(&service("None")), [], "headless");
    }
}
