//! What a `LocalMesh` wants to run, in the form in which it is compared with what runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api::{Kind, LocalMesh, LocalService, LocalVersion, ObjectRef, Protocol};
use crate::plan::Service;
use graylane_core::name::{LaneName, VersionName};

/// A version of a service.
pub(super) type Version = (Service, VersionName);

/// The replicas that one version should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) replicas: u16,
    pub(super) app: Arc<App>,
}

/// How a replica's app is run. Replicas of another one are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct App {
    pub(super) protocol: Protocol,
    /// The path that tells whether it is ready; `None`: taking connections does.
    pub(super) readiness: Option<String>,
    /// Of the requests that it begins itself.
    pub(super) lane: Option<LaneName>,
    command: Vec<String>,
    environment: BTreeMap<String, String>,
    /// Relative to the folder of the mesh.
    pub(super) folder: PathBuf,
}

/// The versions that `mesh` wants.
pub(super) fn wanted(mesh: &LocalMesh) -> BTreeMap<Version, Wanted> {
    let versions = services(mesh).flat_map(|(name, service)| {
        service.versions.iter().map(move |version| ((name.clone(), version.name.clone()), replicas(service, version)))
    });
    versions.collect()
}

/// What each service of `mesh` speaks.
pub(super) fn protocols(mesh: &LocalMesh) -> BTreeMap<Service, Protocol> {
    services(mesh).map(|(name, service)| (name, service.protocol)).collect()
}

fn services(mesh: &LocalMesh) -> impl Iterator<Item = (Service, &LocalService)> {
    let namespace = ObjectRef::of(Kind::LocalMesh, &mesh.metadata).namespace.unwrap_or_default();
    // Names that make no service were refused when the file was read.
    mesh.spec
        .services
        .iter()
        .filter_map(move |service| Some((Service::resolve(&service.name, &namespace).ok()?, service)))
}

fn replicas(service: &LocalService, version: &LocalVersion) -> Wanted {
    let LocalVersion { name: _, replicas, command, env, self_lane, working_dir } = version;
    let app = App {
        protocol: service.protocol,
        readiness: service.readiness.as_ref().map(|readiness| readiness.path.clone()),
        lane: self_lane.clone(),
        command: command.clone(),
        environment: env.clone(),
        folder: working_dir.clone().unwrap_or_default(),
    };
    Wanted { replicas: *replicas, app: Arc::new(app) }
}

impl App {
    /// The program, its arguments and its environment, for the replica `instance`, which serves at `listen` and calls
    /// others by `egress`.
    pub(super) fn expanded(
        &self,
        instance: &str,
        listen: SocketAddr,
        egress: SocketAddr,
    ) -> (PathBuf, Vec<String>, Vec<(String, String)>) {
        let given = [
            ("GRAYLANE_LISTEN", listen.to_string()),
            ("GRAYLANE_EGRESS", egress.to_string()),
            ("GRAYLANE_INSTANCE", instance.to_owned()),
        ];
        let mut command = self.command.iter().map(|part| expand(part, &given));
        let program = PathBuf::from(command.next().unwrap_or_default());
        let arguments = command.collect();
        let own = self.environment.iter().map(|(name, value)| (name.clone(), expand(value, &given)));
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        (program, arguments, own.chain(given).collect())
    }
}

/// Puts values in the place of `$(NAME)`. As in Kubernetes, unknown names stay, and `$$(NAME)` means `$(NAME)` itself.
fn expand(text: &str, values: &[(&str, String)]) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let value = values
            .iter()
            .find_map(|(name, value)| Some((value, after.strip_prefix('(')?.strip_prefix(name)?.strip_prefix(')')?)));
        rest = match (value, after.strip_prefix('$')) {
            (Some((value, behind)), _) => {
                expanded.push_str(value);
                behind
            }
            (None, Some(behind)) => {
                expanded.push('$');
                // A reference behind it is meant literally.
                match behind.strip_prefix('(') {
                    Some(literal) => {
                        expanded.push('(');
                        literal
                    }
                    None => behind,
                }
            }
            (None, None) => {
                expanded.push('$');
                after
            }
        };
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_put_in_the_place_of_their_names() {
        let values = [("GRAYLANE_LISTEN", "127.0.0.1:1".to_owned()), ("GRAYLANE_EGRESS", "127.0.0.1:2".to_owned())];
        for (text, expanded) in [
            ("$(GRAYLANE_LISTEN)", "127.0.0.1:1"),
            ("--a=$(GRAYLANE_LISTEN),$(GRAYLANE_EGRESS)!", "--a=127.0.0.1:1,127.0.0.1:2!"),
            ("$(OTHER) $HOME $", "$(OTHER) $HOME $"),
            ("$$(GRAYLANE_LISTEN)", "$(GRAYLANE_LISTEN)"),
            ("$$$(GRAYLANE_LISTEN)", "$127.0.0.1:1"),
            ("$$5", "$5"),
            ("$(GRAYLANE_LISTEN", "$(GRAYLANE_LISTEN"),
            ("", ""),
        ] {
            assert_eq!(expand(text, &values), expanded, "{text}");
        }
    }
}
