//! Hostile headers on a real Envoy: the seeds of the fuzz targets, in every header that the filter reads.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use graylane_core::Phase;
use graylane_tests::envoy_runner::{EnvoyRunner, Workers};
use graylane_tests::scenario::{
    Configuration, Connections, Message, Protocol, Runner, Seen, Table, TargetForm, Verdict,
};
use serde_json::json;

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds");
const PHASES: [Phase; 3] = [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound];
/// Everything that any of the filter's parts looks at.
const READ: [&str; 17] = [
    "x-gray-lane",
    "x-gray-id",
    "x-gray-version",
    "x-gray-explain",
    "x-gray-override",
    "baggage",
    "tracestate",
    "x-mse-tag",
    "traceparent",
    "b3",
    "x-b3-traceid",
    "sw8",
    "x-datadog-trace-id",
    "x-request-id",
    "cookie",
    "x-user",
    "x-user-id",
];

#[test]
fn scenario_41_no_hostile_header_stops_a_proxy_or_changes_what_it_does_to_other_requests() -> Result<()> {
    let seeds = seeds()?;
    ensure!(seeds.len() > 30, "only {} seeds", seeds.len());
    let scenario = Table::load()?.into_iter().find(|scenario| scenario.name.starts_with("41 "));
    let mut scenario = scenario.context("scenario 41")?;
    let secret = "the-secret-of-seeds-of-at-least-32-bytes";
    scenario.config["correlation"] = json!({});
    scenario.config["carriers"] = json!({"tracestate": {"key": "gray-lane"}, "aliases": ["x-mse-tag"]});
    scenario.config["overrides"] = json!({"audience": "shop", "keys": [{"id": "k1", "secret": secret}]});

    let mut runner = EnvoyRunner::new(scenario.mesh()?, Workers::Several)?;
    runner.begin(&scenario)?;
    for phase in PHASES {
        let verdict = runner.configure(phase, &Configuration::Document(scenario.config.clone()))?;
        ensure!(verdict == Verdict::Accepted, "{phase:?}: {verdict:?}");
    }
    for phase in PHASES {
        let before = honest(&mut runner, phase)?;
        for header in READ {
            for seed in &seeds {
                survives(&mut runner, phase, header, seed).with_context(|| format!("{phase:?}, {header}: {seed:?}"))?;
            }
            let after = honest(&mut runner, phase)?;
            ensure!(after == before, "{phase:?}, after hostile {header}: {after:?}, before {before:?}");
        }
    }
    Ok(())
}

/// Each seed is a list of values, a line each.
fn seeds() -> Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for target in fs::read_dir(SEEDS).context(SEEDS)? {
        let mut files: Vec<_> = fs::read_dir(target?.path())?.map(|file| Ok(file?.path())).collect::<Result<_>>()?;
        files.sort();
        for file in files {
            seeds.push(fs::read(Path::new(&file))?);
        }
    }
    Ok(seeds)
}

/// A request with this header is served, or refused by Envoy itself; what fails in the filter would be a 503.
fn survives(runner: &mut EnvoyRunner, phase: Phase, header: &str, seed: &[u8]) -> Result<()> {
    let lines = seed.split(|byte| *byte == b'\n').map(|line| (header.as_bytes().to_vec(), line.to_vec()));
    match runner.send(phase, &message(lines.collect()), Connections::Many) {
        Ok(Seen { arrival: Some(_), response, .. }) => ensure!(response.status == Some(200), "{response:?}"),
        Ok(Seen { arrival: None, response, .. }) => anyhow::bail!("refused: {response:?}"),
        Err(error) => ensure!(error.to_string().starts_with("answered 4"), "{error:#}"),
    }
    Ok(())
}

/// Where well-behaved requests go, and with which mark.
fn honest(runner: &mut EnvoyRunner, phase: Phase) -> Result<Vec<String>> {
    let requests: [&[(&str, &str)]; 3] = [&[("x-user", "alice")], &[("x-user", "bob")], &[("x-gray-lane", "gray")]];
    let mut told = Vec::new();
    for headers in requests {
        let headers = headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let seen = runner.send(phase, &message(headers.collect()), Connections::Many)?;
        let arrival = seen.arrival.context("it did not arrive")?;
        told.push(format!("{:?} {:?}", arrival.place, arrival.headers.all("x-gray-lane")));
    }
    Ok(told)
}

fn message(headers: Vec<(Vec<u8>, Vec<u8>)>) -> Message {
    Message {
        method: b"GET".to_vec(),
        authority: b"cart.shop".to_vec(),
        path: b"/".to_vec(),
        headers,
        claims: std::collections::BTreeMap::new(),
        principal: None,
        protocol: Protocol::Http1,
        target: TargetForm::Origin,
        fails: 0,
        redirect: None,
        mirror: None,
    }
}
