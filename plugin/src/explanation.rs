//! An explanation as a header value.

use std::fmt::Write as _;

use graylane_core::Step;

/// The longest explanation, in bytes: well below what Envoy and clients accept as one header.
const LONGEST: usize = 2048;

/// The steps in one line of visible ASCII, cut at [`LONGEST`].
pub(crate) fn header_value(steps: &[Step]) -> String {
    let mut line = String::new();
    for step in steps {
        let separator = if line.is_empty() { "" } else { "; " };
        // Writing to a string can not fail.
        let _ = write!(line, "{separator}{step}");
    }
    visible(&line, LONGEST)
}

/// `text` with everything but visible ASCII and single spaces replaced, at most `longest` bytes.
pub(crate) fn visible(text: &str, longest: usize) -> String {
    text.chars().map(|char| if matches!(char, ' '..='~') { char } else { '?' }).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_joined_in_order() {
        let steps = [Step::Service { service: "cart".into() }, Step::Mark { lanes: "gray".into(), from: None }];
        assert_eq!(header_value(&steps), "service cart; mark gray");
    }

    #[test]
    fn hosts_can_not_smuggle_anything_into_the_response() {
        let steps = [Step::NoService { host: "ä\r\nset-cookie: x=1\u{7f}\u{0}".into() }];
        let value = header_value(&steps);
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{value}");
    }

    #[test]
    fn an_explanation_is_bounded() {
        let steps = vec![Step::NoService { host: "h".repeat(1000) }; 10];
        assert_eq!(header_value(&steps).len(), LONGEST);
    }
}
