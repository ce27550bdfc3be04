//! The pure planner: from resources and facts to what filters and routers are told.
//!
//! ```text
//! Observed { resources, facts of services } -> plan -> Plan { FilterConfig per role, routes }
//! ```
//!
//! It does no IO, knows no files and no cluster. Invariants: a plan that comes out compiles, so nothing is published
//! that a filter would refuse; equal observations give equal bytes; the generation changes exactly when the content does.

mod observed;
mod published;
mod service;

pub use observed::{Observed, Readiness, ServiceFacts};
pub use published::{Configs, Plan, ServiceRoutes};
pub use service::{InvalidService, Service};
