//! Objects that had to be written again although nothing new was to be said: somebody else has changed them.

use std::collections::HashMap;

use crate::cluster::{Change, Kind, Write};
use crate::release::fingerprint;

/// What was applied last, by object. With it nothing is lost but events, so it is kept in memory.
#[derive(Debug, Default)]
pub struct Applied(HashMap<Address, Known>);

type Address = (Kind, String, String);

#[derive(Debug)]
struct Known {
    /// A short name for what was said.
    said: String,
    /// The resource version that this has made.
    version: Option<String>,
}

impl Applied {
    /// Notes that `change` was done and has made `version` of the object; says whether what it undid was somebody else's.
    pub fn note(&mut self, change: &Change, version: Option<String>) -> bool {
        let Change { kind, namespace, name, write } = change;
        let address = (*kind, namespace.clone(), name.clone());
        match write {
            Write::Apply(object) if is_ours_alone(*kind) => {
                let known = Known { said: fingerprint(object), version };
                let (said, version) = (known.said.clone(), known.version.clone());
                let before = self.0.insert(address, known);
                before.is_some_and(|before| before.said == said && before.version != version)
            }
            Write::Apply(_) | Write::Merge(_) => false,
            Write::Delete { .. } => {
                self.0.remove(&address);
                false
            }
        }
    }
}

/// Pods are looked after by Kubernetes' own controllers as well.
fn is_ours_alone(kind: Kind) -> bool {
    match kind {
        Kind::DestinationRule | Kind::VirtualService | Kind::WasmPlugin | Kind::EnvoyFilter => true,
        Kind::GrayRelease | Kind::Lane | Kind::MeshPolicy | Kind::Deployment | Kind::ReplicaSet => false,
    }
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::json;

    use super::*;

    fn change(kind: Kind, weight: Option<u32>) -> Change {
        let write = match weight {
            None => Write::Delete { uid: None },
            Some(weight) => {
                let mut object = DynamicObject::new("stock", &kind.resource());
                object.data = json!({"spec": {"weight": weight}});
                Write::Apply(Box::new(object))
            }
        };
        Change { kind, namespace: "shop".to_owned(), name: "stock".to_owned(), write }
    }

    /// Of each write, made in this order, whether it repaired something.
    fn repairs(kind: Kind, writes: &[(Option<u32>, &str)]) -> Vec<bool> {
        let mut applied = Applied::default();
        writes
            .iter()
            .map(|(weight, version)| applied.note(&change(kind, *weight), Some((*version).to_owned())))
            .collect()
    }

    #[test]
    fn a_repair_is_the_same_said_again_that_changes_the_object() {
        let writes =
            [(Some(10), "1"), (Some(10), "3"), (Some(10), "3"), (Some(50), "4"), (Some(10), "5"), (Some(10), "9")];
        assert_eq!(repairs(Kind::VirtualService, &writes), [false, true, false, false, false, true]);
    }

    #[test]
    fn what_we_have_deleted_ourselves_is_made_anew_and_not_repaired() {
        let writes = [(Some(10), "1"), (None, ""), (Some(10), "3")];
        assert_eq!(repairs(Kind::DestinationRule, &writes), [false, false, false]);
    }

    #[test]
    fn pods_are_not_ours_alone() {
        assert_eq!(repairs(Kind::ReplicaSet, &[(Some(1), "1"), (Some(1), "3")]), [false, false]);
    }
}
