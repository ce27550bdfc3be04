//! What somebody puts into objects of ours, and that it is taken out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use serde_json::Value;
use tokio::time::Instant;

use super::figure;
use crate::cluster::until;
use crate::shop::Shop;

/// Adds values to an object of ours by one edit, each at a place as JSON Patch (RFC 6902) writes it, and sees that one
/// write takes all of them out again, soon, and nothing else.
pub(super) async fn expect_taken_out(api: &Api<DynamicObject>, name: &str, added: &[(&str, Value)]) -> Result<()> {
    let right = api.get(name).await?;
    let mut edited = right.clone();
    for (place, value) in added {
        add(&mut edited.data, place, value.clone()).with_context(|| format!("{name} has no {place}"))?;
    }
    let edited = api.replace(name, &PostParams::default(), &edited).await?;
    ensure!(edited.data != right.data, "{name}: the API server takes it");
    let started = Instant::now();
    let mended = until(&format!("{name} is mended"), || async {
        let live = api.get(name).await?;
        Ok((live.data["spec"] == right.data["spec"]).then_some(live))
    })
    .await?;
    let took = started.elapsed();
    let kind = mended.types.unwrap_or_default().kind;
    let places = added.iter().map(|(place, _)| *place).collect::<Vec<_>>().join(" and ");
    figure(&format!("{places} added to {kind} {name}: taken out after {took:?}"));
    ensure!(took < Duration::from_secs(2), "{name}: it took {took:?}");
    let writes = mended.metadata.generation.unwrap_or_default() - edited.metadata.generation.unwrap_or_default();
    ensure!(writes == 1, "{name}: {writes} writes mended it");
    Ok(())
}

/// What JSON Patch calls `add`; `None` where there is no such place.
fn add(object: &mut Value, place: &str, value: Value) -> Option<()> {
    let (parent, member) = place.rsplit_once('/')?;
    match object.pointer_mut(parent)? {
        Value::Array(list) => list.push(value),
        Value::Object(members) => drop(members.insert(member.to_owned(), value)),
        _ => return None,
    }
    Some(())
}

/// So many times in all: an event says how often the same was told of an object.
pub(super) async fn until_told(shop: &Shop, reason: &str, wanted: i32) -> Result<()> {
    until(&format!("{reason} is told"), || async {
        let events = shop.api::<Event>().list(&ListParams::default()).await?.items;
        let told: Vec<_> = events.iter().filter(|event| event.reason.as_deref() == Some(reason)).collect();
        let times: i32 = told.iter().map(|event| event.series.as_ref().map_or(1, |series| series.count)).sum();
        ensure!(times <= wanted, "told too often: {told:?}");
        Ok((times == wanted).then_some(()))
    })
    .await
}
