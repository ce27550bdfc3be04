//! `LocalMesh`: the services that `graylane local` runs as processes on loopback.
//!
//! No custom resource: a cluster has Services and Deployments for this.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;

use graylane_core::config::HostPattern;
use graylane_core::name::{LaneName, ServiceName, VersionName};
use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// The services of a local mesh, and the gateway in front of them.
///
/// All services live in the namespace of this object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CustomResource)]
#[kube(
    group = "graylane.io",
    version = "v1alpha1",
    kind = "LocalMesh",
    namespaced,
    derive = "PartialEq",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalMeshSpec {
    /// The gateway.
    #[serde(default)]
    pub gateway: Gateway,
    /// The services.
    pub services: Vec<LocalService>,
    /// How many worker threads each proxy has; 1 when absent. It counts when the mesh is started.
    #[serde(default = "one_worker")]
    pub workers: NonZeroU16,
    /// Where proxies send their spans; they make none when absent. It counts when the mesh is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing: Option<LocalTracing>,
}

const fn one_worker() -> NonZeroU16 {
    NonZeroU16::MIN
}

/// Where spans go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalTracing {
    /// The address of an OpenTelemetry collector that takes OTLP over HTTP, as `127.0.0.1:4318`.
    pub otlp: SocketAddr,
}

/// The way into a local mesh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gateway {
    /// The port on loopback; 0, as when absent, takes one that is free.
    #[serde(default)]
    pub port: u16,
    /// What it serves.
    #[serde(default)]
    pub routes: Vec<GatewayRoute>,
}

/// Requests from outside that go to one service; the most specific pattern over all routes wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayRoute {
    /// What the requests are addressed to: a host, optionally with a path below it, as `shop.example.com/cart` or
    /// `*/cart`; every request when absent.
    #[serde(default = "everything")]
    pub hosts: Vec<HostPattern>,
    /// The service.
    pub service: ServiceName,
}

fn everything() -> Vec<HostPattern> {
    "*".parse().into_iter().collect()
}

/// A service and the versions of it that run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalService {
    /// Its name, by which other services call it.
    pub name: ServiceName,
    /// What it speaks.
    #[serde(default)]
    pub protocol: Protocol,
    /// Its versions. The first is base, unless a `GrayRelease` says which one is stable.
    pub versions: Vec<LocalVersion>,
    /// How to find out that a replica is ready; a port that takes connections is, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<HttpReadiness>,
}

/// What a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http,
    /// gRPC: HTTP/2 without TLS.
    Grpc,
}

/// A replica is ready when it answers `GET` on this path with a status from 200 to 399.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpReadiness {
    /// The path.
    pub path: String,
}

/// One version of a service: a program that is run.
///
/// Each replica finds two addresses in its environment: `GRAYLANE_LISTEN`, where it must serve, and `GRAYLANE_EGRESS`,
/// the proxy that leads to every other service when the request's `Host` names it. `GRAYLANE_INSTANCE` is its name among
/// all replicas. `$(GRAYLANE_LISTEN)` and so on in `command` and `env` stand for them, as in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalVersion {
    /// The name of the version.
    pub name: VersionName,
    /// How many processes run; 0 leaves the version without ready endpoints.
    #[serde(default = "one")]
    pub replicas: u16,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Further environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The lane of the requests that it begins itself, as jobs and consumers of queues do: what the label
    /// `graylane.io/lane` of a pod is in a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_lane: Option<LaneName>,
    /// The folder it runs in, relative to the one that `graylane local` was given; that one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<PathBuf>,
}

const fn one() -> u16 {
    1
}
