//! Every decision of Graylane, and nothing else.
//!
//! ```text
//! bytes -> FilterConfig -> Router::compile -> Router ; (Request, Draw) -> Router::decide -> Decision -> header edits
//! ```
//!
//! This crate does no IO, reads no clock, no environment and no randomness: what is not in the request comes through
//! [`Draw`]. The same code therefore decides in the filter, in the controller, in `graylane explain`, in tests and in a
//! browser. No float decides anything.
//!
//! ```
//! use graylane_core::{FilterConfig, Headers, NoDraw, Router};
//!
//! let config = FilterConfig::from_json(br#"{
//!     "version": "v1", "generation": 7, "phase": "gateway",
//!     "lanes": {"gray": {}},
//!     "ruleSets": [{"name": "shop", "rules": [
//!         {"name": "testers", "when": {"header": {"name": "x-user", "in": ["alice"]}}, "then": {"lane": "gray"}}
//!     ]}],
//!     "services": {"cart": {"hosts": ["cart.shop"], "base": "v1", "lanes": {"gray": "v2"}}}
//! }"#)?;
//! let router = Router::compile(&config)?;
//!
//! let request = Headers::from([(":authority", "cart.shop"), (":path", "/"), ("x-user", "alice")]);
//! let decision = router.decide(&request, &mut NoDraw);
//! assert_eq!(decision.version.map(|version| version.as_str()), Some("v2"));
//! # Ok::<(), graylane_core::Problems>(())
//! ```

mod carrier;
pub mod config;
pub mod correlation;
mod decision;
pub mod diagnose;
mod explain;
pub mod hash;
pub mod hex;
mod integer;
mod json;
mod mark;
mod matcher;
pub mod metric;
pub mod name;
mod pattern;
mod percentage;
mod problem;
mod read;
mod request;
mod router;
mod sequence;
pub mod slots;
pub mod token;
mod trace_id;
mod view;
pub mod way;
mod words;

pub use config::{Digest, FilterConfig, Mode, Phase};
pub use decision::{
    Decision, Edits, Events, HeaderEdit, HeaderText, LaneLabel, Outcome, OverrideRefusal, Reason, SetCookie, Target,
};
pub use explain::{Skipped, SplitKey, Step, ascii};
pub use mark::{LaneList, MAX_LANES, MalformedMark};
pub use percentage::{InvalidPercentage, Percentage};
pub use problem::{Path, Problem, Problems};
pub use request::{Draw, Headers, Line, Memory, NoDraw, OpaqueId, Request};
pub use router::{
    Arrival, Glance, Hop, InvalidSelfLane, LaneId, Recognised, Router, ServiceId, Shortcut, SplitId, VersionId,
};
pub use sequence::Sequence;
pub use trace_id::TraceId;
