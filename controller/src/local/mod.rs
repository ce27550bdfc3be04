//! The local mesh: the services of a `LocalMesh` as processes on loopback, each replica with a real Envoy of its own.
//!
//! ```text
//! client -> gateway -> inbound listener of web's proxy -> web -> outbound listener of web's proxy
//!        -> inbound listener of cart's proxy -> cart -> ...
//! ```
//!
//! No root, no cluster, no name service: an app calls its own proxy, and says by `Host` whom it means. A host that is no
//! service answers 502, because there is nowhere else to send it.
//!
//! [`start`] gives a handle and a stream of events to programs, [`run`] is the command. One task owns all state and goes
//! from what is wanted to what is there, again whenever the folder, a replica or the acknowledgement of a proxy changes:
//!
//! ```text
//! folder -> resources -> replicas -> plan -> clusters -> routes -> filters -> acknowledged -> what is left over
//! ```
//!
//! Invariants: what is published compiles; nothing that a proxy may still go by is taken away before every proxy has
//! acknowledged what replaces it, so that no request is lost to a change; resources with an error change nothing; no
//! process outlives the mesh.

mod change;
pub(crate) mod client;
mod error;
mod event;
mod folder;
mod gateway;
mod guard;

mod intent;
mod lag;
mod leftover;
mod mesh;
mod port;
mod process;
mod proxy;
mod publication;
mod publisher;
mod readiness;
mod replica;
mod replicas;
mod run;
mod running;
mod start;
mod state;
mod supervise;
mod wanted;

pub use change::Change;
pub use client::NoAnswer;
pub use error::Error;
pub use event::{Event, ProcessName};
pub use lag::{Lag, LagCause};
pub use proxy::Proxy;
pub use run::run;
pub use running::{Events, Running, StoppedEarly};
pub use start::{Options, start};
