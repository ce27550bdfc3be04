//! The programs of the lab: the real control planes of Kubernetes and Istio, where each comes from and where it is.
//!
//! The Go modules beside this package say, by their `go.mod` and `go.sum`, which source is built. `cargo xtask lab`
//! builds it into the cache; the lab and its tests find it there. Nothing is built or started here.

mod bundle;
mod find;

pub use bundle::{Bundle, File, Origin};
pub use find::{Missing, cache_folder, find};
