//! Promises of the command line.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::path::Path;
use std::process::{Command, Output};

use graylane::resources;
use graylane_core::{FilterConfig, Router};

const BASE_SET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/base");
const SHA256: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const ISTIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/istio");

fn graylane(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_graylane")).args(args).output().unwrap()
}

/// What is printed by a command that succeeds.
fn printed(args: &[&str]) -> String {
    let output = graylane(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&printed(args)).unwrap()
}

/// A file with a release whose weight is too large.
fn bad_file(folder: &Path) -> String {
    let file = folder.join("bad.yaml");
    let release = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: x}\nspec: {workloads: [], weight: 200}\n";
    std::fs::write(&file, release).unwrap();
    file.display().to_string()
}

#[test]
fn sound_resources_pass_the_check() {
    assert_eq!(printed(&["check", "-f", BASE_SET]), "4 objects, no problem\n");
    assert_eq!(json(&["check", "-f", BASE_SET, "-o", "json"]), serde_json::json!([]));
}

#[test]
fn unsound_resources_fail_every_command_with_code_1_and_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = bad_file(folder.path());
    for args in [&["check", "-f", &file][..], &["plan", "-f", &file], &["explain", "-f", &file, "cart/"]] {
        let output = graylane(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(told.contains("bad.yaml:4: GrayRelease default/x: spec.weight: invalid percentage \"200\""), "{told}");
    }
}

#[test]
fn an_empty_file_fails_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.yaml");
    std::fs::write(&file, "# nothing yet\n").unwrap();
    let output = graylane(&["check", "-f", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("empty.yaml: holds no resource; ") && told.ends_with("\n1 problem\n"), "{told}");
}

#[test]
fn problems_of_form_say_that_those_of_meaning_come_after_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = graylane(&["check", "-f", &bad_file(folder.path())]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.ends_with("\n1 problem; what resources mean together is looked at when all can be read\n"), "{told}");
}

#[test]
fn problems_are_also_told_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let output = graylane(&["check", "-o", "json", "-f", &bad_file(folder.path())]);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(findings[0]["line"], 4);
    assert_eq!(findings[0]["object"], "GrayRelease default/x");
    assert_eq!(findings[0]["path"], "spec.weight");
}

#[test]
fn wrong_usage_has_code_2() {
    for args in [
        &["check"][..],
        &["crd", "nothing"],
        &["nothing"],
        &["explain", "-f", BASE_SET, "http://"],
        &["explain", "-f", BASE_SET, "-H", "x", "a"],
        &["plan", "-f", BASE_SET, "--istio"],
        &["get", "checkout"],
        &["get", "releases", "checkout", "-A"],
        &["plan", "-f", BASE_SET, "--module-url", "oci://filter"],
        &["plan", "-f", ISTIO, "--istio", "--module-url", "filter.wasm"],
        &["plan", "-f", ISTIO, "--istio", "--module-url", "oci://filter", "--module-sha256", "a1"],
        &["jump", "checkout", "first"],
    ] {
        let output = graylane(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{args:?} says nothing");
    }
}

#[test]
fn a_plan_says_the_same_in_yaml_and_json() {
    let yaml: serde_json::Value = serde_saphyr::from_str(&printed(&["plan", "-f", BASE_SET])).unwrap();
    let json = json(&["plan", "-f", BASE_SET, "-o", "json"]);
    assert_eq!(yaml, json);
    for (role, phase) in [("gateway", "gateway"), ("inbound", "sidecarInbound"), ("outbound", "sidecarOutbound")] {
        assert_eq!(json[role]["phase"], phase);
        let config = FilterConfig::from_json(json[role].to_string().as_bytes()).unwrap();
        assert!(Router::compile(&config).is_ok());
    }
    assert_eq!(json["routes"][0]["service"], "cart.shop");
}

#[test]
fn a_plan_for_istio_is_printed_as_objects_to_apply() {
    let asked = [
        "plan",
        "-f",
        ISTIO,
        "--istio",
        "--module-url",
        "https://example.com/graylane.wasm",
        "--module-sha256",
        SHA256,
    ];
    let yaml = printed(&asked);
    insta::assert_snapshot!(yaml);
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&yaml).unwrap();
    let list = json(&[&asked[..], &["-o", "json"]].concat());
    assert_eq!((list["kind"].as_str(), &list["items"]), (Some("List"), &serde_json::json!(documents)));
    let configs: Vec<_> =
        documents.iter().map(|object| &object["spec"]["pluginConfig"]).filter(|it| it.is_object()).collect();
    assert_eq!(configs.len(), 3);
    for config in configs {
        let config = FilterConfig::from_json(config.to_string().as_bytes()).unwrap();
        assert!(Router::compile(&config).is_ok());
    }
}

