//! The path of a request target, in the one form that conditions compare.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The path of a target, which a query ends, and so does a fragment, which no client may send.
pub(super) fn path_part(target: &[u8]) -> &[u8] {
    target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
}

/// The query of a target; a fragment ends it.
pub(super) fn query_part(target: &[u8]) -> &[u8] {
    let rest = target.get(path_part(target).len()..).and_then(|rest| rest.strip_prefix(b"?"));
    rest.and_then(|query| query.split(|byte| *byte == b'#').next()).unwrap_or_default()
}

/// Decodes each segment and resolves dot segments (RFC 3986 sections 2.4 and 5.2.4).
///
/// An encoded slash is no separator, so a segment that holds one stays encoded. A malformed escape stays as it is.
pub(super) fn normalised(path: &[u8]) -> Cow<'_, [u8]> {
    let plain = !path.contains(&b'%') && !path.windows(2).any(|pair| pair == b"/.");
    if plain {
        return Cow::Borrowed(path);
    }
    let mut kept: Vec<Cow<'_, [u8]>> = Vec::new();
    let mut segments = path.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(raw) = segments.next() {
        let segment = decoded_segment(raw);
        let last = segments.peek().is_none();
        match &*segment {
            b"." | b".." => {
                if *segment == *b".." {
                    kept.pop();
                }
                if last {
                    kept.push(Cow::Borrowed(b""));
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut normal = Vec::with_capacity(path.len());
    for segment in kept {
        normal.push(b'/');
        normal.extend_from_slice(&segment);
    }
    Cow::Owned(normal)
}

fn decoded_segment(raw: &[u8]) -> Cow<'_, [u8]> {
    let decoded: Cow<'_, [u8]> = percent_decode(raw).into();
    if decoded.contains(&b'/') { Cow::Borrowed(raw) } else { decoded }
}
