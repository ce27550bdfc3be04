//! A request as conditions see it: one pass over the headers, the rest parsed only when asked for.
//!
//! Nothing here fails: what is malformed is taken literally or counts as absent.

mod path;

use std::borrow::Cow;
use std::cell::OnceCell;

use percent_encoding::percent_decode;

use crate::carrier::{BAGGAGE, Carriers, Format, List, MOST_MIRRORS, Mirror, TRACESTATE};
use crate::config::HeaderNames;
use crate::mark::MalformedMark;
use crate::name::ClaimName;
use crate::request::{Line, Request};

/// The longest host that is looked at: RFC 1035 allows 253 characters, and brackets surround an IPv6 address.
const LONGEST_HOST: usize = 255;

/// How often an internal header, or a member of a list, occurs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Repeated,
}

impl<'a> Field<'a> {
    pub(crate) fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }

    pub(crate) fn is_present(self) -> bool {
        self != Self::Absent
    }

    /// The one value, if it occurs at all.
    pub(crate) fn once(self) -> Option<Result<&'a [u8], MalformedMark>> {
        match self {
            Self::Absent => None,
            Self::Once(value) => Some(Ok(value)),
            Self::Repeated => Some(Err(MalformedMark::Repeated)),
        }
    }
}

/// The internal headers as they were sent, and those that may hold a mark among other things.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) lane: Field<'a>,
    pub(crate) identity: Field<'a>,
    pub(crate) version: Field<'a>,
    pub(crate) explain: Field<'a>,
    pub(crate) signed: Field<'a>,
    pub(crate) baggage: Field<'a>,
    pub(crate) tracestate: Field<'a>,
}

impl<'a> Sent<'a> {
    const NOTHING: Self = Self {
        lane: Field::Absent,
        identity: Field::Absent,
        version: Field::Absent,
        explain: Field::Absent,
        signed: Field::Absent,
        baggage: Field::Absent,
        tracestate: Field::Absent,
    };

    /// Whether there is a list that might hold members of ours.
    pub(crate) fn has_lists(&self) -> bool {
        self.baggage.is_present() || self.tracestate.is_present()
    }

    /// The header in which lists of this format stand.
    pub(crate) fn list(&self, format: &Format) -> Field<'a> {
        match format {
            Format::Baggage(_) => self.baggage,
            Format::TraceState(_) => self.tracestate,
        }
    }
}

/// A request, scanned once.
pub(crate) struct View<'a> {
    request: &'a dyn Request,
    /// All header fields, in order.
    pub(crate) all: &'a [Line<'a>],
    method: &'a [u8],
    authority: &'a [u8],
    target: &'a [u8],
    path: OnceCell<Cow<'a, [u8]>>,
    pub(crate) sent: Sent<'a>,
    /// What conditions and identities do not see.
    hidden: Option<Hidden<'a>>,
}

/// What this mesh alone may write. Conditions and identities see none of it, whoever sent it: a caller outside could write what
/// it likes, and what this proxy takes away or adds would make the next one decide otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Hidden<'a> {
    pub(crate) names: &'a HeaderNames,
    pub(crate) carriers: &'a Carriers,
    pub(crate) lists: &'a Lists,
}

/// The lists of the mirrors without the members that are ours, once somebody asks: most requests are decided without.
pub(crate) type Lists = [OnceCell<Option<Vec<u8>>>; MOST_MIRRORS];

impl Hidden<'_> {
    fn hides(&self, name: &str) -> bool {
        let names = [&self.names.lane, &self.names.identity, &self.names.version, &self.names.signed];
        names.into_iter().chain(&self.carriers.aliases).any(|hidden| hidden.as_str() == name)
    }
}

impl<'a> View<'a> {
    pub(crate) fn of(request: &'a dyn Request, all: &'a [Line<'a>], names: &HeaderNames) -> Self {
        let mut view = Self {
            request,
            all,
            method: b"",
            authority: b"",
            target: b"",
            path: OnceCell::new(),
            sent: Sent::NOTHING,
            hidden: None,
        };
        let internal: [&[u8]; 5] = [&names.lane, &names.identity, &names.version, &names.explain, &names.signed]
            .map(|name| name.as_str().as_bytes());
        let [lane, identity, version, explain, signed] = internal;
        for (name, value) in all.iter().copied() {
            match name {
                b":method" => view.method = value,
                b":authority" => view.authority = value,
                b":path" => view.target = value,
                _ if name == BAGGAGE.as_bytes() => view.sent.baggage.add(value),
                _ if name == TRACESTATE.as_bytes() => view.sent.tracestate.add(value),
                _ if name == lane => view.sent.lane.add(value),
                _ if name == identity => view.sent.identity.add(value),
                _ if name == version => view.sent.version.add(value),
                _ if name == explain => view.sent.explain.add(value),
                _ if name == signed => view.sent.signed.add(value),
                _ => {}
            }
        }
        view
    }

    /// The view without what is not to be seen.
    pub(crate) fn hiding(self, hidden: Hidden<'a>) -> Self {
        Self { hidden: Some(hidden), ..self }
    }

    /// The lines of the list in the header `name`.
    pub(crate) fn lines_of(&self, field: Field<'a>, name: &str) -> List<'a> {
        match field {
            Field::Absent => List::default(),
            Field::Once(line) => List::Line(line),
            Field::Repeated => List::Lines(self.lines(name).collect()),
        }
    }

    /// How often the header `name` occurs, whoever wrote it.
    pub(crate) fn field(&self, name: &str) -> Field<'a> {
        let mut field = Field::Absent;
        self.lines(name).for_each(|value| field.add(value));
        field
    }

    /// The values of the fields called `name`, whoever wrote them.
    pub(crate) fn lines<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.all.iter().filter(move |(field, _)| *field == name.as_bytes()).map(|(_, value)| *value)
    }

