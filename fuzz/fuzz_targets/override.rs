//! No text is taken for a signed override unless it is one, byte for byte.
#![no_main]

use graylane_core::config::{OverrideKey, Overrides, Secret};
use graylane_core::token::Override;
use libfuzzer_sys::fuzz_target;

/// Long before what seeds are good for.
const NOW: u64 = 1_000_000_000;

fuzz_target!(|text: &[u8]| {
    let secret = Secret::new("the-secret-of-seeds-of-at-least-32-bytes").expect("long enough");
    let keys = vec![OverrideKey { id: "k1".parse().expect("a name"), secret: secret.clone() }];
    let overrides = Overrides { audience: "shop".parse().expect("a name"), max_age_seconds: u32::MAX, keys };
    let verified = Override::verify(text, &overrides.keys);
    if let Ok(said) = &verified {
        assert_eq!(said.sign(&secret).as_bytes(), text, "two texts say the same");
    }
    if let Ok(said) = Override::check(text, &overrides, NOW) {
        assert_eq!(Ok(said), verified);
    }
});
