//! The formats.

use crate::hash;
use crate::hex::{self, Letters};

/// The longest value that is looked at.
const LONGEST: usize = 512;

/// Formats but the W3C's leave open how letters are written.
const ANY: Letters = Letters::SmallAndCapital;

/// W3C Trace Context, section 3.2.2: `00-TRACE-PARENT-FLAGS`, lower-case; later versions may go on behind another dash.
pub(super) fn traceparent(value: &[u8]) -> Option<u128> {
    let (known, more) = value.split_first_chunk::<55>()?;
    let ([v, w, b'-'], rest) = known.split_first_chunk()? else { return None };
    let ([trace @ .., b'-'], rest) = rest.split_first_chunk::<33>()? else { return None };
    let ([parent @ .., b'-'], [f, g]) = rest.split_first_chunk::<17>()? else { return None };
    let others = hex::of_8([b'0', b'0', b'0', b'0', *v, *w, *f, *g], Letters::Small)?;
    let goes_on = others >> 8 != 0 && more.starts_with(b"-");
    let sound = others >> 8 != 0xff && (more.is_empty() || goes_on) && hex::of_16(parent, Letters::Small)? != 0;
    sound.then(|| hex::of_32(trace, Letters::Small)).flatten()
}

/// B3 in one header: `TRACE-SPAN`, `TRACE-SPAN-SAMPLED` or `TRACE-SPAN-SAMPLED-PARENT`; a lone decision has no id.
pub(super) fn b3(value: &[u8]) -> Option<u128> {
    let mut parts = value.split(|byte| *byte == b'-');
    let (trace, span) = (parts.next()?, parts.next()?);
    let sampled = parts.next().is_none_or(|sampled| matches!(sampled, b"0" | b"1" | b"d"));
    let parent = parts.next().is_none_or(|parent| hex::of_16(parent, ANY).is_some());
    let sound = hex::of_16(span, ANY).is_some() && sampled && parent && parts.next().is_none();
    sound.then(|| b3_trace_id(trace)).flatten()
}

/// B3 in many headers: 32 or 16 digits; the short form is the long one without its upper half.
pub(super) fn b3_trace_id(value: &[u8]) -> Option<u128> {
    hex::of_32(value, ANY).or_else(|| hex::of_16(value, ANY).map(u128::from))
}

/// Cross Process Propagation Headers Protocol v3 of Apache `SkyWalking`: eight parts, the second of them the id, any text, in base64.
pub(super) fn sw8(value: &[u8]) -> Option<u128> {
    let [sample, trace, ..]: [&[u8]; 8] = parts(value.get(..value.len().min(LONGEST + 1))?, b'-')?;
    let text = trace.strip_suffix(b"==").or_else(|| trace.strip_suffix(b"=")).unwrap_or(trace);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let sound = matches!(sample, b"0" | b"1")
        && value.len() <= LONGEST
        && trace.len().is_multiple_of(4)
        && !text.is_empty()
        && text.iter().all(is_base64);
    sound.then(|| u128::from(hash::salted("sw8.upper", text)) << 64 | u128::from(hash::salted("sw8.lower", text)))
}

/// Datadog: the lower 64 bits of the id, as a decimal number.
pub(super) fn datadog(value: &[u8]) -> Option<u128> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let number = value.iter().try_fold(0, |number: u64, byte| number.checked_mul(10)?.checked_add(digit(*byte)?));
    number.filter(|_| matches!(value.len(), 1..=20)).map(u128::from)
}

/// A UUID, or 32 digits, as some edges make them.
///
/// Envoy writes its sampling decision in place of a UUID's version digit (`UuidRequestIdExtension`), so that digit does
/// not count.
pub(super) fn request_id(value: &[u8]) -> Option<u128> {
    const VERSION: u128 = 0xf << 76;
    if value.len() == 32 {
        return hex::of_32(value, ANY);
    }
    let parts: [&[u8]; 5] = parts(value, b'-')?;
    let mut digits = [0; 32];
    let mut rest = digits.as_mut_slice();
    for (part, length) in parts.into_iter().zip([8, 4, 4, 4, 12]) {
        let (place, others) = rest.split_at_mut_checked(length)?;
        (part.len() == length).then(|| place.copy_from_slice(part))?;
        rest = others;
    }
    hex::of_32(&digits, ANY).map(|id| id & !VERSION)
}

/// Exactly `COUNT` parts.
fn parts<const COUNT: usize>(value: &[u8], separator: u8) -> Option<[&[u8]; COUNT]> {
    let mut parts = [&b""[..]; COUNT];
    split(value, separator, &mut parts).then_some(parts)
}

/// Fills `parts`; says whether there are exactly so many.
#[inline(never)]
fn split<'a>(value: &'a [u8], separator: u8, parts: &mut [&'a [u8]]) -> bool {
    let mut all = value.split(|byte| *byte == separator);
    let filled = parts.iter_mut().all(|part| all.next().map(|own| *part = own).is_some());
    filled && all.next().is_none()
}