#[test]
fn the_guide_shows_the_resources_that_are_planned_here() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/manifests.md")).unwrap();
    let shown = guide.split("```").find_map(|part| part.strip_prefix("yaml\n")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), shown).unwrap();
    let (shown, planned) = (resources::read(&[folder.path()]).unwrap(), resources::read(&[ISTIO]).unwrap());
    assert_eq!((shown.releases, shown.lanes), (planned.releases, planned.lanes));
}

#[test]
fn an_explanation_names_rule_lane_version_and_why() {
    let told = printed(&["explain", "-f", BASE_SET, "-H", "X-User: alice", "http://shop.example.com/api/x?y=1"]);
    insta::assert_snapshot!(told);
    let data =
        json(&["explain", "-f", BASE_SET, "--phase", "outbound", "-H", "x-gray-lane: gray", "-o", "json", "stock"]);
    assert_eq!((&data["version"], &data["lanes"][0]), (&"v2".into(), &"gray".into()));
    assert_eq!(data["reason"], "propagated");
}

#[test]
fn an_explanation_says_where_chance_decides() {
    let told = printed(&["explain", "-f", BASE_SET, "shop.example.com/api"]);
    assert!(told.contains("by sequence: slot 9999 -> base, another request may fall elsewhere"), "{told}");
}

#[test]
fn headers_given_several_times_are_all_sent() {
    let told = printed(&["explain", "-f", BASE_SET, "-H", "x-user: bob", "-H", "x-user: alice", "cart.example.com"]);
    assert!(told.contains("rule gray.shop/r1 -> gray"), "{told}");
}

#[test]
fn definitions_are_printed_all_or_one() {
    assert_eq!(printed(&["crd"]).matches("kind: CustomResourceDefinition").count(), 3);
    let one = printed(&["crd", "lanes"]);
    assert!(one.contains("name: lanes.graylane.io") && !one.contains("\n---"), "{one}");
}

#[test]
fn every_form_of_data_says_the_same() {
    let asked = ["explain", "-f", BASE_SET, "-H", "x-user: alice", "cart/"];
    let json = json(&[&asked[..], &["-o", "json"]].concat());
    let yaml = printed(&[&asked[..], &["-o", "yaml"]].concat());
    assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&yaml).unwrap(), json);
    assert_eq!(json["lanes"], serde_json::json!(["gray"]));
}

#[test]
fn shells_learn_whom_to_ask() {
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&["completion", shell]);
        assert!(script.contains("GRAYLANE_COMPLETE") && script.contains("graylane"), "{shell}: {script}");
    }
}

#[test]
fn without_a_cluster_the_kubeconfig_is_asked_for_with_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none").display().to_string();
    for args in [
        &["get"][..],
        &["get", "lanes"],
        &["get", "policy"],
        &["status", "checkout"],
        &["abort", "checkout"],
        &["explain", "cart/"],
    ] {
        let output = graylane(&[args, &["--kubeconfig", &missing]].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains("no API server") && told.contains("--kubeconfig"), "{args:?}: {told}");
    }
}

#[test]
fn kubectl_runs_it_as_a_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-graylane");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_graylane"), &plugin).unwrap();
    let output = Command::new(&plugin).args(["approve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Usage: kubectl graylane approve"), "{help}");
}
