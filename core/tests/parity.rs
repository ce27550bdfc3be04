//! The same hashes and decisions natively and as WebAssembly.
//!
//! Runs under `cargo test` and, in Node, under `cargo test --target wasm32-unknown-unknown`. The vectors come from another
//! implementation; the decisions are compared with one transcript, line by line.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use graylane_core::hash::{IdentityHash, salted};
use graylane_core::{Decision, FilterConfig, Headers, LaneLabel, NoDraw, Router};
#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const VECTORS: &str = include_str!("../../docs/reference/hash-vectors.json");
const CONFIG: &str = include_str!("golden/config.json");
const TRANSCRIPT: &str = include_str!("golden/decisions.txt");

#[test]
fn hashes_and_slots_are_those_of_the_published_vectors() {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let identity = text("identity").as_bytes();
        assert_eq!(format!("{:016x}", salted(text("identitySalt"), identity)), text("hash"), "{vector}");
        let carried = IdentityHash::of(text("identitySalt"), identity);
        assert_eq!(carried.as_str(), text("carried"), "{vector}");
        let slot = carried.slot(text("splitSalt")).number();
        assert_eq!(u64::from(slot), vector["slot"].as_u64().unwrap(), "{vector}");
    }
}

#[test]
fn a_configuration_has_the_same_digest_everywhere() {
    let mut config = FilterConfig::from_json(CONFIG.as_bytes()).unwrap();
    let digest = config.digest();
    assert_eq!(digest.to_string(), "ba901379bace36f1");
    config.generation += 1;
    assert_eq!(config.digest(), digest, "the generation is no part of the content");
    config.identity.salt.push('!');
    assert_ne!(config.digest(), digest);
}

#[test]
fn decisions_are_those_of_the_transcript() {
    let router = Router::compile(&FilterConfig::from_json(CONFIG.as_bytes()).unwrap()).unwrap();
    let decided: Vec<String> = (0..200).map(|number| line(&router, number)).collect();
    let expected: Vec<&str> = TRANSCRIPT.lines().collect();
    assert_eq!(decided, expected, "if a change of decisions is meant, write the new lines to golden/decisions.txt");
}

/// One line of the transcript: the request in a few words, and what became of it.
fn line(router: &Router, number: usize) -> String {
    let user = format!("user-{}", number * 7_919);
    let host = ["cart.shop", "pay.shop:8080", "STOCK.shop.", "elsewhere.example"][number % 4];
    let path = ["/", "/api/items?debug=1", "/apix", "/%61pi/../api/v2"][number / 4 % 4];
    let request = Headers::from([(":method", "GET"), (":authority", host), (":path", path), ("x-user", user.as_str())]);
    let decision = router.decide(&request, &mut NoDraw);
    format!("{user} {host}{path} -> {}", told(router, &decision))
}

fn told(router: &Router, decision: &Decision<'_>) -> String {
    let lane = match decision.lane {
        LaneLabel::Base => "base",
        LaneLabel::Unknown => "unknown",
        LaneLabel::Lane(lane) => router.lane_name(lane).unwrap().as_str(),
    };
    let version = decision.version.map_or("-", |version| version.as_str());
    let identity = decision.identity.map_or("-".to_owned(), |identity| identity.to_string());
    format!("{lane} {version} {} {identity}", decision.reason)
}
