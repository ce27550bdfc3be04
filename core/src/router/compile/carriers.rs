//! The names of headers, and the carriers of marks besides them.

use crate::carrier::{BAGGAGE, Carriers, Format, MOST_ALIASES, Mirror, TRACEPARENT, TRACESTATE};
use crate::config::{self, BaggageCarrier, HeaderCarrier, TraceStateCarrier};
use crate::name::HeaderName;
use crate::problem::{Path, Problems, Quoted};

/// Every internal header by its field, in the order of the configuration.
fn named(headers: &config::HeaderNames) -> [(&'static str, &HeaderName); 8] {
    let config::HeaderNames { lane, identity, version, explain, explanation, way, reason, signed } = headers;
    [
        ("lane", lane),
        ("identity", identity),
        ("version", version),
        ("explain", explain),
        ("explanation", explanation),
        ("way", way),
        ("reason", reason),
        ("override", signed),
    ]
}

pub(super) fn check_headers(headers: &config::HeaderNames, problems: &mut Problems) {
    let path = Path::Root.field("headers");
    let named = named(headers);
    for (index, (field, name)) in named.iter().enumerate() {
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| other == name) {
            let found = format!("{} is already headers.{other}", Quoted(name.as_str()));
            problems.add(&path.field(field), found, format!("{} different names", named.len()));
        }
        if is_standard(name) {
            let found = format!("{} is a header of others", Quoted(name.as_str()));
            problems.add(&path.field(field), found, "a name of its own");
        }
    }
}

fn is_standard(name: &HeaderName) -> bool {
    [BAGGAGE, TRACEPARENT, TRACESTATE].contains(&name.as_str())
}

pub(super) fn carriers(
    carriers: &config::Carriers,
    headers: &config::HeaderNames,
    problems: &mut Problems,
) -> Carriers {
    let config::Carriers { headers: header_carrier, baggage, tracestate, aliases } = carriers;
    let root = Path::Root.field("carriers");
    check_aliases(aliases, headers, &root.field("aliases"), problems);
    let mut mirrors = Vec::new();
    match baggage {
        BaggageCarrier::Members(members) => {
            if members.lane == members.identity {
                let baggage = root.field("baggage");
                let path = baggage.field("members");
                let found = format!("{} is already the lane's", Quoted(members.identity.as_str()));
                problems.add(&path.field("identity"), found, "two different keys");
            }
            mirrors.extend(mirror(BAGGAGE, Format::Baggage(members.clone())));
        }
        BaggageCarrier::Disabled(_) if *header_carrier == HeaderCarrier::Disabled => {
            problems.add(&root.field("headers"), "nothing is left to carry a mark", "headers or baggage enabled");
        }
        BaggageCarrier::Disabled(_) => {}
    }
    match tracestate {
        TraceStateCarrier::Key(key) => mirrors.extend(mirror(TRACESTATE, Format::TraceState(key.clone()))),
        TraceStateCarrier::Disabled(_) => {}
    }
    Carriers { headers: *header_carrier, mirrors, aliases: aliases.clone() }
}

fn mirror(header: &str, format: Format) -> Option<Mirror> {
    // A literal of this crate, so always a name.
    HeaderName::new(header).ok().map(|header| Mirror { header, format })
}

fn check_aliases(aliases: &[HeaderName], headers: &config::HeaderNames, path: &Path<'_>, problems: &mut Problems) {
    if aliases.len() > MOST_ALIASES {
        problems.add(path, format!("are {}", aliases.len()), format!("at most {MOST_ALIASES}"));
    }
    for (index, alias) in aliases.iter().enumerate() {
        let internal = named(headers).into_iter().find(|(_, name)| *name == alias).map(|(field, _)| field);
        let found = match internal {
            Some(field) => format!("{} is headers.{field}", Quoted(alias.as_str())),
            None if is_standard(alias) => format!("{} holds more than a lane", Quoted(alias.as_str())),
            None if aliases.iter().take(index).any(|other| other == alias) => {
                format!("{} is named twice", Quoted(alias.as_str()))
            }
            None => continue,
        };
        problems.add(&path.index(index), found, "each header of another system once");
    }
}
