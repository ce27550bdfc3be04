//! Lists in headers: members that commas separate (RFC 9110 section 5.6.1), taken as the bytes that they are.

/// The key of a member: what stands before the first `=`, or before the properties of a member that lacks one.
pub(super) fn key(member: &[u8]) -> &[u8] {
    member.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default().trim_ascii()
}

/// What stands behind the first `=` of a member; empty where there is none.
pub(super) fn value(member: &[u8]) -> &[u8] {
    let at = member.iter().position(|byte| *byte == b'=');
    at.and_then(|at| member.get(at + 1..)).unwrap_or_default().trim_ascii()
}

/// The members as one list. Empty elements, which senders must not generate, are left out.
pub(super) fn joined<'a>(members: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut list = Vec::new();
    for member in members.filter(|member| !member.trim_ascii().is_empty()) {
        if !list.is_empty() {
            list.push(b',');
        }
        list.extend_from_slice(member);
    }
    list
}

/// How many members a list has.
pub(super) fn count(list: &[u8]) -> usize {
    list.split(|byte| *byte == b',').filter(|member| !member.trim_ascii().is_empty()).count()
}
