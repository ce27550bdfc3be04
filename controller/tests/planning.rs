//! Promises of the planner, on resources as people write them.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::path::Path;

use graylane::plan::{Configs, Observed, Plan, Readiness, plan};
use graylane::resources::{self, Resources};
use graylane_core::config::LostMark;
use graylane_core::{Headers, NoDraw, Phase, Router};
use tempfile::TempDir;

const BASE_SET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/base");

fn base_set() -> Observed {
    resources::read(&[BASE_SET]).unwrap().observe()
}

fn changed(observed: &Observed, change: impl FnOnce(&mut Observed)) -> Observed {
    let mut observed = observed.clone();
    change(&mut observed);
    observed
}

/// The version of the service at `host`, and why.
fn decided(plan: &Plan, phase: Phase, host: &str, path: &str, header: (&str, &str)) -> (String, &'static str) {
    let router = Router::compile(plan.configs.of(phase)).unwrap();
    let request = Headers::from([(":method", "GET"), (":authority", host), (":path", path), header]);
    let decision = router.decide(&request, &mut NoDraw);
    (decision.version.map(ToString::to_string).unwrap_or_default(), decision.reason.as_str())
}

#[test]
fn the_base_set_is_planned_as_the_snapshot_says() {
    let plan = plan(&base_set(), None).unwrap();
    insta::assert_snapshot!(serde_saphyr::to_string(&plan).unwrap());
}

#[test]
fn the_base_set_decides_as_its_scenarios_say() {
    let plan = plan(&base_set(), None).unwrap();
    for (phase, host, header, version, reason) in [
        (Phase::Gateway, "any.example.com", ("x-user", "alice"), "v2", "rule"),
        (Phase::Gateway, "any.example.com", ("x-user", "bob"), "v1", "no_match"),
        (Phase::SidecarOutbound, "pay", ("x-gray-lane", "gray"), "v1", "fallback_missing"),
        (Phase::SidecarOutbound, "stock.shop.svc", ("x-gray-lane", "gray"), "v2", "propagated"),
        (Phase::SidecarOutbound, "cart", ("x-gray-lane", "canary2"), "v2", "fallback_lane"),
        (Phase::SidecarOutbound, "stock", ("x-gray-lane", "canary2"), "v3", "propagated"),
    ] {
        assert_eq!(decided(&plan, phase, host, "/", header), (version.to_owned(), reason), "{host} {header:?}");
    }
    assert_eq!(decided(&plan, Phase::Gateway, "shop.example.com", "/pay/1", ("x-user", "alice")).0, "v1");
}

#[test]
fn what_a_lost_mark_means_concerns_proxies_behind_apps_only() {
    let lost_mark = |observed: &Observed, phase| plan(observed, None).unwrap().configs.of(phase).lost_mark;
    let base = changed(&base_set(), |observed| {
        observed.policy.as_mut().unwrap().spec.lost_mark = LostMark::Base;
    });
    for phase in [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound] {
        assert_eq!(lost_mark(&base_set(), phase), LostMark::Decide);
        let expected = if phase == Phase::SidecarOutbound { LostMark::Base } else { LostMark::Decide };
        assert_eq!(lost_mark(&base, phase), expected, "{phase:?}");
    }
    assert_eq!(
        decided(&plan(&base, None).unwrap(), Phase::SidecarOutbound, "cart", "/", ("x-user", "alice")).1,
        "uncorrelated"
    );
}

#[test]
fn a_version_without_ready_endpoints_gets_nothing() {
    let observed = changed(&base_set(), |observed| {
        let cart = observed.services.iter_mut().find(|(service, _)| service.name() == "cart").unwrap().1;
        cart.versions.insert("v2".parse().unwrap(), Readiness::NotReady);
    });
    let plan = plan(&observed, None).unwrap();
    let seen = decided(&plan, Phase::Gateway, "any.example.com", "/", ("x-user", "alice"));
    assert_eq!(seen, ("v1".to_owned(), "fallback_unready"));
}

#[test]
fn the_generation_changes_exactly_with_the_content() {
    let observed = base_set();
    let first = plan(&observed, None).unwrap();
    assert_eq!(first.configs.generation(), 1);

    let shuffled = changed(&observed, |observed| observed.releases.reverse());
    let same = plan(&shuffled, Some(&first.configs)).unwrap();
    assert_eq!(same, first);

    let heavier = changed(&observed, |observed| observed.releases[0].spec.weight = "5".parse().unwrap());
    let second = plan(&heavier, Some(&same.configs)).unwrap();
    let Configs { gateway, inbound, outbound } = &second.configs;
    assert_eq!([gateway, inbound, outbound].map(|config| config.generation), [2; 3]);

    let back = plan(&observed, Some(&second.configs)).unwrap();
    assert_eq!(back.configs.generation(), 3, "an old content is new again");
}

#[test]
fn standing_lanes_come_before_releases() {
    let mark = "gray, canary2";
    let resources = read(&[("all.yaml", &everybody_in_both())]);
    let plan = plan(&resources.observe(), None).unwrap();
    let order: Vec<&str> = plan.configs.gateway.rule_sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(order, ["canary2.default", "gray.default"]);
    assert_eq!(decided(&plan, Phase::Gateway, "cart.default", "/", ("x", "y")).0, "v3", "not {mark}");
}

