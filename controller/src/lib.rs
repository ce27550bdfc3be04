//! What people write for Graylane, and what is made of it.
//!
//! ```text
//! folder of YAML -> resources::read -> Observed -> plan -> Plan { FilterConfig per role, routes }
//! ```
//!
//! In a cluster, around the same planner:
//!
//! ```text
//! observe (watches, proxies) -> cluster::Pass { release::step, plan } -> apply (statuses first) -> again
//! ```
//!
//! [`api`] has the custom resources, [`resources`] reads them from files, [`plan`] is the pure planner that the local
//! mesh, the command line and the cluster share, [`cli`] is the program. Nothing here decides about a request: that is
//! `graylane-core`, which the planner asks before it lets a configuration out.

pub mod api;
pub mod apply;
pub mod cli;
pub mod cluster;
pub mod envoy;
pub mod lane;
pub mod local;
pub mod observe;
pub mod operate;
pub mod plan;
pub mod release;
pub mod resources;
pub mod run;
