//! Scenarios: what must hold, as data.
//!
//! `tests/scenarios/*.yaml` say in a table what is configured, what is sent and what becomes of it. The same tables are
//! [played](play) on the pure core, on the compiled module, and on real Envoys, so that these cannot come to differ.
//! Tables are read strictly: an unknown member is an error, and what a [`Runner`] cannot [observe](Aspect) is listed in
//! one place, never passed over.

mod check;
mod condition;
mod expect;
mod ledger;
pub(crate) mod mesh;
mod observation;
mod play;
mod population;
mod request;
mod runner;
mod step;
mod table;
mod text;

pub use expect::{Decided, Expect};
pub use ledger::{Ledger, Sample};
pub use mesh::{Mesh, Place, cluster};
pub use observation::{Aspect, Kind, Observation, observation};
pub use play::play;
pub use population::{Connections, Many, PerKind};
pub use request::{GRPC, Message, Mirror, Protocol, Request, SOURCE, Signed, TargetForm};
pub use runner::{Arrival, Configuration, Events, Response, Runner, Seen, Verdict};
pub use step::{Close, Configure, Send, Step};
pub(crate) use table::patched;
pub use table::{Scenario, Table};
pub use text::Text;
