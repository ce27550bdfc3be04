//! Properties: a path of names leads to bytes.

use std::collections::BTreeMap;

/// Values by path; a path is kept in the form of the ABI, its parts joined by zero bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties(BTreeMap<Vec<u8>, Vec<u8>>);

impl Properties {
    pub(super) fn set(&mut self, path: Vec<u8>, value: Vec<u8>) {
        self.0.insert(path, value);
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}

/// The ABI's form of a path such as `["xds", "node", "id"]`.
pub(super) fn joined<'a>(path: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    path.into_iter().collect::<Vec<_>>().join("\0").into_bytes()
}
