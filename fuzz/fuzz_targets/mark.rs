//! No mark makes a decision fail, and at an edge no mark changes it.
#![no_main]

use graylane_core::{FilterConfig, Headers, NoDraw, Phase, Router};
use libfuzzer_sys::fuzz_target;

const CONFIG: &[u8] = include_bytes!("../../core/tests/golden/config.json");

fuzz_target!(|marks: (&[u8], &[u8], &[u8], bool)| {
    let (lane, identity, version, twice) = marks;
    let mut config = FilterConfig::from_json(CONFIG).expect("the golden configuration");
    let plain = Headers::from([(":authority", "cart.shop"), (":path", "/"), ("x-user", "alice")]);
    let mut marked = plain.clone();
    for _ in 0..=usize::from(twice) {
        marked.push("x-gray-lane", lane);
        marked.push("x-gray-id", identity);
        marked.push("x-gray-version", version);
    }
    for phase in [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound] {
        config.phase = phase;
        let router = Router::compile(&config).expect("the golden configuration");
        let decision = router.decide(&marked, &mut NoDraw);
        let unmarked = router.decide(&plain, &mut NoDraw);
        if phase == Phase::Gateway {
            assert_eq!(
                (decision.lanes, decision.version, decision.identity),
                (unmarked.lanes, unmarked.version, unmarked.identity)
            );
        }
    }
});
