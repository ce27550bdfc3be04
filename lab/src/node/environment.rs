//! The environment of a container, and what its arguments say with it.

use k8s_openapi::api::core::v1::{Container, EnvVar, Pod};
use kube::ResourceExt;

use super::NAME;
use super::snapshot::CannotRun;
use crate::namespace::LAB_ADDRESS;

/// The variables of a container whose pod has `address`.
pub(super) fn variables(pod: &Pod, container: &Container, address: &str) -> Result<Vec<(String, String)>, CannotRun> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for variable in container.env.iter().flatten() {
        let value = value(pod, variable, address)?;
        let value = expanded(&value, &variables);
        variables.push((variable.name.clone(), value));
    }
    Ok(variables)
}

/// `text` with the variables that it names as `$(NAME)`; what is not a variable stays.
pub(super) fn expanded(text: &str, variables: &[(String, String)]) -> String {
    let replace = |text: String, (name, value): &(String, String)| text.replace(&format!("$({name})"), value);
    variables.iter().fold(text.to_owned(), replace)
}

fn value(pod: &Pod, variable: &EnvVar, address: &str) -> Result<String, CannotRun> {
    let Some(source) = &variable.value_from else { return Ok(variable.value.clone().unwrap_or_default()) };
    let path = source.field_ref.as_ref().map(|field| field.field_path.as_str());
    let value = path.and_then(|path| field(pod, path, address));
    value.ok_or_else(|| CannotRun::Config {
        message: format!(
            "env \"{}\" comes from {}, which the lab can not give: metadata.name, namespace, uid, labels['…'] and \
             annotations['…'], spec.nodeName and serviceAccountName, status.podIP and hostIP are allowed",
            variable.name,
            path.unwrap_or("elsewhere than a field")
        ),
    })
}

fn field(pod: &Pod, path: &str, address: &str) -> Option<String> {
    let key = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix("['")?.strip_suffix("']");
    if let Some(label) = key("metadata.labels") {
        return Some(pod.labels().get(label).cloned().unwrap_or_default());
    }
    if let Some(annotation) = key("metadata.annotations") {
        return Some(pod.annotations().get(annotation).cloned().unwrap_or_default());
    }
    match path {
        "metadata.name" => Some(pod.name_any()),
        "metadata.namespace" => pod.namespace(),
        "metadata.uid" => pod.uid(),
        "spec.nodeName" => Some(NAME.to_owned()),
        "spec.serviceAccountName" => Some(service_account(pod).unwrap_or_default().to_owned()),
        "status.podIP" => Some(address.to_owned()),
        "status.hostIP" => Some(LAB_ADDRESS.to_string()),
        _ => None,
    }
}

/// Whose rights a pod has, where it asks for any.
pub(super) fn service_account(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.service_account_name.as_deref().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(env: &serde_json::Value) -> Pod {
        let container = json!({"name": "web", "image": "shop:v1", "env": env});
        let metadata = json!({"name": "web-1", "namespace": "shop", "labels": {"app": "web"}});
        serde_json::from_value(json!({"metadata": metadata, "spec": {"containers": [container]}})).unwrap()
    }

    fn read(env: &serde_json::Value) -> Result<Vec<(String, String)>, CannotRun> {
        let pod = pod(env);
        variables(&pod, &pod.spec.as_ref().unwrap().containers[0], "10.244.0.7")
    }

    #[test]
    fn fields_of_the_pod_and_earlier_variables_are_known() {
        let field = |path: &str| json!({"fieldRef": {"fieldPath": path}});
        let read = read(&json!([
            {"name": "NAME", "valueFrom": field("metadata.name")},
            {"name": "IP", "valueFrom": field("status.podIP")},
            {"name": "APP", "valueFrom": field("metadata.labels['app']")},
            {"name": "LISTEN", "value": "$(IP):8080, not $(NOBODY)"},
        ]));
        let values: Vec<_> = read.unwrap().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["web-1", "10.244.0.7", "web", "10.244.0.7:8080, not $(NOBODY)"]);
    }

    #[test]
    fn a_source_that_the_lab_does_not_have_is_named() {
        let refusal = read(&json!([{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]));
        assert!(refusal.unwrap_err().to_string().contains("\"SECRET\""));
    }
}
