//! No request target and no authority makes a decision fail.
#![no_main]

use graylane_core::{Headers, NoDraw, Router};
use graylane_fuzz::{CONFIG, compiled};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static ROUTER: Router = compiled(CONFIG, |_| {});
}

fuzz_target!(|target: (&[u8], &[u8])| {
    let (path, authority) = target;
    let request = Headers::from([(":path", path), (":authority", authority)]);
    ROUTER.with(|router| {
        let (decision, steps) = router.explain(&request, &mut NoDraw);
        assert!(!steps.is_empty());
        assert_eq!(decision, router.decide(&request, &mut NoDraw));
    });
});
