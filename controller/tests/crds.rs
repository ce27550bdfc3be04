//! Promises of the custom resource definitions.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use graylane::api::definitions;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{ErrorKind, Validator};
use serde_json::{Value, json};

fn schema(definition: &CustomResourceDefinition) -> Value {
    let schema = definition.spec.versions[0].schema.clone().unwrap().open_api_v3_schema.unwrap();
    serde_json::to_value(schema).unwrap()
}

fn schema_of(plural: &str) -> Value {
    let definition = definitions().into_iter().find(|definition| definition.spec.names.plural == plural);
    schema(&definition.unwrap())
}

/// Calls `visit` with every schema in `schema`, itself included, and its path.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}.{name}"), visit);
    }
    for member in ["items", "additionalProperties"] {
        if schema[member].is_object() {
            walk(&schema[member], &format!("{path}.{member}"), visit);
        }
    }
}

fn walk_all(visit: &mut impl FnMut(&str, &Value)) {
    for definition in definitions() {
        walk(&schema(&definition), &definition.spec.names.kind, visit);
    }
}

#[test]
fn definitions_on_disk_are_what_the_types_say() {
    for definition in definitions() {
        let file = format!("{}/../deploy/crds/{}.yaml", env!("CARGO_MANIFEST_DIR"), definition.spec.names.plural);
        let fresh = serde_saphyr::to_string(&definition).unwrap();
        let on_disk = std::fs::read_to_string(&file).unwrap();
        assert_eq!(on_disk, fresh, "{file} is stale: run 'cargo xtask gen'");
    }
}

// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
#[test]
fn every_schema_is_structural() {
    let mut seen = 0;
    walk_all(&mut |path, schema| {
        seen += 1;
        let int_or_string = schema["x-kubernetes-int-or-string"] == json!(true);
        assert_eq!(schema["type"].is_string(), !int_or_string, "{path} has a type, unless it is int-or-string");
        for forbidden in ["$ref", "definitions", "dependencies", "deprecated", "id", "patternProperties", "uniqueItems"]
        {
            assert_eq!(schema[forbidden], Value::Null, "{path} has {forbidden}");
        }
        let closed = schema["additionalProperties"] == json!(false);
        assert!(!closed, "{path} is closed, which API servers say by pruning");
        assert!(
            schema["properties"].is_null() || schema["additionalProperties"].is_null(),
            "{path} has both properties and additionalProperties"
        );
        for junctor in ["allOf", "anyOf", "oneOf"] {
            for (index, branch) in schema[junctor].as_array().into_iter().flatten().enumerate() {
                let branch = branch.as_object().unwrap();
                let stray: Vec<_> = branch.keys().filter(|key| *key != "required").collect();
                assert!(stray.is_empty(), "{path}.{junctor}[{index}] has {stray:?}");
            }
        }
    });
    assert!(seen > 100, "the walk saw {seen} schemas only");
}

#[test]
fn every_field_is_explained_in_words_for_users() {
    walk_all(&mut |path, schema| {
        let described = schema["description"].as_str().unwrap_or_default();
        let last = path.rsplit('.').next();
        assert!(matches!(last, Some("items" | "metadata")) || described.len() > 3, "{path} is not explained");
        assert!(!described.contains("]("), "{path} speaks to Rust programmers: {described}");
        assert!(!described.contains("[`"), "{path} speaks to Rust programmers: {described}");
    });
}

#[test]
fn the_schema_warns_of_nothing() {
    walk_all(&mut |path, schema| {
        assert_eq!(schema["format"], Value::Null, "{path} has a format that API servers do not know");
        assert_eq!(schema["nullable"], Value::Null, "{path} may be null, which its type does not take");
    });
}

/// What the rules say of an object, but for those with `type`, which only API servers can evaluate.
fn complaints(plural: &str, name: &str, spec: &Value) -> Vec<(String, String)> {
    let object = json!({"metadata": {"name": name}, "spec": spec});
    let Err(errors) = Validator::new().validate(&schema_of(plural), &object, None) else {
        return Vec::new();
    };
    let evaluated = errors.into_vec().into_iter().filter(|error| !error.rule.contains("type("));
    let told = |error: kube_cel::ValidationError| {
        assert_eq!(error.kind, ErrorKind::ValidationFailure, "the rule itself is broken: {error:?}");
        (error.field_path, error.message)
    };
    evaluated.map(told).collect()
}

