//! Lanes over several hops of real proxies with several workers, by what the apps hand on.

use anyhow::{Result, ensure};
use graylane::envoy::stats::Sample;
use libtest_mimic::Trial;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::fixture::{Fixture, Mesh, command};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("apps_that_hand_on_everything_keep_a_request_in_its_lane", everything),
        trial("apps_that_hand_on_the_trace_id_only_keep_a_request_in_its_lane", trace_id),
        trial("behind_apps_that_hand_on_nothing_the_lane_ends_and_the_counter_names_them", nothing),
        trial("one_request_shows_its_whole_way_over_all_hops", whole_way),
        trial("an_app_that_begins_requests_begins_them_in_the_lane_of_its_version", self_lane),
    ]
}

/// `web -> cart -> stock`, of which cart has no gray version. Alice is in the lane, and operators may ask why.
fn resources(forwards: &str) -> String {
    let versions = |names: &[&str], environment: &str| {
        let version = |name: &&str| {
            format!("    - {{name: {name}, command: {}, env: {{FORWARDS: {forwards}{environment}}}}}\n", command())
        };
        names.iter().map(version).collect::<String>()
    };
    format!(
        "apiVersion: graylane.io/v1alpha1\nkind: LocalMesh\nmetadata: {{name: shop, namespace: shop}}\nspec:\n  \
         workers: 3\n  gateway:\n    routes: [{{hosts: [shop.example.com], service: web}}]\n  services:\n  \
         - name: web\n    readiness: {{path: /ready}}\n    versions:\n{web}  \
         - name: cart\n    readiness: {{path: /ready}}\n    versions:\n{cart}  \
         - name: stock\n    readiness: {{path: /ready}}\n    versions:\n{stock}\
         ---\napiVersion: graylane.io/v1alpha1\nkind: MeshPolicy\nmetadata: {{name: default}}\nspec:\n  \
         explain: {{allow: {{header: {{name: x-role, exact: operator}}}}}}\n  \
         carriers: {{baggage: {{disabled: {{}}}}}}\n  \
         identity: {{sources: [{{header: x-user}}]}}\n",
        web = versions(&["v1", "v2"], ", NEXT: cart"),
        cart = versions(&["v1"], ", NEXT: stock"),
        stock = versions(&["v1", "v2"], ""),
    )
}

const RELEASE: &str = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: checkout, namespace: shop}\n\
    spec:\n  lane: gray\n  weight: 0\n  workloads:\n  - {service: web, stable: v1, gray: v2}\n  \
    - {service: stock, stable: v1, gray: v2}\n  rules:\n  \
    - {name: r1, when: {header: {name: x-user, exact: alice}}}\n";

async fn start(fixture: &Fixture, forwards: &str) -> Result<Mesh> {
    fixture.write("mesh.yaml", &resources(forwards))?;
    fixture.write("release.yaml", RELEASE)?;
    fixture.ready().await
}

/// The versions that serve the requests of `user`, many at once and each over a connection of its own.
async fn served(mesh: &Mesh, user: &'static str) -> Result<Vec<String>> {
    let gateway = mesh.running.gateway_addr();
    let mut requests = JoinSet::new();
    for number in 0..60 {
        requests.spawn(async move {
            let trace = format!("00-{user:0>20}{number:012x}-00f067aa0ba902b7-01", user = user.len());
            let headers = [("x-user", user), ("traceparent", &trace)];
            Client::new(gateway).get("shop.example.com", "/", &headers).await
        });
    }
    let mut ways = Vec::new();
    for answer in requests.join_all().await {
        let (status, way) = answer?;
        ensure!(status.is_success(), "{status}: {way}");
        ways.push(way);
    }
    ways.sort();
    ways.dedup();
    Ok(ways)
}

const GRAY: &str = "web-v2-0[x-gray-lane=gray] -> cart-v1-0[x-gray-lane=gray] -> stock-v2-0[x-gray-lane=gray]";
const BASE: &str = "web-v1-0[x-gray-lane=base] -> cart-v1-0[x-gray-lane=base] -> stock-v1-0[x-gray-lane=base]";

