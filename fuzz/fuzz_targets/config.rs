//! No bytes make reading or compiling a configuration fail otherwise than with problems, and what is accepted survives a
//! round trip with the same digest.
#![no_main]

use graylane_core::{FilterConfig, Headers, NoDraw, Router, diagnose};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let own = FilterConfig::from_json(bytes);
    if let Ok(document) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let derived = serde_json::from_value::<FilterConfig>(document.clone());
        // serde also takes an object written as a list of its members.
        if let Ok(own) = &own {
            assert_eq!(derived.as_ref().ok(), Some(own), "both readers must make the same of a document");
        }
        assert_eq!(derived.is_ok(), diagnose::from_value::<FilterConfig>(document).is_ok());
    }
    let Ok(config) = own else {
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
