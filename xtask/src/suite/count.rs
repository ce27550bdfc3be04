//! Counts tests from the lines that test programs end with, so that a run that tested nothing, or
//! left something out, cannot look like success.

use anyhow::{Result, ensure};

/// What test programs have reported.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tests {
    passed: u32,
    ignored: u32,
}

impl Tests {
    /// Takes in one line of a test program's output; only its result line counts:
    /// `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    pub(super) fn observe(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        self.passed += count_of(counts, "passed").unwrap_or(0);
        self.ignored += count_of(counts, "ignored").unwrap_or(0);
    }

    /// How many passed; an error if none did, or if any was left out.
    pub(super) fn all_passed(self) -> Result<u32> {
        ensure!(self.ignored == 0, "{} tests are ignored: a test runs, or it is deleted", self.ignored);
        ensure!(self.passed > 0, "no test ran");
        Ok(self.passed)
    }
}

fn count_of(counts: &str, what: &str) -> Option<u32> {
    counts.split("; ").find_map(|count| count.strip_suffix(what)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(lines: &[&str]) -> Tests {
        let mut tests = Tests::default();
        for line in lines {
            tests.observe(line);
        }
        tests
    }

    #[test]
    fn result_lines_of_all_test_programs_are_summed() {
        let tests = observed(&[
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 filtered out",
        ]);
        assert_eq!(tests, Tests { passed: 7, ignored: 1 });
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(observed(&["12 passed; 0 failed", " test result: ok. 3 passed; 0 ignored"]), Tests::default());
    }

    #[test]
    fn a_run_without_tests_or_with_ignored_ones_is_refused() {
        assert!(Tests::default().all_passed().is_err());
        assert!(Tests { passed: 5, ignored: 1 }.all_passed().is_err());
        assert_eq!(Tests { passed: 5, ignored: 0 }.all_passed().ok(), Some(5));
    }
}
