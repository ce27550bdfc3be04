//! From the bytes that Envoy hands over to a router, or to the reason why not.

use graylane_core::{FilterConfig, Phase, Problems, Router};

/// A configuration that can not be used.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Where the filter stands, if that much can be read: it can where the rest is from a newer controller.
    pub(crate) phase: Option<Phase>,
    pub(crate) problems: Problems,
}

/// The router that `bytes` describe.
pub(crate) fn read(bytes: &[u8]) -> Result<Router, Refusal> {
    FilterConfig::from_json(bytes)
        .and_then(|config| Router::compile(&config))
        .map_err(|problems| Refusal { phase: Phase::of_json(bytes), problems })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_configuration_of_a_newer_controller_still_tells_its_phase() {
        let newer = br#"{"version": "v2", "phase": "sidecarOutbound", "generation": 1, "novelty": [1, {}]}"#;
        let refusal = read(newer).unwrap_err();
        assert_eq!(refusal.phase, Some(Phase::SidecarOutbound));
        assert!(!refusal.problems.is_empty());
    }

    #[test]
    fn whatever_is_no_configuration_is_refused() {
        for bytes in [&b""[..], b"{", b"[]", b"null", b"{}", b"7", b"\xff\xfe", b"{\"phase\": \"elsewhere\"}"] {
            let refusal = read(bytes).unwrap_err();
            assert_eq!(refusal.phase, None, "{bytes:?}");
            assert!(!refusal.problems.is_empty(), "{bytes:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        assert!(read(&b"[".repeat(100_000)).is_err());
        assert!(read(&br#"{"explain":{"allow":{"#.repeat(10_000)).is_err());
    }
}
