//! Kubernetes' own controllers: those that a release meets.

use crate::folder::Folder;
use crate::process::Program;

/// Where it tells of itself.
pub(super) const PORT: u16 = 10_257;

/// Without those that need nodes, clouds or volumes.
const CONTROLLERS: [&str; 9] = [
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "namespace-controller",
    "replicaset-controller",
    "resourcequota-controller",
];

pub(super) fn program(program: Program, folder: &Folder) -> Program {
    program.option("--kubeconfig=", folder.kubeconfig_inside()).option("--cert-dir=", folder.certificates()).arguments(
        [
            format!("--controllers={}", CONTROLLERS.join(",")),
            format!("--secure-port={PORT}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--leader-elect=false".to_owned(),
            // Instead of 15 s: whoever tries an autoscaler waits for it.
            "--horizontal-pod-autoscaler-sync-period=2s".to_owned(),
        ],
    )
}
