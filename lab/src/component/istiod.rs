//! Istio's control plane, without the parts that need certificates or Istio's own build of Envoy.

use std::fs;
use std::io;

use crate::folder::Folder;
use crate::process::Program;

/// Where proxies get their configuration from, without TLS.
const MESH_PORT: u16 = 15_010;

/// Where it tells of itself.
pub(super) const HTTP_PORT: u16 = 15_080;

const MONITORING_PORT: u16 = 15_014;

/// No certificates, and no telemetry by filters that only Istio's own build of Envoy has.
const MESH_CONFIG: &str = "\
enableAutoMtls: false
defaultProviders: {}
defaultConfig:
  discoveryAddress: 10.244.0.1:15010
";

/// The debounce is Istio's own default, for figures that mean something.
const ENVIRONMENT: [(&str, &str); 9] = [
    ("POD_NAMESPACE", "istio-system"),
    ("ENABLE_CA_SERVER", "false"),
    ("ENABLE_LEADER_ELECTION", "false"),
    ("INJECTION_WEBHOOK_CONFIG_NAME", ""),
    ("VALIDATION_WEBHOOK_CONFIG_NAME", ""),
    ("PILOT_ENABLE_GATEWAY_API", "false"),
    ("PILOT_ENABLE_ANALYSIS", "false"),
    ("PILOT_ENABLE_ALPN_FILTER", "false"),
    ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
];

pub(super) fn program(program: Program, folder: &Folder) -> io::Result<Program> {
    let mesh = folder.path().join("mesh.yaml");
    fs::write(&mesh, MESH_CONFIG)?;
    let program = program.arguments(["discovery"]);
    let program = program.option("--kubeconfig=", folder.kubeconfig_inside()).option("--meshConfig=", mesh);
    let program = program.arguments([
        format!("--grpcAddr=0.0.0.0:{MESH_PORT}"),
        format!("--httpAddr=127.0.0.1:{HTTP_PORT}"),
        format!("--monitoringAddr=127.0.0.1:{MONITORING_PORT}"),
        "--secureGRPCAddr=".to_owned(),
        "--httpsAddr=".to_owned(),
    ]);
    Ok(program.environment(ENVIRONMENT))
}
