//! Where proxies get a module from that no controller serves. What is no such place would be told by proxies only.

/// The ways in which Istio fetches a module (`spec.url` of a `WasmPlugin`).
const SCHEMES: [&str; 4] = ["https://", "http://", "oci://", "file://"];

/// As many digits as a SHA-256 has.
const DIGITS: usize = 64;

pub(super) fn url(text: &str) -> Result<String, String> {
    let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err(format!("{}, and a place there, is allowed", SCHEMES.join(", "))),
    }
}

pub(super) fn sha256(text: &str) -> Result<String, String> {
    if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("{DIGITS} hexadecimal digits are allowed, as `sha256sum` prints them"))
    }
}
