//! What Graylane's scenario tests are played on.

pub mod host;
