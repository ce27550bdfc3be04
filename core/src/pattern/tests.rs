use proptest::prelude::*;

use super::*;

fn fits(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).fits(text)
}

/// What the library says of the whole text; `None` where it refuses the pattern.
fn by_library(pattern: &str, text: &str) -> Option<bool> {
    regex_lite::Regex::new(pattern).ok()?;
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok().map(|regex| regex.is_match(text))
}

#[test]
fn patterns_as_people_write_them_are_accepted() {
    for (pattern, good, bad) in [
        ("alice|bob", "bob", "alicebob"),
        ("^gray-.*$", "gray-7", "blue"),
        ("(?i)chrome/1[0-9]{2}\\..*", "CHROME/131.0", "chrome/99.0"),
        ("[^@\\s]+@example\\.(com|org)", "a.b@example.org", "a b@example.com"),
        ("\\d{1,3}(?:\\.\\d{1,3}){3}", "10.0.0.7", "10.0.0"),
        ("/v[12]/items(/.*)?", "/v2/items/7", "/v3/items"),
        ("(a*)*(a*)*b", "aaab", "aaac"),
        (".*\\bbeta\\b.*", "the beta ring", "alphabeta"),
        ("[-+]?[a-f0-9-]+", "-de-ad", "xyz"),
        ("ä{2}ö?", "ää", "ä"),
        ("(?s)a.b", "a\nb", "ab"),
    ] {
        assert!(fits(pattern, good), "{pattern} {good}");
        assert!(!fits(pattern, bad), "{pattern} {bad}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_with_its_reason() {
    for (pattern, why) in [
        ("(", "'(' is not closed"),
        ("a)(b", "')' closes no group"),
        ("[a", "'[' is not closed"),
        ("*a", "nothing stands before"),
        ("a{2,1}", "m not below n"),
        ("a{99999999999999999999}", "too large"),
        ("(?=a)", "no look-around"),
        ("(?P<name>a)", "of groups with '?'"),
        ("a(?)", "of groups with '?'"),
        ("(?ii)a", "of groups with '?'"),
        ("(?i", "of groups with '?'"),
        ("\\p{L}", "escape is not known"),
        ("a\\", "behind the last backslash"),
        ("[z-a]", "to a later one"),
        ("[a-\\d]", "to a later one"),
        ("[[:alpha:]]", "need a backslash"),
        ("[a&&b]", "no operations"),
        ("(((a{100}){100}){100}){100}", "more than 2048 steps"),
        (&"(".repeat(51), "nested too deeply"),
    ] {
        let error = Pattern::new(pattern).unwrap_err().to_string();
        assert!(error.contains(why), "{pattern}: {error}");
    }
}

#[test]
fn time_is_linear_in_a_hostile_text() {
    let text = "a".repeat(8 * 1024);
    assert!(!fits("(a*)*(a|aa)*(a?){50}b", &text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_accepted_means_what_it_means_to_the_library(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "b", "ä", "-", "0", " ", ".", "^", "$", "|", "(", ")", "(?:", "(?i)", "(?s:", "i", "s", ":", "[", "[^", "]", "*", "+", "?", "{2}", "{0,2}", "{1,}",
            "{", "}", "a-z", "A-", "&&", "~", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "\\.", "\\-", "\\n", ",", "_",
        ]), 0..12),
        texts in prop::collection::vec("[abAB0ä_ .\n-]{0,6}", 1..6),
    ) {
        let pattern = parts.concat();
        if let Ok(ours) = Pattern::new(&pattern) {
            for text in &texts {
                prop_assert_eq!(Some(ours.fits(text)), by_library(&pattern, text), "{} {:?}", pattern, text);
            }
        }
    }

    #[test]
    fn no_text_makes_reading_or_trying_fail(pattern: String, text: String) {
        if let Ok(pattern) = Pattern::new(&pattern) {
            pattern.fits(&text);
        }
    }
}
