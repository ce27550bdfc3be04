//! Which proxies do not go by what was published, and why.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use graylane_core::Phase;
use graylane_core::metric::{ConfigState, Metric, PhaseLabel};
use tokio::time::{Instant, sleep};

use super::client::NoAnswer;
use super::proxy::Proxy;
use crate::envoy::Resource;
use crate::envoy::stats::Sample;

/// How often proxies are asked while something is on its way to them.
pub(super) const PERIOD: Duration = Duration::from_millis(40);

/// A proxy that lags.
#[derive(Debug, Clone)]
pub struct Lag {
    /// The name of the proxy.
    pub proxy: String,
    /// What keeps it.
    pub cause: LagCause,
}

/// Why a proxy lags.
#[derive(Debug, Clone)]
pub enum LagCause {
    /// It does not answer.
    Silent(NoAnswer),
    /// A filter on it reports another generation, or none yet.
    Generation {
        /// Which filter.
        phase: Phase,
        /// The generation that it reports.
        seen: Option<u64>,
    },
    /// A filter on it has refused the configuration.
    Refused {
        /// Which filter.
        phase: Phase,
    },
    /// It has not taken a file.
    Resource(Resource),
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = |phase: &Phase| PhaseLabel::Known(*phase).as_str();
        write!(f, "{} ", self.proxy)?;
        match &self.cause {
            LagCause::Silent(why) => why.fmt(f),
            LagCause::Generation { phase, seen: Some(seen) } => {
                write!(f, "still goes by generation {seen} ({} filter)", label(phase))
            }
            LagCause::Generation { phase, seen: None } => {
                write!(f, "reports no generation yet ({} filter); its log may say why", label(phase))
            }
            LagCause::Refused { phase } => {
                write!(f, "refuses the configuration ({} filter); its log says why", label(phase))
            }
            LagCause::Resource(resource) => write!(f, "has not taken {}", resource.file_name()),
        }
    }
}

/// The proxies of which a filter does not go by `generation`.
pub(super) async fn behind(proxies: &[Proxy], generation: u64) -> Vec<Lag> {
    let asked = proxies.iter().map(|proxy| async move {
        let cause = match proxy.metrics().await {
            Err(silent) => Some(LagCause::Silent(silent)),
            Ok(samples) => proxy.listeners().iter().find_map(|listener| lag_of(listener.phase(), generation, &samples)),
        };
        cause.map(|cause| Lag { proxy: proxy.name().to_owned(), cause })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// The generation that all filters of `proxy` report, the lowest of them; `None` while one of them does not go by what it
/// was told last.
pub(super) async fn reported(proxy: &Proxy) -> Option<u64> {
    let samples = proxy.metrics().await.ok()?;
    let of = |phase| match lag_of(phase, 0, &samples) {
        Some(_) => None,
        None => gauge(Metric::Generation { phase: PhaseLabel::Known(phase) }, phase, &samples),
    };
    proxy.listeners().iter().map(|listener| of(listener.phase())).min().flatten()
}

/// Waits until all proxies have taken `expected`, each file in that version or a later one; the proxies that have not by
/// `deadline`.
///
/// A proxy that takes no connections is being started, and reads all files then.
pub(super) async fn until_taken(proxies: &[Proxy], expected: &[(Resource, u64)], deadline: Instant) -> Vec<Lag> {
    loop {
        let lagging = not_taken(proxies, expected).await;
        if lagging.is_empty() || Instant::now() >= deadline {
            return lagging;
        }
        sleep(PERIOD).await;
    }
}

async fn not_taken(proxies: &[Proxy], expected: &[(Resource, u64)]) -> Vec<Lag> {
    let asked = proxies.iter().map(|proxy| async move {
        let cause = match proxy.versions().await {
            Err(NoAnswer::Broken(_)) => None,
            Err(late @ NoAnswer::Late) => Some(LagCause::Silent(late)),
            Ok(versions) => {
                let taken = |(resource, version): &&(Resource, u64)| {
                    versions.get(&resource.version_stat()).is_some_and(|taken| taken >= version)
                };
                let missing = expected.iter().filter(|(resource, _)| proxy.watches(*resource)).find(|one| !taken(one));
                missing.map(|(resource, _)| LagCause::Resource(*resource))
            }
        };
        cause.map(|cause| Lag { proxy: proxy.name().to_owned(), cause })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Why the filter of `phase` does not go by `generation`, judged by what it has counted.
fn lag_of(phase: Phase, generation: u64, samples: &[Sample]) -> Option<LagCause> {
    let label = PhaseLabel::Known(phase);
    let seen = gauge(Metric::Generation { phase: label }, phase, samples);
    let state = gauge(Metric::State { phase: label }, phase, samples);
    if state.is_some_and(|state| state != ConfigState::Current as u64) {
        return Some(LagCause::Refused { phase });
    }
    (seen < Some(generation)).then_some(LagCause::Generation { phase, seen })
}

fn gauge(metric: Metric<'_>, phase: Phase, samples: &[Sample]) -> Option<u64> {
    let label = PhaseLabel::Known(phase);
    let it = |sample: &&Sample| sample.family == metric.family() && sample.label("phase") == label.as_str();
    samples.iter().find(it).and_then(Sample::whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::stats::samples;

    fn outbound(text: &str) -> Option<String> {
        let samples: Vec<_> = samples(text).collect();
        let cause = lag_of(Phase::SidecarOutbound, 7, &samples);
        cause.map(|cause| Lag { proxy: "web-v1-0".to_owned(), cause }.to_string())
    }

    #[test]
    fn a_filter_acknowledges_by_its_generation_and_by_going_by_the_newest() {
        let told = |generation: u64, state: u8| {
            format!(
                "graylane_generation{{phase=\"outbound\"}} {generation}\ngraylane_config_state{{phase=\"outbound\"}} {state}\n"
            )
        };
        assert_eq!(outbound(&told(7, 1)), None);
        assert_eq!(outbound(&told(8, 1)), None);
        assert_eq!(outbound(&told(6, 1)).unwrap(), "web-v1-0 still goes by generation 6 (outbound filter)");
        for refused in [told(6, 2), told(7, 0)] {
            assert!(outbound(&refused).unwrap().contains("refuses the configuration"));
        }
    }

    #[test]
    fn what_another_filter_of_the_proxy_reports_acknowledges_nothing() {
        let inbound = "graylane_generation{phase=\"inbound\"} 7\ngraylane_config_state{phase=\"inbound\"} 1\n";
        assert!(outbound(inbound).unwrap().contains("no generation yet"));
        assert!(outbound("").is_some());
    }
}
