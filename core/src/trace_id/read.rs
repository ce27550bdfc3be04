//! The formats.

use crate::hash;

/// The longest value that is looked at.
const LONGEST: usize = 512;

/// W3C Trace Context, section 3.2.2: `00-TRACE-PARENT-FLAGS`, lower-case; later versions may go on behind another dash.
pub(super) fn traceparent(value: &[u8]) -> Option<u128> {
    /// What digits and small letters have in common, and capital letters have not.
    const SMALL: u8 = 0x20;
    let (known, more) = value.split_first_chunk::<55>()?;
    let ([version @ .., b'-'], rest) = known.split_first_chunk::<3>()? else { return None };
    let ([trace @ .., b'-'], rest) = rest.split_first_chunk::<33>()? else { return None };
    let ([parent @ .., b'-'], flags) = rest.split_first_chunk::<17>()? else { return None };
    let goes_on = version != b"00" && more.starts_with(b"-");
    let small = known.iter().fold(SMALL, |all, byte| all & byte) != 0;
    let sound = version != b"ff" && (more.is_empty() || goes_on) && small;
    (sound && half(version).is_some() && half(flags).is_some() && half(parent)? != 0).then(|| hex(trace)).flatten()
}

/// B3 in one header: `TRACE-SPAN`, `TRACE-SPAN-SAMPLED` or `TRACE-SPAN-SAMPLED-PARENT`; a lone decision has no id.
pub(super) fn b3(value: &[u8]) -> Option<u128> {
    let mut parts = value.split(|byte| *byte == b'-');
    let (trace, span) = (parts.next()?, parts.next()?);
    let sampled = parts.next().is_none_or(|sampled| matches!(sampled, b"0" | b"1" | b"d"));
    let parent = parts.next().is_none_or(|parent| parent.len() == 16 && half(parent).is_some());
    let sound = span.len() == 16 && half(span).is_some() && sampled && parent && parts.next().is_none();
    sound.then(|| b3_trace_id(trace)).flatten()
}

/// B3 in many headers: 32 or 16 digits; the short form is the long one without its upper half.
pub(super) fn b3_trace_id(value: &[u8]) -> Option<u128> {
    matches!(value.len(), 16 | 32).then(|| hex(value)).flatten()
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
        return hex(value);
    }
    let parts: [&[u8]; 5] = parts(value, b'-')?;
    let mut digits = [0; 32];
    let mut rest = digits.as_mut_slice();
    for (part, length) in parts.into_iter().zip([8, 4, 4, 4, 12]) {
        let (place, others) = rest.split_at_mut_checked(length)?;
        (part.len() == length).then(|| place.copy_from_slice(part))?;
        rest = others;
    }
    hex(&digits).map(|id| id & !VERSION)
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

/// Up to 32 hexadecimal digits and nothing else.
#[inline(never)]
fn hex(digits: &[u8]) -> Option<u128> {
    let (upper, lower) = digits.split_at_checked(digits.len().saturating_sub(16))?;
    (upper.len() <= 16).then_some(())?;
    Some(u128::from(half(upper)?) << 64 | u128::from(half(lower)?))
}

/// Up to 16 of them: numbers of 128 bits are slow here.
#[inline(never)]
fn half(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}
