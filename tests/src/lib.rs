//! What Graylane's scenario tests are played on.

pub mod core_runner;
pub mod envoy_runner;
pub mod host;
pub mod module_runner;
pub mod scenario;
