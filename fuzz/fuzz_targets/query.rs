//! No request target and no authority makes a decision fail.
#![no_main]

use graylane_core::{FilterConfig, Headers, NoDraw, Router};
use libfuzzer_sys::fuzz_target;

const CONFIG: &[u8] = include_bytes!("../../core/tests/golden/config.json");

fuzz_target!(|target: (&[u8], &[u8])| {
    let router = Router::compile(&FilterConfig::from_json(CONFIG).expect("a constant")).expect("a constant");
    let (path, authority) = target;
    let request = Headers::from([(":path", path), (":authority", authority)]);
    let (decision, steps) = router.explain(&request, &mut NoDraw);
    assert!(!steps.is_empty());
    assert_eq!(decision, router.decide(&request, &mut NoDraw));
});
