//! What is done in a scenario, step by step.

use graylane_core::Phase;
use serde::Deserialize;
use serde_json::Value;

use super::expect::Expect;
use super::population::Many;
use super::request::Request;
use super::text::Text;

/// One thing that is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// A request is sent.
    Send(Send),
    /// Many requests are sent.
    Many(Many),
    /// A filter is given a new configuration.
    Configure(Configure),
    /// A request is sent that stays open.
    Open(Send),
    /// The request that was opened last goes on and ends.
    Close(Close),
    /// So many seconds pass.
    Wait(u64),
}

/// A request, sent once or several times.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Send {
    /// Where the filter stands; as the scenario says if not said.
    pub phase: Option<Phase>,
    /// The request.
    #[serde(default)]
    pub request: Request,
    /// How often it is sent, each time after the response to the last.
    #[serde(default = "one")]
    pub times: u32,
    /// How often it is sent at once.
    #[serde(default = "one")]
    pub at_once: u32,
    /// What must become of each.
    pub expect: Expect,
}

const fn one() -> u32 {
    1
}

impl Send {
    /// Sent a single time.
    pub(super) fn once(request: Request, expect: Expect) -> Self {
        Self { phase: None, request, times: 1, at_once: 1, expect }
    }
}

/// A filter is given a new configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Configure {
    /// Which one; the scenario's if not said.
    pub phase: Option<Phase>,
    /// Changes to the last good configuration of the phase, as a merge patch.
    #[serde(default)]
    pub patch: Value,
    /// These bytes instead.
    pub text: Option<Text>,
    /// What is complained about, each a part of a message; none: it is accepted.
    #[serde(default)]
    pub refused: Vec<String>,
}

/// The request that was opened last goes on and ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Close {
    /// The app behind an inbound proxy, which it went to all along.
    App,
    /// The version that it went to all along.
    #[serde(untagged)]
    Version {
        /// Of this service.
        service: String,
        /// This version.
        version: String,
    },
}

impl Step {
    /// The phase that it is about.
    pub(super) fn phase(&self, usual: Phase) -> Option<Phase> {
        match self {
            Self::Send(send) | Self::Open(send) => Some(send.phase.unwrap_or(usual)),
            Self::Configure(configure) => Some(configure.phase.unwrap_or(usual)),
            Self::Many(_) => Some(usual),
            Self::Close(_) | Self::Wait(_) => None,
        }
    }

    /// What it sends.
    pub(super) fn request(&self) -> Option<&Request> {
        match self {
            Self::Send(send) | Self::Open(send) => Some(&send.request),
            Self::Many(many) => Some(&many.request),
            Self::Configure(_) | Self::Close(_) | Self::Wait(_) => None,
        }
    }

    /// Whether it says what must become of a request.
    pub(super) fn expects(&self) -> bool {
        match self {
            Self::Send(send) => send.times > 0 && send.at_once > 0,
            Self::Many(_) | Self::Open(_) => true,
            Self::Configure(_) | Self::Close(_) | Self::Wait(_) => false,
        }
    }
}
