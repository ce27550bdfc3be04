//! The story: what is done in each act, what is told about it, and what must be seen then.

use std::time::Duration;

use crate::{
    band::Percent,
    chain::{
        Side,
        Version::{V1, V2},
        Versions,
    },
    claim::Claim,
    folder::Edit,
};

/// One act.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) title: &'static str,
    pub(crate) story: &'static str,
    /// What is changed in the release's file, all in one write.
    pub(crate) edits: &'static [Edit],
    /// What serves a request in the lane.
    pub(crate) gray: Versions,
    /// How long it is shown at least, from when every proxy has acknowledged the change.
    pub(crate) shown: Duration,
    pub(crate) claims: &'static [Claim],
}

/// While cart has no gray version.
const TWO_OF_THREE: Versions = [V2, V1, V2];
const ALL_THREE: Versions = [V2, V2, V2];
/// How long an abort may take.
const ABORT: Duration = Duration::from_secs(2);

/// All acts, in order.
pub(crate) const STORY: [Act; 6] = [
    Act {
        title: "Everyone on base",
        story: "web v2 and stock v2 run, and a release is there for them, with weight 0: nobody meets them.",
        edits: &[],
        gray: TWO_OF_THREE,
        shown: Duration::from_secs(6),
        claims: &[Claim::CrowdOnBase, Claim::Tester(Side::Base)],
    },
    Act {
        title: "A tester in the lane",
        story: "A rule puts the tester in lane gray. The mark follows the calls: cart has no gray version and answers \
                from base, and at stock the request is back in the lane, though cart hands on nothing but traceparent: \
                its proxy knows the mark by the trace id.",
        edits: &[Edit {
            old: "  rules: []\n",
            new: "  rules:\n  - name: testers\n    when: {header: {name: x-user, exact: tester}}\n",
        }],
        gray: TWO_OF_THREE,
        shown: Duration::from_secs(9),
        claims: &[Claim::Tester(Side::Gray), Claim::CrowdOnBase],
    },
    Act {
        title: "cart joins the release",
        story: "One line more, and the tester meets the new versions of all three services. Nobody else notices.",
        edits: &[Edit {
            old: "  - {service: stock,",
            new: "  - {service: cart, stable: v1, gray: v2}\n  - {service: stock,",
        }],
        gray: ALL_THREE,
        shown: Duration::from_secs(6),
        claims: &[Claim::Tester(Side::Gray), Claim::CrowdOnBase],
    },
    Act {
        title: "10 % of the users",
        story: "A hash of x-user decides who is among them, so everyone stays where they are, request after request, \
                on every service.",
        edits: &[Edit { old: "weight: 0", new: "weight: 10" }],
        gray: ALL_THREE,
        shown: Duration::from_secs(10),
        claims: &[Claim::Share(Percent(10)), Claim::Sticky, Claim::Tester(Side::Gray)],
    },
    Act {
        title: "From 10 to 50 %",
        story: "Users join the new versions. None of those who have them loses them, not even while the proxies \
                learn of the change one after the other.",
        edits: &[Edit { old: "weight: 10", new: "weight: 50" }],
        gray: ALL_THREE,
        shown: Duration::from_secs(9),
        claims: &[Claim::Share(Percent(50)), Claim::NobodyMovedBack, Claim::Sticky, Claim::Tester(Side::Gray)],
    },
    Act {
        title: "Abort",
        story: "One write takes the weight and the rule back. What is under way ends where it began; everything after \
                it is on base.",
        edits: &[
            Edit { old: "weight: 50", new: "weight: 0" },
            Edit {
                old: "  rules:\n  - name: testers\n    when: {header: {name: x-user, exact: tester}}\n",
                new: "  rules: []\n",
            },
        ],
        gray: ALL_THREE,
        shown: Duration::from_secs(6),
        claims: &[Claim::Acknowledged(ABORT), Claim::LastGray(ABORT), Claim::CrowdOnBase, Claim::Tester(Side::Base)],
    },
];

/// What must hold over all acts.
pub(crate) const THROUGHOUT: [Claim; 2] = [Claim::NothingLost, Claim::NothingMixed];
