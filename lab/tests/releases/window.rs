//! Requests that were made one after the other, and what became of them.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::time::Instant;

/// Of the samples of a share, 99 % lie within as many standard deviations of it.
const DEVIATIONS: f64 = 2.576;

/// A request and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Who made it.
    pub(crate) user: String,
    pub(crate) asked: Instant,
    pub(crate) took: Duration,
    /// The services that served it, or why it was lost.
    pub(crate) way: Result<Hop, String>,
}

/// A service that served a request, as it said itself, and what it called.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hop {
    service: String,
    version: String,
    saw_version_header: bool,
    next: Option<Box<Hop>>,
}

impl Hop {
    pub(crate) fn next(&self) -> Option<&Self> {
        self.next.as_deref()
    }

    /// The versions that the request has met from here on.
    pub(crate) fn versions(&self) -> Vec<String> {
        std::iter::successors(Some(self), |hop| hop.next()).map(|hop| hop.version.clone()).collect()
    }
}

impl Request {
    fn hops(&self) -> impl Iterator<Item = &Hop> {
        std::iter::successors(self.way.as_ref().ok(), |hop| hop.next())
    }

    /// The version of a service that served it.
    pub(crate) fn version(&self, service: &str) -> Option<&str> {
        self.hops().find(|hop| hop.service == service).map(|hop| &*hop.version)
    }
}

/// Requests that were made one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Window(pub(crate) Vec<Request>);

impl Window {
    /// How many of them a version of a service served.
    pub(crate) fn served(&self, service: &str, version: &str) -> usize {
        self.0.iter().filter(|request| request.version(service) == Some(version)).count()
    }

    /// When the last of them that a version served was made.
    pub(crate) fn last_of(&self, service: &str, version: &str) -> Option<Instant> {
        self.0.iter().rev().find(|request| request.version(service) == Some(version)).map(|request| request.asked)
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return 0. };
        count(self.0.len() - 1) / (last.asked - first.asked).as_secs_f64()
    }

    /// How long one of a hundred took, or longer.
    pub(crate) fn slowest_percent(&self) -> Duration {
        let mut all: Vec<_> = self.0.iter().map(|request| request.took).collect();
        all.sort_unstable();
        all.get(all.len() * 99 / 100).copied().unwrap_or_default()
    }

    /// Whether the number that a version served is within the band that holds 99 % of all samples of `percent`.
    pub(crate) fn is_share(&self, service: &str, version: &str, percent: f64) -> bool {
        let (all, share) = (count(self.0.len()), percent / 100.);
        let deviation = (all * share * (1. - share)).sqrt();
        (count(self.served(service, version)) - all * share).abs() <= DEVIATIONS * deviation + 0.5
    }

    /// Those that were made before a moment.
    pub(crate) fn before(mut self, moment: Instant) -> Self {
        self.0.retain(|request| request.asked < moment);
        self
    }

    /// Who came again met the same version of a service, or, having met another one, the version `to` from then on. How
    /// many came to it so.
    pub(crate) fn moved(&self, service: &str, to: &str) -> Result<usize> {
        let mut met = HashMap::new();
        let mut moved = 0;
        for request in &self.0 {
            let version = request.version(service).with_context(|| format!("{service} has not served {request:?}"))?;
            let before = met.insert(&request.user, version).filter(|before| *before != version);
            ensure!(before.is_none() || version == to, "{} was on {before:?}, and is on {version}", request.user);
            moved += usize::from(before.is_some());
        }
        Ok(moved)
    }

    /// Nobody was turned away or cut off, and no app saw the header by which proxies route.
    pub(crate) fn expect_nothing_lost(&self) -> Result<()> {
        ensure!(!self.0.is_empty(), "nothing was asked");
        let lost: Vec<_> =
            self.0.iter().filter_map(|request| Some((request.asked, request.way.as_ref().err()?))).collect();
        ensure!(
            lost.is_empty(),
            "{} of {} requests were lost: {:?}",
            lost.len(),
            self.0.len(),
            lost.iter().take(5).collect::<Vec<_>>()
        );
        let saw = self.0.iter().filter(|request| request.hops().any(|hop| hop.saw_version_header)).count();
        ensure!(saw == 0, "in {saw} of {} requests an app saw the version header", self.0.len());
        Ok(())
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
