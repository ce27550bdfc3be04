//! No mark makes a decision fail, and at an edge no mark changes it.
#![no_main]

use graylane_core::{Headers, NoDraw, Phase, Router};
use graylane_fuzz::{CONFIG, routers};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static ROUTERS: [(Phase, Router); 3] = routers(CONFIG);
}

fuzz_target!(|marks: (&[u8], &[u8], &[u8], bool)| {
    let (lane, identity, version, twice) = marks;
    let plain = Headers::from([(":authority", "cart.shop"), (":path", "/"), ("x-user", "alice")]);
    let mut marked = plain.clone();
    for _ in 0..=usize::from(twice) {
        marked.push("x-gray-lane", lane);
        marked.push("x-gray-id", identity);
        marked.push("x-gray-version", version);
    }
    ROUTERS.with(|routers| {
        for (phase, router) in routers {
            let decision = router.decide(&marked, &mut NoDraw);
            let unmarked = router.decide(&plain, &mut NoDraw);
            if *phase == Phase::Gateway {
                assert_eq!(
                    (decision.lanes, decision.version, decision.identity),
                    (unmarked.lanes, unmarked.version, unmarked.identity)
                );
            }
        }
    });
});
