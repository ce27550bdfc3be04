//! What a document is: one of our objects, something foreign, or neither.

use graylane_core::name::{LaneName, ServiceName};
use graylane_core::{Path, Problems};

use super::document::Node;
use crate::api::{GROUP, Kind, ObjectRef, VERSION};

/// A document, as its envelope says.
pub(super) enum Envelope {
    /// One of our objects.
    Ours(ObjectRef),
    /// An object of another API group: what is said of it.
    Foreign(String),
}

/// The one name of the mesh policy.
const POLICY: &str = "default";

/// The members that every object may have.
const MEMBERS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// Says what `node` is.
///
/// # Errors
/// All that is wrong with the envelope, and whose it is where that can be told.
pub(super) fn open(node: &Node) -> Result<Envelope, (Option<ObjectRef>, Problems)> {
    let mut problems = Problems::default();
    let (Some(version), Some(kind)) = (node.text("apiVersion"), node.text("kind")) else {
        problems.add(&Path::Root, "is no object", "a document with the texts apiVersion and kind");
        return Err((None, problems));
    };
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    if group != GROUP {
        return Ok(Envelope::Foreign(format!("{kind} of {} left alone", named(group))));
    }
    if version != VERSION {
        problems.add(
            &Path::Root.field("apiVersion"),
            format!("unknown version {version:?}"),
            format!("{GROUP}/{VERSION}"),
        );
    }
    let Some(kind) = Kind::ALL.into_iter().find(|known| known.as_str() == kind) else {
        let known = Kind::ALL.map(Kind::as_str).join(", ");
        problems.add(&Path::Root.field("kind"), format!("unknown kind {kind:?}"), known);
        return Err((None, problems));
    };
    let object = address(node, kind);
    check_members(node, &mut problems);
    check_address(&object, &mut problems);
    if problems.is_empty() { Ok(Envelope::Ours(object)) } else { Err((Some(object), problems)) }
}

fn named(group: &str) -> &str {
    if group.is_empty() { "the core group" } else { group }
}

fn address(node: &Node, kind: Kind) -> ObjectRef {
    let text = |member| node.member("metadata").and_then(|metadata| metadata.text(member)).map(str::to_owned);
    let namespace = match kind {
        Kind::MeshPolicy => None,
        Kind::Lane | Kind::GrayRelease | Kind::LocalMesh => {
            Some(text("namespace").unwrap_or_else(|| ObjectRef::DEFAULT_NAMESPACE.to_owned()))
        }
    };
    ObjectRef { kind, namespace, name: text("name").unwrap_or_default() }
}

fn check_members(node: &Node, problems: &mut Problems) {
    for member in node.members().filter(|member| !MEMBERS.contains(member)) {
        problems.add(&Path::Root.field(member), "unknown field", MEMBERS.join(", "));
    }
}

fn check_address(object: &ObjectRef, problems: &mut Problems) {
    let metadata = Path::Root.field("metadata");
    let ObjectRef { kind, namespace, name } = object;
    match kind {
        _ if name.is_empty() => problems.add(&metadata.field("name"), "is missing", "the object's name, a text"),
        Kind::MeshPolicy if name != POLICY => problems.add(
            &metadata.field("name"),
            format!("{name:?} is not the mesh policy"),
            format!("{POLICY:?}: there is one"),
        ),
        Kind::MeshPolicy | Kind::Lane | Kind::GrayRelease | Kind::LocalMesh => {
            if let Err(error) = ServiceName::new(name) {
                problems.add(&metadata.field("name"), format!("{name:?} is no object name"), error.allowed);
            }
        }
    }
    if let Some(Err(error)) = namespace.as_ref().map(LaneName::new) {
        let found = format!("{:?} is no namespace", error.value);
        problems.add(&metadata.field("namespace"), found, error.allowed);
    }
}
