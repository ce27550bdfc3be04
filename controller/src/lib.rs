//! What people write for Graylane, and what is made of it.
//!
//! ```text
//! folder of YAML -> resources::read -> Observed -> plan -> Plan { FilterConfig per role, routes }
//! ```
//!
//! [`api`] has the custom resources, [`resources`] reads them from files, [`plan`] is the pure planner that the local
//! mesh, the command line and the cluster share, [`cli`] is the program. Nothing here decides about a request: that is
//! `graylane-core`, which the planner asks before it lets a configuration out.

pub mod api;
pub mod cli;
pub mod envoy;
pub mod local;
pub mod plan;
pub mod release;
pub mod resources;
