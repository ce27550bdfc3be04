//! No baggage makes a decision fail, none from outside changes it, and members of others survive.
#![no_main]

use graylane_fuzz::List;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|lines: &[u8]| List::Baggage.hold(lines));
