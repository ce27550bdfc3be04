//! Whether Envoy sent a request where the filter decided.

/// How many requests of a machine pass between two that are checked.
pub(crate) const EVERY: u64 = 64;

/// The property that names the cluster that Envoy finally picked.
pub(crate) const CLUSTER: [&str; 2] = ["xds", "cluster_name"];

/// The version in the name of a cluster, if it is of Istio's form `outbound|PORT|SUBSET|HOST`.
pub(crate) fn version_of(cluster: &[u8]) -> Option<&[u8]> {
    let mut parts = cluster.split(|byte| *byte == b'|');
    let (direction, _port, subset, _host) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (direction == b"outbound" && parts.next().is_none()).then_some(subset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_field_of_an_istio_cluster_is_the_version() {
        assert_eq!(version_of(b"outbound|8080|v2|cart.shop.svc.cluster.local"), Some(&b"v2"[..]));
        assert_eq!(version_of(b"outbound|8080||cart.shop"), Some(&b""[..]));
    }

    #[test]
    fn clusters_of_other_forms_name_no_version() {
        for cluster in [&b""[..], b"cart", b"inbound|8080|v2|cart", b"outbound|8080|v2", b"outbound|1|2|3|4"] {
            assert_eq!(version_of(cluster), None);
        }
    }
}