async fn everything() -> Result<()> {
    kept("everything").await
}

async fn trace_id() -> Result<()> {
    kept("trace id").await
}

async fn kept(forwards: &str) -> Result<()> {
    let fixture = Fixture::new()?;
    let mesh = start(&fixture, forwards).await?;
    let (alice, bob) = tokio::join!(served(&mesh, "alice"), served(&mesh, "bob"));
    assert_eq!((alice?, bob?), (vec![GRAY.to_owned()], vec![BASE.to_owned()]));
    assert_eq!(uncorrelated(&mesh, "").await?, 0);
    mesh.end(&fixture).await
}

async fn nothing() -> Result<()> {
    let fixture = Fixture::new()?;
    let mesh = start(&fixture, "nothing").await?;
    let lost = "web-v2-0[x-gray-lane=gray] -> cart-v1-0[x-gray-lane=base] -> stock-v1-0[x-gray-lane=base]";
    assert_eq!(served(&mesh, "alice").await?, [lost]);
    for app in ["web-v2", "cart-v1"] {
        crate::fixture::eventually("calls are counted", async || {
            uncorrelated(&mesh, app).await.is_ok_and(|count| count == 60)
        })
        .await?;
    }
    assert_eq!(uncorrelated(&mesh, "stock").await?, 0, "it calls nobody");
    mesh.end(&fixture).await
}

/// How many calls without a mark were not recognised by the proxies of an app.
async fn uncorrelated(mesh: &Mesh, app: &str) -> Result<u64> {
    let mut count = 0;
    for proxy in mesh.running.proxies().iter().filter(|proxy| proxy.name().starts_with(app)) {
        let samples = proxy.metrics().await?;
        let counted = samples.iter().filter(|sample| sample.family == "graylane_uncorrelated_requests_total");
        count += counted.filter_map(Sample::whole).sum::<u64>();
    }
    Ok(count)
}

async fn whole_way() -> Result<()> {
    let fixture = Fixture::new()?;
    let mesh = start(&fixture, "trace id").await?;
    let trace = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let asked = [("x-user", "alice"), ("x-role", "operator"), ("x-gray-explain", "1"), trace];
    let told = async |headers: &[(&str, &str)]| {
        let (head, _) = mesh.client().whole("shop.example.com", "/", headers).await?;
        let way = head.headers.get("x-gray-way").map(|way| way.to_str().map(str::to_owned)).transpose()?;
        anyhow::Ok(way)
    };
    let expected = "gateway -> web.shop v2 (rule r1) -> cart.shop v1 (fallback: no gray) -> stock.shop v2 (correlated)";
    assert_eq!(told(&asked).await?.as_deref(), Some(expected));
    assert_eq!(told(&[asked[0], asked[2], trace]).await?, None, "who may not ask is told nothing");
    mesh.end(&fixture).await
}

async fn self_lane() -> Result<()> {
    let fixture = Fixture::new()?;
    // Nobody else hands on anything, so each call of web's is one that it begins.
    fixture.write("release.yaml", RELEASE)?;
    fixture.write("mesh.yaml", &resources("nothing").replace("- {name: v1,", "- {name: v1, selfLane: gray,"))?;
    let mut mesh = fixture.ready().await?;
    let gray = "web-v1-0[x-gray-lane=base] -> cart-v1-0[x-gray-lane=gray] -> stock-v2-0[x-gray-lane=gray]";
    assert_eq!(served(&mesh, "bob").await?, [gray]);
    assert_eq!(uncorrelated(&mesh, "").await?, 0);

    fixture.write("mesh.yaml", &resources("nothing"))?;
    let replaced = |event: &graylane::local::Event| matches!(event, graylane::local::Event::ReplicaStopped { replica } if replica.starts_with("web-v1"));
    mesh.event(replaced).await?;
    let ways = served(&mesh, "bob").await?;
    ensure!(ways.iter().all(|way| way.contains("cart-v1") && !way.contains("stock-v2")), "{ways:?}");
    mesh.end(&fixture).await
}
