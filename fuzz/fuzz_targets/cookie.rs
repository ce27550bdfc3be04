//! No cookie header makes a decision fail, and a sticky cookie is honoured only when it is one that was given out.
#![no_main]

use graylane_core::{Headers, NoDraw, Router};
use graylane_fuzz::compiled;
use libfuzzer_sys::fuzz_target;

const CONFIG: &[u8] = br#"{
    "version": "v1", "generation": 1, "phase": "gateway",
    "identity": {"sources": [{"cookie": "uid"}]},
    "lanes": {"gray": {}},
    "ruleSets": [{"name": "s", "rules": [
        {"name": "named", "when": {"cookie": {"name": "beta", "exact": "yes"}}, "then": {"lane": "gray"}},
        {"name": "all", "then": {"split": "half"}}]}],
    "splits": {"half": {"salt": "half", "keyless": {"cookie": {"name": "sticky"}},
        "slots": [{"to": "gray", "slots": 5000}, {"to": "base", "slots": 5000}]}},
    "services": {"cart": {"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}}}
}"#;

thread_local! {
    static ROUTER: Router = compiled(CONFIG, |_| {});
}

fuzz_target!(|crumbs: Vec<&[u8]>| {
    let mut request = Headers::from([(":authority", "cart.shop"), (":path", "/")]);
    for crumb in crumbs {
        request.push("cookie", crumb);
    }
    ROUTER.with(|router| assert!(router.decide(&request, &mut NoDraw).target.is_some()));
});
