//! What must hold between the parts of a `LocalMesh`.

use std::collections::BTreeSet;

use graylane_core::name::LaneName;
use graylane_core::{Path, Problems};

use crate::api::{Gateway, GatewayRoute, LocalMesh, LocalMeshSpec, LocalService, LocalVersion};

/// Checks `mesh`.
///
/// # Errors
/// All that is wrong.
pub(super) fn check(mesh: &LocalMesh) -> Result<(), Problems> {
    let LocalMeshSpec { gateway, services, workers: _, tracing: _ } = &mesh.spec;
    let mut problems = Problems::default();
    let spec = Path::Root.field("spec");
    let list = spec.field("services");
    if services.is_empty() {
        problems.add(&list, "is empty", "at least one service");
    }
    let mut names = BTreeSet::new();
    for (index, service) in services.iter().enumerate() {
        let path = list.index(index);
        if let Err(error) = LaneName::new(&service.name) {
            problems.add(
                &path.field("name"),
                format!("{:?} is no name of a local service", error.value),
                error.allowed,
            );
        }
        if !names.insert(service.name.as_str()) {
            problems.add(&path.field("name"), format!("{:?} is taken", service.name.as_str()), "each service once");
        }
        check_service(service, &path, &mut problems);
    }
    check_gateway(gateway, &names, &spec.field("gateway").field("routes"), &mut problems);
    problems.or(())
}

fn check_service(service: &LocalService, path: &Path<'_>, problems: &mut Problems) {
    let list = path.field("versions");
    if service.versions.is_empty() {
        problems.add(&list, "is empty", "at least one version");
    }
    if service.readiness.as_ref().is_some_and(|readiness| !readiness.path.starts_with('/')) {
        problems.add(&path.field("readiness").field("path"), "does not start with '/'", "a path, as /ready");
    }
    let mut names = BTreeSet::new();
    for (index, LocalVersion { name, command, .. }) in service.versions.iter().enumerate() {
        let path = list.index(index);
        if !names.insert(name) {
            problems.add(&path.field("name"), format!("{:?} is taken", name.as_str()), "each version once");
        }
        if command.is_empty() {
            problems.add(&path.field("command"), "is empty", "the program and its arguments");
        }
    }
}

fn check_gateway(gateway: &Gateway, services: &BTreeSet<&str>, list: &Path<'_>, problems: &mut Problems) {
    let mut patterns = BTreeSet::new();
    for (index, GatewayRoute { hosts, service }) in gateway.routes.iter().enumerate() {
        let path = list.index(index);
        if !services.contains(service.as_str()) {
            let known: Vec<&str> = services.iter().copied().collect();
            problems.add(
                &path.field("service"),
                format!("there is no service {:?}", service.as_str()),
                known.join(", "),
            );
        }
        let hosts_path = path.field("hosts");
        if hosts.is_empty() {
            problems.add(&hosts_path, "is empty", "at least one host, or no such member for every request");
        }
        for (index, pattern) in hosts.iter().enumerate() {
            if !patterns.insert(pattern) {
                problems.add(&hosts_path.index(index), format!("\"{pattern}\" is already routed"), "each pattern once");
            }
        }
    }
}
