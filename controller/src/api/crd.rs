//! The custom resource definitions, as an API server takes them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;

use super::{GrayRelease, Lane, MeshPolicy};

/// The definitions of all custom resources.
#[must_use]
pub fn definitions() -> [CustomResourceDefinition; 3] {
    [GrayRelease::crd(), Lane::crd(), MeshPolicy::crd()].map(|mut definition| {
        let versions = definition.spec.versions.iter_mut();
        versions.filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut()).for_each(settle);
        definition
    })
}

/// Settles what the generator of schemas leaves open.
///
/// A member that may be absent need not be allowed to be `null` too, and formats of unsigned numbers, which API servers
/// warn about, say nothing that the bounds do not. Descriptions have their lines as long as the source has them, which
/// `kubectl explain` would break once more.
fn settle(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.format = None;
    schema.description = schema.description.take().map(|text| unbroken(&text));
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).for_each(settle);
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => settle(items),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(settle),
        None => {}
    }
}

/// A text with a line for each of its paragraphs.
fn unbroken(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}
