//! What a scenario needs of whatever it is played on.

use std::time::Duration;

use anyhow::Result;
use graylane_core::{OverrideRefusal, Phase};

use super::expect::Decided;
use super::ledger::Ledger;
use super::mesh::Place;
use super::observation::Kind;
use super::population::Connections;
use super::request::Message;
use super::table::Scenario;
use crate::host::Headers;

/// Something that scenarios are played on.
///
/// A runner plays one scenario after another; each begins with [`begin`](Self::begin).
pub trait Runner {
    /// What it is.
    fn kind(&self) -> Kind;

    /// Forgets the scenario before. No phase has a configuration until it is given one.
    ///
    /// # Errors
    /// When it can not be made ready.
    fn begin(&mut self, scenario: &Scenario) -> Result<()>;

    /// Gives the filter of a phase a configuration, and waits until it is in use or refused.
    ///
    /// # Errors
    /// When neither happens.
    fn configure(&mut self, phase: Phase, configuration: &Configuration) -> Result<Verdict>;

    /// Sends a request to the proxy of a phase and waits for its response.
    ///
    /// # Errors
    /// When there is no response, or none that can be read.
    fn send(&mut self, phase: Phase, message: &Message, connections: Connections) -> Result<Seen>;

    /// Sends a request so many times at once.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    fn send_at_once(&mut self, phase: Phase, message: &Message, times: u32) -> Result<Vec<Seen>> {
        (0..times).map(|_| self.send(phase, message, Connections::Many)).collect()
    }

    /// Begins a request that stays open until [`close`](Self::close): its headers have arrived upstream.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    fn open(&mut self, phase: Phase, message: &Message) -> Result<Seen>;

    /// Lets time pass.
    ///
    /// # Errors
    /// When the filter fails meanwhile.
    fn wait(&mut self, time: Duration) -> Result<()>;

    /// Lets the request that was opened last go on and end, and says where it ended.
    ///
    /// # Errors
    /// When none is open, or it was cut off.
    fn close(&mut self) -> Result<Place>;

    /// The time by its clock, in seconds since the Unix epoch.
    fn now(&self) -> u64;

    /// What its counters should show; `None` where it has none.
    fn ledger(&mut self) -> Option<&mut Ledger>;

    /// Compares its counters with the ledger, if that can be done by now.
    ///
    /// # Errors
    /// The counters that differ.
    fn settle(&mut self) -> Result<()>;
}

/// What a filter is given.
#[derive(Clone, Debug)]
pub enum Configuration {
    /// A configuration that still lacks phase and generation.
    Document(serde_json::Value),
    /// These bytes, whatever they mean.
    Bytes(Vec<u8>),
}

impl Configuration {
    /// The bytes that the filter of `phase` is given.
    #[must_use]
    pub fn bytes(&self, phase: Phase, generation: u64) -> Vec<u8> {
        match self {
            Self::Document(document) => {
                let mut document = document.clone();
                if let Some(members) = document.as_object_mut() {
                    members.insert("phase".to_owned(), serde_json::json!(phase));
                    members.insert("generation".to_owned(), generation.into());
                }
                document.to_string().into_bytes()
            }
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// What became of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in use.
    Accepted,
    /// It is not.
    Refused {
        /// What was said about it.
        why: String,
    },
}

/// What was seen of one request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where it arrived, and with which headers; `None` if no upstream was called.
    pub arrival: Option<Arrival>,
    /// The response.
    pub response: Response,
    /// What was decided, where that shows.
    pub decided: Option<Decided>,
    /// What was counted on the way, where that shows.
    pub events: Option<Events>,
    /// How often an upstream was called, where that shows.
    pub attempts: Option<u32>,
}

/// A request at its upstream.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The upstream.
    pub place: Place,
    /// All headers that it saw, pseudo-headers included.
    pub headers: Headers,
}

/// A response at the client.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// Its status, where one shows.
    pub status: Option<u16>,
    /// Its headers; of a runner without status, only those that it knows of.
    pub headers: Headers,
}

/// Internal headers that were no good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Not usable.
    pub malformed: u8,
    /// From outside.
    pub stripped: u8,
    /// Calls without a mark of which nothing is remembered.
    pub uncorrelated: u8,
    /// A copy that a proxy has made of a request.
    pub mirrored: u8,
    /// Mirrors that said something else than the mark.
    pub conflicts: u8,
    /// Mirrors without room for the mark.
    pub left_out: u8,
    /// A signed override that was not honoured.
    pub refused_override: Option<OverrideRefusal>,
}

impl Events {
    /// What is counted on the way of two requests, each of which can be refused an override.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            malformed: self.malformed + other.malformed,
            stripped: self.stripped + other.stripped,
            uncorrelated: self.uncorrelated + other.uncorrelated,
            mirrored: self.mirrored + other.mirrored,
            conflicts: self.conflicts + other.conflicts,
            left_out: self.left_out + other.left_out,
            refused_override: self.refused_override.or(other.refused_override),
        }
    }
}