fn everybody_in_both() -> String {
    format!(
        "{}---\n{}",
        release("gray", "workloads: [{service: cart, stable: v1, gray: v2}]\n  weight: 100"),
        lane("canary2", "services: [{service: cart, version: v3}]\n  weight: 100")
    )
}

fn release(name: &str, spec: &str) -> String {
    format!("apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n")
}

fn lane(name: &str, spec: &str) -> String {
    format!("apiVersion: graylane.io/v1alpha1\nkind: Lane\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n")
}

fn read(files: &[(&str, &str)]) -> Resources {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    resources::read(&[folder.path()]).unwrap()
}

/// What is wrong with `text`, without the folder it was in.
fn refused(text: &str) -> Vec<String> {
    let resources = read(&[("r.yaml", text)]);
    let findings = resources.locate(plan(&resources.observe(), None).unwrap_err());
    let without_folder = |finding: &graylane::resources::Finding| {
        let mut finding = finding.clone();
        if let Some(place) = &mut finding.place {
            place.file = Path::new(place.file.file_name().unwrap()).to_owned();
        }
        finding.to_string()
    };
    findings.iter().map(without_folder).collect()
}

const CART: &str = "workloads: [{service: cart, stable: v1, gray: v2}]";

#[test]
fn a_lane_may_be_formed_by_several_objects() {
    let text = [
        release("one", &format!("{CART}\n  lane: gray\n  isolation: strict")),
        release("two", "workloads: [{service: pay, stable: v1, gray: v5}]\n  lane: gray"),
    ]
    .join("---\n");
    let plan = plan(&read(&[("r.yaml", &text)]).observe(), None).unwrap();
    let versions = plan.configs.outbound.services.values().flat_map(|service| service.lanes.values());
    assert_eq!(versions.map(ToString::to_string).collect::<Vec<_>>(), ["v2", "v5"]);
    assert_eq!(plan.configs.outbound.lanes.len(), 1);
    assert_eq!(
        plan.configs.outbound.lanes.values().next().unwrap().isolation,
        graylane_core::config::Isolation::Strict
    );
}

#[test]
fn objects_that_contradict_each_other_are_refused_where_they_do() {
    let text = [
        release("one", &format!("{CART}\n  lane: gray\n  fallback: [two]")),
        release("two", "workloads:\n  - {service: cart, stable: v0, gray: v3}\n  lane: gray\n  fallback: [base]"),
        lane("two", "services: [{service: cart, version: v2}]"),
    ]
    .join("---\n");
    insta::assert_snapshot!(refused(&text).join("\n"));
}

#[test]
fn every_problem_of_an_object_is_told_at_once() {
    let spec = "workloads:
  - {service: cart, stable: v1, gray: v2}
  - {service: cart.default, stable: v1, gray: v2}
  - {service: a.b.c, stable: v1, gray: v2}
  fallback: [nowhere]
  identity: []
  weight: 10
  rules:
  - {name: weight, when: {method: {exact: GET}}}
  - {name: r1, when: {header: {name: x, regex: '('}}}
  - {name: r1, when: {all: [{path: {prefix: api}}, {cookie: {name: c}}]}}
  serviceSplits:
  - service: pay
    weights: [{version: v1, weight: 50}, {version: v1, weight: \"49.99%\"}]
  - service: pay
    weights: [{version: v1, weight: 100}]";
    insta::assert_snapshot!(refused(&release("x", spec)).join("\n"));
}

#[test]
fn services_and_versions_that_do_not_exist_are_refused_with_those_that_do() {
    let mut observed = base_set();
    observed.releases[0].spec.workloads[0].service = "carts".parse().unwrap();
    observed.releases[0].spec.workloads[1].gray = Some("v9".parse().unwrap());
    insta::assert_snapshot!(plan(&observed, None).unwrap_err().to_string());
}

#[test]
fn a_service_without_a_base_version_is_refused() {
    let split = "serviceSplits: [{service: pay, weights: [{version: v1, weight: 100}]}]";
    insta::assert_snapshot!(refused(&release("gray", &format!("{CART}\n  {split}"))).join("\n"));
}

#[test]
fn base_of_a_service_that_only_lanes_name_is_called_as_in_a_cluster() {
    let text =
        [release("one", CART), lane("two", "services: [{service: cart, version: v3}, {service: pay, version: v3}]")];
    let plan = plan(&read(&[("r.yaml", &text.join("---\n"))]).observe(), None).unwrap();
    let bases: Vec<_> = plan.routes.iter().map(|routes| (routes.service.name(), routes.base.as_str())).collect();
    assert_eq!(bases, [("cart", "v1"), ("pay", "stable")]);
}

#[test]
fn names_that_can_be_no_lane_are_refused() {
    let text = [release("a.b", CART), lane("base", "services: [{service: cart, version: v2}]")].join("---\n");
    insta::assert_snapshot!(refused(&text).join("\n"));
}

#[test]
fn bare_names_stand_only_for_services_that_share_them_with_none() {
    let text = release(
        "x",
        "workloads:\n  - {service: cart, stable: v1, gray: v2}\n  - {service: cart.other, stable: v1, gray: v2}",
    );
    let plan = plan(&read(&[("r.yaml", &text)]).observe(), None).unwrap();
    for routes in &plan.routes {
        assert_eq!(routes.hosts.first(), Some(&routes.service.to_string()));
    }
}
