//! The full name of a service.

use std::fmt;

use graylane_core::name::ServiceName;
use serde::Serialize;

/// A service with its namespace: `cart.shop`, which is also its name in the filter's configuration and in metrics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Service(ServiceName);

/// A service that is named by neither `NAME` nor `NAME.NAMESPACE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no service: NAME, for one in the same namespace, or NAME.NAMESPACE is allowed")]
pub struct InvalidService(String);

impl Service {
    /// What `written` means in an object of `namespace`.
    ///
    /// # Errors
    /// [`InvalidService`] when it has more than two parts, or is too long to be a host.
    pub fn resolve(written: &ServiceName, namespace: &str) -> Result<Self, InvalidService> {
        let invalid = || InvalidService(written.to_string());
        let full = match written.as_str().split('.').count() {
            1 => ServiceName::new(format!("{written}.{namespace}")).map_err(|_| invalid())?,
            2 => written.clone(),
            _ => return Err(invalid()),
        };
        let service = Self(full);
        if ServiceName::is_valid(&service.host()) { Ok(service) } else { Err(invalid()) }
    }

    /// Name and namespace in one: `cart.shop`.
    #[must_use]
    pub fn full_name(&self) -> &ServiceName {
        &self.0
    }

    /// Its own name: `cart`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().0
    }

    /// The namespace it is in: `shop`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.parts().1
    }

    /// The host by which clusters are named: `cart.shop.svc.cluster.local`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{self}.svc.cluster.local")
    }

    fn parts(&self) -> (&str, &str) {
        self.0.as_str().split_once('.').unwrap_or((self.0.as_str(), ""))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
