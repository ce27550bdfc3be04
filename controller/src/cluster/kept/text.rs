//! Values that are seldom asked for.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value as JSON: a pod template takes a sixth of what it takes with all the members that it does not have.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cluster) struct Text<T> {
    json: Box<str>,
    of: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Text<T> {
    /// Plain data, which can always be written.
    pub(super) fn of(value: &T) -> Self {
        Self { json: serde_json::to_string(value).unwrap_or_default().into(), of: PhantomData }
    }

    /// The value again.
    pub(in crate::cluster) fn read(&self) -> Option<T> {
        serde_json::from_str(&self.json).ok()
    }

    /// The value, to be compared.
    pub(in crate::cluster) fn json(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}
