//! The full name of a service.

use std::fmt;

use graylane_core::name::{InvalidName, ServiceName};
use serde::{Serialize, Serializer};

/// A service with its namespace: `cart.shop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    namespace: String,
    name: String,
}

/// A service that is named by neither `NAME` nor `NAME.NAMESPACE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no service: NAME, for one in the same namespace, or NAME.NAMESPACE is allowed")]
pub struct InvalidService(String);

impl Service {
    /// What `written` means in an object of `namespace`.
    ///
    /// # Errors
    /// [`InvalidService`] when it has more than two parts.
    pub fn resolve(written: &ServiceName, namespace: &str) -> Result<Self, InvalidService> {
        let (name, namespace) = written.as_str().split_once('.').unwrap_or((written.as_str(), namespace));
        if namespace.contains('.') {
            return Err(InvalidService(written.to_string()));
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace it is in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name in the filter's configuration, metrics and explanations: `NAME.NAMESPACE`.
    ///
    /// # Errors
    /// [`InvalidName`] when name and namespace are too long together.
    pub fn full_name(&self) -> Result<ServiceName, InvalidName> {
        ServiceName::new(self.to_string())
    }

    /// The host by which the mesh knows it: `NAME.NAMESPACE.svc.cluster.local`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{self}.svc.cluster.local")
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.name, self.namespace)
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
