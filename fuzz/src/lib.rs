//! What targets have in common: requests with hostile lists, and what must hold for every one of them.

use graylane_core::{Decision, FilterConfig, HeaderEdit, Headers, NoDraw, Phase, Router};

/// The configuration that most targets begin with.
pub const CONFIG: &[u8] = include_bytes!("../../core/tests/golden/config.json");

/// The router of a configuration that is right, after a change. It takes longer than most inputs: once is enough for all of them.
///
/// # Panics
/// If the configuration is refused.
pub fn compiled(config: &[u8], change: impl FnOnce(&mut FilterConfig)) -> Router {
    let mut config = FilterConfig::from_json(config).expect("a configuration of ours");
    change(&mut config);
    Router::compile(&config).expect("a configuration of ours")
}

/// The routers of a configuration in each phase.
#[must_use]
pub fn routers(config: &[u8]) -> [(Phase, Router); 3] {
    [Phase::Gateway, Phase::SidecarInbound, Phase::SidecarOutbound]
        .map(|phase| (phase, compiled(config, |config| config.phase = phase)))
}

/// A header that holds a list in which some members are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// W3C Baggage.
    Baggage,
    /// W3C `tracestate`.
    TraceState,
}

impl List {
    fn header(self) -> &'static str {
        match self {
            Self::Baggage => "baggage",
            Self::TraceState => "tracestate",
        }
    }

    fn is_ours(self, member: &[u8]) -> bool {
        let key = member.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default().trim_ascii();
        key == b"gray-lane" || (self == Self::Baggage && key == b"gray-id")
    }

    /// The members of others, in order.
    fn others(self, headers: &Headers) -> Vec<Vec<u8>> {
        let lines = headers.values(self.header());
        let members = lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        members.filter(|member| !member.is_empty() && !self.is_ours(member)).map(<[u8]>::to_vec).collect()
    }

    fn has_ours(self, headers: &Headers) -> bool {
        let mut members = headers.values(self.header()).flat_map(|line| line.split(|byte| *byte == b','));
        members.any(|member| self.is_ours(member))
    }

    /// Lists (`lines` of them, with or without a lane header) never make a decision fail, never change it at an edge, and
    /// never lose a member of others.
    pub fn hold(self, lines: &[u8]) {
        let mut listed = Headers::from([(":authority", "cart.shop"), (":path", "/"), ("x-user", "alice")]);
        listed.push("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let plain = listed.clone();
        for line in lines.split(|byte| *byte == b'\n') {
            listed.push(self.header(), line);
        }
        let mut marked = listed.clone();
        marked.push("x-gray-lane", "gray");
        ROUTERS.with(|routers| {
            for (phase, router) in routers {
                for sent in [&listed, &marked] {
                    let arrived = edited(sent, &router.decide(sent, &mut NoDraw));
                    self.keeps_others(sent, &arrived);
                    if *phase == Phase::Gateway {
                        assert!(!self.has_ours(&arrived), "a forged member goes on");
                        assert_eq!(told(router, sent), told(router, &plain), "a list from outside decides");
                    } else {
                        assert_eq!(edited(&arrived, &router.decide(&arrived, &mut NoDraw)), arrived, "it never ends");
                    }
                }
            }
        });
    }

    fn keeps_others(self, sent: &Headers, arrived: &Headers) {
        let (before, after) = (self.others(sent), self.others(arrived));
        match self {
            Self::Baggage => assert_eq!(before, after),
            // Whoever is asked to carry too much may drop members to the right.
            Self::TraceState => assert!(before.starts_with(&after), "{before:?} became {after:?}"),
        }
    }
}

thread_local! {
    static ROUTERS: [(Phase, Router); 3] = routers(&with_tracestate());
}

fn with_tracestate() -> Vec<u8> {
    let mut config: serde_json::Value = serde_json::from_slice(CONFIG).expect("the golden configuration");
    config["carriers"] = serde_json::json!({"tracestate": {"key": "gray-lane"}});
    config.to_string().into_bytes()
}

fn told(router: &Router, sent: &Headers) -> String {
    let Decision { lanes, version, identity, reason, .. } = router.decide(sent, &mut NoDraw);
    format!("{lanes:?} {version:?} {identity:?} {reason}")
}

fn edited(sent: &Headers, decision: &Decision<'_>) -> Headers {
    let mut headers = sent.clone();
    for edit in &decision.edits {
        match edit {
            HeaderEdit::Set(name, value) => headers.set(name.as_str(), value.as_bytes()),
            HeaderEdit::Remove(name) => headers.remove(name.as_str()),
        }
    }
    headers
}
