//! The way of one request through the shop, as its answer tells it.
//!
//! Knows nothing of time and of who asked.

use std::fmt;

use shop::{Hop, Service};

/// The services in the order of the chain.
pub(crate) const SERVICES: [Service; 3] = [Service::Web, Service::Cart, Service::Stock];

/// The two versions that each service of the demo has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

/// One version of each service, in the order of [`SERVICES`].
pub(crate) type Versions = [Version; 3];

/// What serves everyone who is in no lane.
pub(crate) const BASE: Versions = [Version::V1; 3];

/// Whether a request is in the lane of the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Base,
    Gray,
}

/// A chain that is whole: each service answered once, and all of them saw the same mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) side: Side,
    pub(crate) versions: Versions,
}

/// Why an answer is no whole chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the chain is `{0}` instead of `web, cart, stock`")]
    Services(String),
    #[error("{service} says that it is version `{version}`; there are v1 and v2")]
    Version { service: Service, version: String },
    #[error("{service} saw the lane `{lane}`; there are gray and base")]
    Lane { service: Service, lane: String },
    #[error("the mark changed on the way, from `{before}` to `{after}` at {service}")]
    Mark { service: Service, before: Side, after: Side },
    #[error("{0} saw the header x-gray-version, which is the proxies' own business")]
    Exposed(Service),
}

impl Chain {
    /// Reads an answer of the shop.
    pub(crate) fn read(first: &Hop) -> Result<Self, Broken> {
        let hops: Vec<&Hop> = first.chain().collect();
        let &[web, cart, stock] = hops.as_slice() else { return Err(Broken::services(&hops)) };
        if [web.service, cart.service, stock.service] != SERVICES {
            return Err(Broken::services(&hops));
        }
        let side = side(web)?;
        for hop in [web, cart, stock] {
            if hop.saw_version_header {
                return Err(Broken::Exposed(hop.service));
            }
            match self::side(hop)? {
                same if same == side => (),
                after => return Err(Broken::Mark { service: hop.service, before: side, after }),
            }
        }
        Ok(Self { side, versions: [version(web)?, version(cart)?, version(stock)?] })
    }
}

impl Broken {
    fn services(hops: &[&Hop]) -> Self {
        let names: Vec<_> = hops.iter().map(|hop| hop.service.to_string()).collect();
        Self::Services(names.join(", "))
    }
}

fn version(hop: &Hop) -> Result<Version, Broken> {
    match hop.version.as_str() {
        "v1" => Ok(Version::V1),
        "v2" => Ok(Version::V2),
        other => Err(Broken::Version { service: hop.service, version: other.to_owned() }),
    }
}

/// A request that nothing was to be decided about carries no mark, and is on base as well.
fn side(hop: &Hop) -> Result<Side, Broken> {
    match hop.lane.as_deref() {
        None | Some("base") => Ok(Side::Base),
        Some("gray") => Ok(Side::Gray),
        Some(other) => Err(Broken::Lane { service: hop.service, lane: other.to_owned() }),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Gray => "gray",
        })
    }
}

/// As `web v2 -> cart v1 -> stock v2`.
pub(crate) fn path(versions: Versions) -> String {
    let hops: Vec<_> = SERVICES.iter().zip(versions).map(|(service, version)| format!("{service} {version}")).collect();
    hops.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(service: Service, version: &str, lane: Option<&str>, next: Option<Hop>) -> Hop {
        Hop {
            service,
            version: version.to_owned(),
            instance: format!("{service}-{version}-0"),
            lane: lane.map(str::to_owned),
            saw_version_header: false,
            next: next.map(Box::new),
        }
    }

    fn chain(versions: [&str; 3], lanes: [Option<&str>; 3]) -> Hop {
        let stock = hop(Service::Stock, versions[2], lanes[2], None);
        let cart = hop(Service::Cart, versions[1], lanes[1], Some(stock));
        hop(Service::Web, versions[0], lanes[0], Some(cart))
    }

    #[test]
    fn a_whole_chain_has_a_side_and_three_versions() {
        let gray = Chain::read(&chain(["v2", "v1", "v2"], [Some("gray"); 3])).unwrap();
        assert_eq!(gray.side, Side::Gray);
        assert_eq!(path(gray.versions), "web v2 -> cart v1 -> stock v2");

        for mark in [None, Some("base")] {
            let base = Chain { side: Side::Base, versions: BASE };
            assert_eq!(Chain::read(&chain(["v1"; 3], [mark; 3])), Ok(base));
        }
    }

    #[test]
    fn a_mark_that_does_not_reach_the_end_is_noticed() {
        let lost = chain(["v2", "v1", "v1"], [Some("gray"), Some("gray"), None]);
        let broken = Broken::Mark { service: Service::Stock, before: Side::Gray, after: Side::Base };
        assert_eq!(Chain::read(&lost), Err(broken));
        let foreign = Chain::read(&chain(["v1"; 3], [Some("blue"); 3])).unwrap_err();
        assert!(matches!(foreign, Broken::Lane { service: Service::Web, .. }), "{foreign}");
    }

    #[test]
    fn a_version_header_that_reaches_a_service_is_noticed() {
        let mut seen = chain(["v1"; 3], [None; 3]);
        seen.next.as_mut().unwrap().saw_version_header = true;
        assert_eq!(Chain::read(&seen), Err(Broken::Exposed(Service::Cart)));
    }

    #[test]
    fn chains_too_short_or_in_another_order_are_broken() {
        let short = hop(Service::Web, "v1", None, None);
        assert_eq!(Chain::read(&short), Err(Broken::Services("web".to_owned())));
        let turned = hop(Service::Cart, "v1", None, Some(chain(["v1"; 3], [None; 3])));
        assert!(Chain::read(&turned).is_err());
    }
}
