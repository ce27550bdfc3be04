//! What an API server makes of a write.

use std::sync::Arc;

use kube::ResourceExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cluster::{Objects, Write};

/// A write that came to the API server.
pub(super) struct Written<'a> {
    pub(super) write: &'a Write,
    /// What the controller said of the object when it applied it last.
    pub(super) applied_before: Option<Value>,
    pub(super) version: &'a str,
}

impl Written<'_> {
    /// Does it, as an API server would: what is not applied any more goes, what others wrote stays, and an object that is
    /// being deleted goes with its last finalizer.
    pub(super) fn to<K>(&self, objects: &mut Objects<K>, namespace: &str, name: &str)
    where
        K: ResourceExt + Serialize + DeserializeOwned,
    {
        let live = objects.take(namespace, name);
        let mut object = live.map_or_else(|| json!({}), |live| serde_json::to_value(live.as_ref()).unwrap());
        match self.write {
            Write::Apply(applied) => {
                let applied = serde_json::to_value(applied).unwrap();
                if let Some(before) = &self.applied_before {
                    give_up(&mut object, before, Some(&applied));
                }
                json_patch::merge(&mut object, &applied);
            }
            Write::Merge(patch) => json_patch::merge(&mut object, patch),
            Write::Delete { .. } => return,
        }
        json_patch::merge(&mut object, &json!({"metadata": {"resourceVersion": self.version}}));
        let object: K = serde_json::from_value(object).unwrap();
        if object.meta().deletion_timestamp.is_none() || !object.finalizers().is_empty() {
            objects.put(Arc::new(object));
        }
    }
}

/// Takes out of `live` what was applied `before` and is not any more: fields, and objects around them only where others have none
/// in them. Tells whether nothing is left.
fn give_up(live: &mut Value, before: &Value, applied: Option<&Value>) -> bool {
    match (live, before) {
        (Value::Object(live), Value::Object(before)) if !before.is_empty() => {
            for (name, before) in before {
                let applied = applied.and_then(|applied| applied.get(name));
                if live.get_mut(name).is_some_and(|live| give_up(live, before, applied)) {
                    live.remove(name);
                }
            }
            applied.is_none() && live.is_empty()
        }
        _ => applied.is_none(),
    }
}
