//! What becomes of a call whose mark is lost for good.

use serde::{Deserialize, Serialize};

use crate::read::read_choice;

/// What becomes of a call behind an app that has no mark, and that correlation can not recognise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LostMark {
    /// Rules and splits decide it where it is, so that weights hold even for apps that hand on nothing.
    #[default]
    Decide,
    /// It goes to base: nothing behind an app that hands on nothing is ever served by a gray version.
    Base,
}

impl LostMark {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn is_decide(&self) -> bool {
        *self == Self::Decide
    }
}

read_choice!(LostMark { "decide" => Decide, "base" => Base });