fn release(change: &Value) -> Value {
    let mut spec = json!({"workloads": [{"service": "cart", "stable": "v1", "gray": "v2"}]});
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    spec
}

fn deployments(change: &Value) -> Value {
    let mut spec = json!({"workloads": [{"service": "cart", "deployment": "cart"}]});
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    spec
}

#[test]
fn admission_takes_what_is_right() {
    for spec in [
        release(&json!({})),
        release(&json!({"lane": "gray", "fallback": ["base"], "weight": 10})),
        release(&json!({"isolation": "strict"})),
        deployments(
            &json!({"strategy": {"canary": {"steps": [{"setWeight": 10}, {"pause": {"duration": "20s"}}, {"pause": {}}]}}}),
        ),
        deployments(&json!({"weight": 10, "hold": "Always", "onLaggingProxies": "Abort"})),
    ] {
        assert_eq!(complaints("grayreleases", "checkout", &spec), [], "{spec}");
    }
    assert_eq!(complaints("lanes", "canary2", &json!({"services": []})), []);
    assert_eq!(complaints("meshpolicies", "default", &json!({})), []);
}

#[test]
fn admission_refuses_what_is_wrong_and_names_the_field() {
    let rule = json!({"name": "weight", "when": {"method": {"exact": "GET"}}});
    for (plural, name, spec, field, message) in [
        ("grayreleases", "a.b", release(&json!({})), "", "the name can not be that of a lane"),
        ("grayreleases", "x", release(&json!({"lane": "base"})), "spec.lane", "base is reserved"),
        (
            "grayreleases",
            "x",
            release(&json!({"isolation": "strict", "fallback": ["a"]})),
            "spec.fallback",
            "never falls back",
        ),
        ("grayreleases", "x", release(&json!({"rules": [rule]})), "spec.rules[0].name", "weight is the name"),
        (
            "grayreleases",
            "x",
            json!({"workloads": [{"service": "cart", "deployment": "cart", "gray": "v2"}]}),
            "spec.workloads",
            "every workload names its deployment, or",
        ),
        ("grayreleases", "x", json!({"workloads": [{"service": "cart"}]}), "spec.workloads", "every workload names"),
        ("grayreleases", "x", release(&json!({"strategy": {"canary": {}}})), "spec.strategy", "advances deployments"),
        (
            "grayreleases",
            "x",
            json!({"workloads": [{"service": "cart", "stable": "v1", "gray": "v1"}]}),
            "spec.workloads[0].gray",
            "another one than stable",
        ),
        (
            "lanes",
            "x",
            json!({"services": [{"service": "a", "version": "stable"}]}),
            "spec.services[0].version",
            "base",
        ),
        (
            "lanes",
            "x",
            json!({"services": [{"service": "a", "version": "b", "labels": {"app": "a"}, "base": {"app": "a"}}]}),
            "spec.services[0].labels",
            "those of base have not",
        ),
        (
            "grayreleases",
            "x",
            deployments(&json!({"strategy": {"canary": {}}, "weight": 5})),
            "spec.strategy",
            "sets the weight itself",
        ),
        ("lanes", "base", json!({"services": []}), "", "a lane is called by"),
        ("lanes", "a.b", json!({"services": []}), "", "a lane is called by"),
        ("meshpolicies", "other", json!({}), "", "called default"),
    ] {
        let complaints = complaints(plural, name, &spec);
        let [(path, told)] = complaints.as_slice() else { panic!("{spec}: {complaints:?}") };
        assert_eq!(path, field, "{spec}");
        assert!(told.contains(message), "{spec}: {told}");
    }
}

#[test]
fn definitions_carry_names_columns_and_the_common_category() {
    for definition in definitions() {
        let names = &definition.spec.names;
        assert_eq!(names.categories.as_deref(), Some(&["graylane".to_owned()][..]), "{}", names.kind);
        let columns = definition.spec.versions[0].additional_printer_columns.as_deref().unwrap_or_default();
        assert!(columns.iter().any(|column| column.name == "Age"), "{} shows no age", names.kind);
    }
}
