//! What proxies are told about two services, `cart` and `web`, in namespace `shop`.

use std::collections::{BTreeMap, BTreeSet};

use graylane_core::name::ServiceName;
use serde_json::Value;

use super::*;
use crate::api::Protocol;
use crate::plan::{Observed, Plan, Readiness, Service, ServiceFacts, plan};

fn service(name: &str) -> Service {
    Service::resolve(&ServiceName::new(name).unwrap(), "shop").unwrap()
}

/// A plan for the services, each with its versions, base first, and the patterns of the gateway.
fn planned(services: &[(&str, &[&str], &[&str])]) -> Plan {
    let facts = |versions: &[&str], patterns: &[&str]| ServiceFacts {
        port: 80,
        base: versions.first().map(|base| base.parse().unwrap()),
        gateway_hosts: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        versions: versions.iter().map(|version| (version.parse().unwrap(), Readiness::Ready)).collect(),
    };
    let services = services.iter().map(|(name, versions, patterns)| (service(name), facts(versions, patterns)));
    plan(&Observed { services: services.collect(), ..Observed::default() }, None).unwrap()
}

fn routing(services: &[(&str, &[&str], &[&str])]) -> Routing {
    Routing::of(&planned(services), &BTreeMap::from([(service("cart"), Protocol::Grpc)]))
}

/// `DOMAIN: ROUTE [HEADER] PATH, ...` for each domain.
fn told(tables: &[Value]) -> Vec<String> {
    let hosts = tables[0]["virtual_hosts"].as_array().unwrap().iter();
    let lines = hosts.flat_map(|host| {
        let routes = host["routes"].as_array().unwrap().iter().map(|route| {
            let matched = &route["match"];
            let path = matched["path_separated_prefix"].as_str().unwrap_or_default();
            let version = matched["headers"][0]["string_match"]["exact"].as_str();
            let version = version.map_or(String::new(), |version| format!("[{version}]"));
            format!("{}{version}{path}", route["name"].as_str().unwrap())
        });
        let routes = routes.collect::<Vec<_>>().join(" ");
        let domains = host["domains"].as_array().unwrap().iter();
        domains.map(|domain| format!("{}: {routes}", domain.as_str().unwrap())).collect::<Vec<_>>()
    });
    lines.collect()
}

#[test]
fn apps_reach_each_version_by_header_and_base_without() {
    let tables = outbound_routes(&routing(&[("cart", &["v1", "v2"], &[])]));
    let to_cart = "cart.shop/v2[v2] cart.shop/v1";
    let hosts = ["cart", "cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local"];
    let expected: Vec<_> =
        hosts.map(|host| format!("{host}: {to_cart}")).into_iter().chain(["*: unknown".to_owned()]).collect();
    assert_eq!(told(&tables), expected);
    let to_v2 = &tables[0]["virtual_hosts"][0]["routes"][0];
    assert_eq!(to_v2["route"]["cluster"], "outbound|80|v2|cart.shop.svc.cluster.local");
    assert_eq!(to_v2["match"]["headers"][0]["name"], "x-gray-version");
    assert_eq!(tables[0]["request_headers_to_remove"], serde_json::json!(["x-gray-version"]));
}

#[test]
fn the_gateway_goes_on_to_less_specific_patterns_as_the_filter_does() {
    let routing = routing(&[
        ("cart", &["v1"], &["shop.example.com/cart", "*/basket"]),
        ("web", &["v1"], &["*.example.com", "shop.example.com/cart/help"]),
    ]);
    assert_eq!(
        told(&gateway_routes(&routing)),
        [
            "shop.example.com: web.shop/v1/cart/help cart.shop/v1/cart web.shop/v1 cart.shop/v1/basket unknown",
            "*.example.com: web.shop/v1 cart.shop/v1/basket unknown",
            "*: cart.shop/v1/basket unknown",
        ]
    );
}

#[test]
fn while_proxies_change_both_configurations_find_their_routes() {
    let older = routing(&[("cart", &["v1", "v2"], &["*"]), ("old", &["v1"], &["old.example.com"])]);
    let newer = routing(&[("cart", &["v2", "v3"], &["*"])]);
    let both = newer.covering(&older);
    let subsets: BTreeSet<String> = both.subsets().map(|(subset, _)| subset.cluster_name()).collect();
    for version in ["v1", "v2", "v3"] {
        assert!(subsets.contains(&format!("outbound|80|{version}|cart.shop.svc.cluster.local")), "{subsets:?}");
    }
    assert!(subsets.contains("outbound|80|v1|old.shop.svc.cluster.local"));
    assert!(told(&outbound_routes(&both)).contains(&"cart: cart.shop/v1[v1] cart.shop/v3[v3] cart.shop/v2".to_owned()));
    assert!(told(&gateway_routes(&both)).iter().any(|line| line.starts_with("old.example.com: old.shop/v1")));
    assert_eq!(newer.covering(&newer), newer);
}

#[test]
fn grpc_is_spoken_to_grpc_services_and_the_callers_protocol_to_others() {
    let routing = routing(&[("cart", &["v1"], &[]), ("web", &["v1"], &[])]);
    let clusters = clusters(&routing, |subset| {
        let ready = subset.service == service("cart");
        ready.then(|| "127.0.0.1:4001".parse().unwrap()).into_iter().collect()
    });
    let options = |cluster: &Value| {
        let options =
            &cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
        options.as_object().unwrap().keys().find(|key| *key != "@type").cloned().unwrap()
    };
    assert_eq!(
        clusters.iter().map(options).collect::<Vec<_>>(),
        ["explicit_http_config", "use_downstream_protocol_config"]
    );
    let endpoints =
        |cluster: &Value| cluster["load_assignment"]["endpoints"][0]["lb_endpoints"].as_array().unwrap().len();
    assert_eq!(clusters.iter().map(endpoints).collect::<Vec<_>>(), [1, 0], "a cluster may be empty");
}

#[test]
fn the_filter_gets_its_configuration_as_it_was_planned() {
    let plan = planned(&[("cart", &["v1"], &[])]);
    let resource = &filter(&plan.configs.outbound, std::path::Path::new("/module.wasm"))[0];
    assert_eq!(resource["name"], "graylane.outbound");
    let config = &resource["typed_config"]["config"];
    let text = config["configuration"]["value"].as_str().unwrap();
    assert_eq!(graylane_core::FilterConfig::from_json(text.as_bytes()).unwrap(), plan.configs.outbound);
    assert_eq!(config["vm_config"]["code"]["local"]["filename"], "/module.wasm");
}
