//! What an API server makes of a write.

use std::sync::Arc;

use kube::ResourceExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cluster::covers::removal;
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
                let gone = self.applied_before.as_ref().and_then(|before| removal(before, &applied));
                json_patch::merge(&mut object, &gone.unwrap_or_else(|| json!({})));
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
