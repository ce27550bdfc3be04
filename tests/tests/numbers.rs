//! Every case that was asked for by number is played by a scenario or a test called by that number.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use graylane_tests::scenario::Table;

/// The cases of the data plane. The gaps are meant.
const ASKED_FOR: [u8; 44] = [
    1, 2, 3, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 26, 27, 28, 29, 31, 34, 35, 36, 37, 38,
    39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 53, 54,
];

/// What no table can say: how much memory a million ids take. Tests in code are called `scenario_29_...`.
const ONLY_IN_CODE: [u8; 1] = [29];

#[test]
fn every_case_that_was_asked_for_is_played_by_its_number() -> Result<()> {
    let in_tables: BTreeSet<u8> = Table::load()?.into_iter().filter_map(|scenario| number(&scenario.name)).collect();
    let in_code: BTreeSet<u8> = tests()?.iter().filter_map(|name| number(name.strip_prefix("scenario_")?)).collect();
    let expected: BTreeSet<u8> = ASKED_FOR.into_iter().filter(|case| !ONLY_IN_CODE.contains(case)).collect();
    assert_eq!(in_tables, expected, "what the tables play");
    assert!(ONLY_IN_CODE.iter().all(|case| in_code.contains(case)), "{in_code:?}");
    assert!(in_code.iter().all(|case| ASKED_FOR.contains(case)), "{in_code:?}");
    Ok(())
}

fn number(name: &str) -> Option<u8> {
    let digits = name.find(|char: char| !char.is_ascii_digit())?;
    name.get(..digits)?.parse().ok()
}

/// The names of all tests in core and here.
fn tests() -> Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new("."));
    let mut folders: Vec<PathBuf> = ["core/src", "tests/tests"].map(|folder| root.join(folder)).into();
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path)?;
                let functions = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
                names.extend(functions.map(|rest| rest.split('(').next().unwrap_or_default().to_owned()));
            }
        }
    }
    Ok(names)
}
