//! What is kept of a pod.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Pod;

use super::{Kept, Part};
use crate::cluster::{Role, is_live, role};

/// The proxy of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodProxy {
    /// Where in the mesh it stands; `None`: the pod has no proxy.
    pub role: Option<Role>,
    /// Whether it handles requests.
    pub is_live: bool,
    /// The address of the pod, once it has one.
    pub address: Option<IpAddr>,
}

impl Part for PodProxy {
    type Of = Pod;
}

impl PodProxy {
    /// What is kept of `pod`.
    #[must_use]
    pub fn kept(pod: Pod) -> Kept<Self> {
        let address = pod.status.as_ref().and_then(|status| status.pod_ip.as_ref()?.parse().ok());
        let proxy = Self { role: role(&pod), is_live: is_live(&pod), address };
        Kept::new(pod.metadata, proxy)
    }
}