    pub(crate) fn method(&self) -> &'a [u8] {
        self.method
    }

    pub(crate) fn authority(&self) -> &'a [u8] {
        self.authority
    }

    /// Calls `visit` with the host in lower case, without port and trailing dot; an oversized host is empty.
    pub(crate) fn host<T>(&self, visit: impl FnOnce(&[u8]) -> T) -> T {
        host_of(self.authority, visit)
    }

    /// The host of the request that this is a copy of, if it is one.
    pub(crate) fn original(&self) -> Option<&'a [u8]> {
        original(self.authority)
    }

    /// The path without query, percent-decoded and with dot segments resolved.
    pub(crate) fn path(&self) -> Cow<'_, [u8]> {
        let path = self.path.get_or_init(|| path_of(self.target));
        Cow::Borrowed(path)
    }

    /// The list in the header `name` without the members that only this mesh may set; `None`: it has none of these.
    pub(crate) fn cleaned(&self, name: &str) -> Option<&'a [u8]> {
        let hidden = self.hidden?;
        let mut lists = hidden.carriers.mirrors.iter().zip(hidden.lists);
        let (Mirror { format, .. }, list) = lists.find(|(mirror, _)| mirror.header.as_str() == name)?;
        let clean = || {
            let list = self.lines_of(self.sent.list(format), name);
            format.owns_any(&list).then(|| format.without(&list))
        };
        list.get_or_init(clean).as_deref()
    }

    pub(crate) fn header_values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let (hidden, cleaned) = (self.hidden.is_some_and(|hidden| hidden.hides(name)), self.cleaned(name));
        let as_sent = (!hidden && cleaned.is_none()).then(|| self.lines(name));
        cleaned.filter(|list| !list.is_empty()).into_iter().chain(as_sent.into_iter().flatten())
    }

    /// The values of the cookies called `name`, over all cookie headers (RFC 6265 section 5.4; RFC 9113 section 8.2.3).
    pub(crate) fn cookies(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.header_values("cookie").flat_map(|header| header.split(|byte| *byte == b';')).filter_map(move |pair| {
            let pair = pair.trim_ascii();
            let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(unquoted(value))
        })
    }

    /// The decoded values of the query parameters called `name`; `+` is a space, a bare name has an empty value.
    pub(crate) fn parameters(&self, name: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        path::query_part(self.target).split(|byte| *byte == b'&').filter_map(move |pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let key = parts.next().unwrap_or_default();
            let value = parts.next().unwrap_or_default();
            (!pair.is_empty() && *decoded(key) == *name.as_bytes()).then(|| decoded(value))
        })
    }

    pub(crate) fn claim(&self, name: &ClaimName) -> Option<Vec<u8>> {
        self.request.claim(name)
    }

    pub(crate) fn source_address(&self) -> Option<Vec<u8>> {
        self.request.source_address()
    }
}

fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if text.contains(&b'+') {
        let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        Cow::Owned(percent_decode(&spaced).collect())
    } else {
        percent_decode(text).into()
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// The path of a request target, as [`View::path`] has it.
pub(crate) fn path_of(target: &[u8]) -> Cow<'_, [u8]> {
    path::normalised(path::path_part(target))
}

/// The host of an authority if it is written as usual: a name in lower case, or an address in brackets, maybe with a port.
pub(crate) fn plain_host(authority: &[u8]) -> &[u8] {
    let port = authority.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = authority.len().checked_sub(port).and_then(|end| authority.get(..end));
    let host = before.and_then(|before| before.strip_suffix(b":")).unwrap_or(authority);
    host.strip_suffix(b".").unwrap_or(host)
}

/// Calls `visit` with the host of an authority, as [`View::host`] does.
pub(crate) fn host_of<T>(authority: &[u8], visit: impl FnOnce(&[u8]) -> T) -> T {
    let host = without_port(authority);
    let host = host.strip_suffix(b".").unwrap_or(host);
    let mut buffer;
    let lower = if host.len() > LONGEST_HOST {
        b""
    } else if host.iter().any(u8::is_ascii_uppercase) {
        buffer = [0_u8; LONGEST_HOST];
        let lower = buffer.get_mut(..host.len()).unwrap_or_default();
        lower.copy_from_slice(host);
        lower.make_ascii_lowercase();
        lower
    } else {
        host
    };
    visit(lower)
}

/// The authority without its port; the brackets of an IPv6 address stay.
fn without_port(authority: &[u8]) -> &[u8] {
    let Some(colon) = authority.iter().rposition(|byte| *byte == b':') else {
        return authority;
    };
    let (host, port) = authority.split_at(colon);
    let digits = port.iter().skip(1).all(u8::is_ascii_digit);
    let bare_ipv6 = !host.starts_with(b"[") && host.contains(&b':');
    let inside_brackets = host.starts_with(b"[") && !host.ends_with(b"]");
    if digits && !bare_ipv6 && !inside_brackets { host } else { authority }
}

/// What Envoy puts behind the host of a copy that it makes of a request (`request_mirror_policies`).
const SHADOW: &[u8] = b"-shadow";

/// The authority without what marks a copy, if it does.
pub(crate) fn original(authority: &[u8]) -> Option<&[u8]> {
    let digits = authority.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = authority.len().checked_sub(digits).and_then(|end| authority.get(..end)).unwrap_or(authority);
    let host = if digits > 0 { before.strip_suffix(b":").unwrap_or(authority) } else { authority };
    host.strip_suffix(SHADOW)
}

#[cfg(test)]
mod tests;
