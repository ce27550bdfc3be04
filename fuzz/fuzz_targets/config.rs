//! No bytes make reading or compiling a configuration fail otherwise than with problems, and what is accepted survives a
//! round trip with the same digest.
#![no_main]

use graylane_core::{FilterConfig, Headers, NoDraw, Router, diagnose};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let strict = FilterConfig::from_json(bytes);
    let told = diagnose::from_json(bytes);
    assert_eq!(strict.is_ok(), told.is_ok(), "the filter and the tools must agree on what can be read");
    let Ok(config) = strict else {
        return;
    };
    let again = FilterConfig::from_json(&config.to_json()).expect("what was written can be read");
    assert_eq!(again, config);
    assert_eq!(again.digest(), config.digest());
    if let Ok(router) = Router::compile(&config) {
        let request = Headers::from([(":authority", "cart.shop"), (":path", "/api?x=1"), ("x-user", "alice")]);
        router.decide(&request, &mut NoDraw);
    }
});
