//! The JSON Schema of a filter's configuration takes what filters take.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::Path;

use graylane::plan::plan;
use graylane::resources;
use graylane_core::FilterConfig;
use serde_json::{Value, json};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/reference/filter-config.schema.json")).unwrap();
    jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// What is planned for the resources of a folder, one configuration a role.
fn planned(folder: &str) -> [Value; 3] {
    let resources = resources::read(&[Path::new(ROOT).join(folder)]).unwrap();
    let configs = plan(&resources.observe(), None).unwrap().configs;
    [configs.gateway, configs.inbound, configs.outbound].map(|config| serde_json::to_value(config).unwrap())
}

#[test]
fn everything_that_is_planned_fits() {
    let schema = schema();
    for folder in ["controller/tests/fixtures/base", "examples/shop/mesh"] {
        for config in planned(folder) {
            let problems: Vec<String> = schema.iter_errors(&config).map(|error| error.to_string()).collect();
            assert_eq!(problems, Vec::<String>::new(), "{folder}: {config:#}");
        }
    }
}

#[test]
fn what_filters_refuse_for_its_form_does_not_fit() {
    let schema = schema();
    let config = |change: &dyn Fn(&mut Value)| {
        let mut config = planned("controller/tests/fixtures/base")[0].clone();
        change(&mut config);
        config
    };
    let rule = |when: Value| {
        config(&move |config| {
            config["ruleSets"] =
                json!([{"name": "s", "rules": [{"name": "r", "when": when, "then": {"lane": "gray"}}]}]);
        })
    };
    let deep = json!({"all": [{"not": {"any": [{"header": {"name": "x-user", "exact": "alice"}}]}}]});
    assert!(schema.is_valid(&rule(deep)));
    for refused in [
        config(&|config| config["unknown"] = json!(1)),
        config(&|config| config["generation"] = json!(-1)),
        config(&|config| config["phase"] = json!("nowhere")),
        config(&|config| config["services"] = json!({"cart.shop": {"hosts": ["cart"]}})),
        rule(json!({"header": {"name": "x-user"}, "method": {"exact": "GET"}})),
        rule(json!({"all": [{"not": {"any": [{"heather": {"name": "x-user", "exact": "alice"}}]}}]})),
    ] {
        assert!(!schema.is_valid(&refused), "{refused:#}");
        assert!(FilterConfig::from_json(refused.to_string().as_bytes()).is_err(), "{refused:#}");
    }
}
