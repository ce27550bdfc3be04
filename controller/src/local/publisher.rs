//! The files that proxies watch: written when their content changes, with a version that only grows.

use std::collections::HashMap;

use serde_json::Value;

use super::{Error, state};
use crate::envoy::{Files, Resource};

/// Writes what proxies watch.
#[derive(Debug)]
pub(super) struct Publisher {
    files: Files,
    written: HashMap<Resource, Written>,
}

#[derive(Debug)]
struct Written {
    version: u64,
    content: Vec<Value>,
}

impl Publisher {
    pub(super) fn new(files: Files) -> Self {
        Self { files, written: HashMap::new() }
    }

    /// Makes `content` that of `resource`, and says which version of it proxies must take; `None` if it is already.
    ///
    /// # Errors
    /// When the file can not be written; proxies then keep what they have.
    pub(super) fn publish(
        &mut self,
        resource: Resource,
        content: Vec<Value>,
    ) -> Result<Option<(Resource, u64)>, Error> {
        let written = self.written.get(&resource);
        if written.is_some_and(|written| written.content == content) {
            return Ok(None);
        }
        let version = written.map_or(1, |written| written.version + 1);
        let document = Resource::document(version, &content).to_string();
        state::replace(&self.files.path(resource), document.as_bytes())?;
        self.written.insert(resource, Written { version, content });
        Ok(Some((resource, version)))
    }

    /// The version of `resource` that is out, if it is.
    pub(super) fn version(&self, resource: Resource) -> Option<(Resource, u64)> {
        self.written.get(&resource).map(|written| (resource, written.version))
    }
}
