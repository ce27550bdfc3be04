//! The way of an explained request, put together on its way back.
//!
//! Behind an app, a call's own hop and what the callee tells are told to the proxy in front of the app, under the trace id;
//! that one puts all calls of its app into its response. Nobody else's request comes here.

use graylane_abi::host::{self, Map};
use graylane_core::correlation::Ticket;
use graylane_core::{Decision, Phase, Step, TraceId, ascii, way};

use crate::explanation::visible;
use crate::live::Live;

/// The longest way, in bytes.
const LONGEST: usize = 2048;

/// Where a proxy stands on the way.
pub(crate) enum Way {
    /// At its beginning.
    Edge { hop: String },
    /// Behind an app, which serves the request with this id.
    Call { hop: String, of: Option<TraceId> },
    /// In front of an app.
    App(Ticket),
}

impl Way {
    /// The part of a decision; `None` where it leads to no service, or nobody could tell of it.
    pub(crate) fn of(decision: &Decision<'_>, steps: &[Step], phase: Phase) -> Option<Self> {
        match phase {
            Phase::Gateway => way::hop(steps).map(|hop| Self::Edge { hop }),
            Phase::SidecarOutbound => way::hop(steps).map(|hop| Self::Call { hop, of: decision.way }),
            Phase::SidecarInbound => decision.ticket.map(Self::App),
        }
    }

    /// Writes it into the response at hand.
    #[cold]
    #[inline(never)]
    pub(crate) fn write(&self, live: &Live) {
        let name = live.router.headers().way.as_str();
        let beyond = || ascii(&host::header(Map::Response, name).unwrap_or_default());
        let whole = match (self, &live.memory) {
            (Self::Edge { hop }, _) => format!("gateway -> {}", way::joined(hop, &beyond())),
            (Self::Call { hop, of }, memory) => {
                let whole = visible(&way::joined(hop, &beyond()), LONGEST);
                if let (Some(id), Some(memory)) = (of, memory) {
                    memory.tell(*id, &whole);
                }
                whole
            }
            (Self::App(ticket), Some(memory)) => way::calls(&memory.told(ticket)),
            (Self::App(_), None) => String::new(),
        };
        // What an app has handed on of its callees' responses is no way of its own.
        let _ = if whole.is_empty() {
            host::remove_header(Map::Response, name)
        } else {
            host::set_header(Map::Response, name, visible(&whole, LONGEST).as_bytes())
        };
    }
}
