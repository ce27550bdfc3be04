//! Whether the controller may do what it does, asked before anything is done.

use futures_util::future::try_join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Client;
use kube::api::{Api, PostParams};

use super::Error;
use crate::cluster::{LEASES, RIGHTS, Right};

/// Asks for every right.
///
/// # Errors
/// With all those that are missing.
pub(super) async fn check(client: &Client, namespace: &str) -> Result<(), Error> {
    let everywhere = RIGHTS.iter().map(|right| (right, None));
    let all = everywhere.chain([(&LEASES, Some(namespace))]);
    let asked =
        all.flat_map(|(right, namespace)| right.verbs.iter().map(move |verb| missing(client, right, verb, namespace)));
    let missing: Vec<String> = try_join_all(asked).await?.into_iter().flatten().collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Rights(missing.join(", "))) }
}

/// What is not allowed, in words.
async fn missing(client: &Client, right: &Right, verb: &str, namespace: Option<&str>) -> Result<Option<String>, Error> {
    let (resource, subresource) = match right.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (right.resource, None),
    };
    let attributes = ResourceAttributes {
        group: Some(right.group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        verb: Some(verb.to_owned()),
        namespace: namespace.map(str::to_owned),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await;
    let answer = answer.map_err(|error| Error::Client(Box::new(error)))?;
    let allowed = answer.status.is_some_and(|status| status.allowed);
    let dot = if right.group.is_empty() { "" } else { "." };
    Ok((!allowed).then(|| format!("{verb} {}{dot}{}", right.resource, right.group)))
}
