//! Comparing what was seen of a request with what was expected of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow, bail, ensure};
use graylane_core::Phase;
use graylane_core::config::HeaderNames;
use graylane_core::name::HeaderName;

use super::expect::{Decided, Expect, values};
use super::mesh::Place;
use super::observation::{Aspect, Kind, Observation, observation};
use super::request::Message;
use super::runner::Seen;
use super::text::Shown;

/// Headers that proxies and clients change on the way, whatever the filter does (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [&str; 5] = ["connection", "upgrade", "te", "transfer-encoding", "content-length"];
const COOKIE: &str = "set-cookie";
/// Lists that may mirror a mark among the members of others.
const MIRRORS: [&str; 2] = ["baggage", "tracestate"];

/// The request that was sent, and where.
pub(super) struct Sent<'a> {
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    pub(super) names: &'a HeaderNames,
    pub(super) message: &'a Message,
}

/// Compares every aspect that can be seen.
pub(super) fn check(sent: &Sent<'_>, expect: &Expect, seen: &Seen) -> Result<()> {
    for aspect in Aspect::ALL {
        let result = compare(aspect, sent, expect, seen);
        match (observation(sent.kind, aspect), result) {
            (Observation::Direct, Some(result)) => {
                result.with_context(|| format!("{aspect:?} of {seen:?}"))?;
            }
            (Observation::Counted | Observation::None(_), None) => {}
            (Observation::Direct, None) => bail!("{aspect:?} did not show, though it is listed as visible"),
            (Observation::Counted | Observation::None(_), Some(_)) => {
                bail!("{aspect:?} showed, though it is listed as not visible")
            }
        }
    }
    Ok(())
}

/// Compares one aspect; `None` if it does not show.
fn compare(aspect: Aspect, sent: &Sent<'_>, expect: &Expect, seen: &Seen) -> Option<Result<()>> {
    let response = &seen.response.headers;
    let HeaderNames { reason, explanation, .. } = sent.names;
    match aspect {
        Aspect::Served => {
            let place = seen.arrival.as_ref().map(|arrival| &arrival.place);
            Some(equal(&place, &expect.place(sent.phase).as_ref()))
        }
        Aspect::Upstream => Some(upstream(sent, expect, seen)),
        Aspect::Cookie => Some(none(expect.response.difference(response, [COOKIE]))),
        Aspect::Explanation => Some(explained(expect, &values(response, explanation.as_str()).collect::<Vec<_>>())),
        Aspect::Status => seen.response.status.map(|status| equal(&status, &expect.status)),
        Aspect::Response => seen.response.status.map(|_| {
            let names: BTreeSet<&str> = expect.response.names().chain([reason.as_str()]).collect();
            none(expect.response.difference(response, names))
        }),
        Aspect::Decided => seen.decided.as_ref().map(|decided| equal(decided, &expect.decided)),
        Aspect::Events => seen.events.map(|events| equal(&events, &expect.events)),
        Aspect::Attempts => {
            let expected = expect.place(sent.phase).map_or(0, |_| expect.attempts);
            seen.attempts.map(|attempts| equal(&attempts, &expected))
        }
    }
}

impl Expect {
    /// Where the request must end.
    fn place(&self, phase: Phase) -> Option<Place> {
        let place = |service: &str, version: &str| {
            Some(Place::Version { service: service.to_owned(), version: version.to_owned() })
        };
        match (&self.decided, &self.served) {
            (_, Some(served)) => served.split_once('/').and_then(|(service, version)| place(service, version)),
            (Decided::Forward { service, version, .. }, None) => place(service, version),
            (Decided::Refuse { .. }, None) => None,
            (Decided::Pass, None) if phase == Phase::SidecarInbound => Some(Place::App),
            (Decided::Pass, None) => Some(Place::Elsewhere),
        }
    }
}

fn equal<T: std::fmt::Debug + PartialEq>(seen: &T, expected: &T) -> Result<()> {
    ensure!(seen == expected, "{seen:?}, expected {expected:?}");
    Ok(())
}

fn none(difference: Option<String>) -> Result<()> {
    difference.map_or(Ok(()), |difference| Err(anyhow!(difference)))
}

fn explained(expect: &Expect, explanations: &[&[u8]]) -> Result<()> {
    let expected: Vec<String> = expect.explanation.iter().map(|steps| steps.join("; ")).collect();
    let seen: Vec<String> = explanations.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    equal(&seen, &expected)
}

/// Internal headers are those expected and no others; the rest of the request is as it was sent.
fn upstream(sent: &Sent<'_>, expect: &Expect, seen: &Seen) -> Result<()> {
    let Some(arrival) = &seen.arrival else {
        ensure!(expect.upstream.names().next().is_none(), "no upstream was called");
        return Ok(());
    };
    let HeaderNames { lane, identity, version, explain, .. } = sent.names;
    let internal = [lane, identity, version, explain].map(HeaderName::as_str);
    let fields = sent.message.fields();
    // A mirror that was not sent must not appear unasked for.
    let new_mirrors = MIRRORS.into_iter().filter(|mirror| values(&fields, mirror).next().is_none());
    let compared: BTreeSet<&str> = expect.upstream.names().chain(internal).chain(new_mirrors).collect();
    none(expect.upstream.difference(&arrival.headers, compared.iter().copied()))?;

    let names: BTreeSet<&str> = fields.iter().filter_map(|(name, _)| std::str::from_utf8(name).ok()).collect();
    for name in names.into_iter().filter(|name| !compared.contains(name) && !HOP_BY_HOP.contains(name)) {
        // Cookies may be split and joined again (RFC 9113 section 8.2.3).
        let separator: &[u8] = if name == "cookie" { b"; " } else { b"\n" };
        let joined = |headers| values(headers, name).collect::<Vec<_>>().join(separator);
        let (was, is) = (joined(&fields), joined(&arrival.headers));
        ensure!(was == is, "{name} was changed from \"{}\" to \"{}\"", Shown(&was), Shown(&is));
    }
    Ok(())
}
