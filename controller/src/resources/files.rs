//! From a path to the documents behind it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use graylane_core::Problem;

use super::document::Node;
use super::{Finding, Findings, Place};

/// The file at `path`, or the YAML and JSON files of the folder at `path`, in order of name.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>, Findings> {
    if !fs::metadata(path).map_err(|error| unreadable(path, &error))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(|file| is_ours(file)).collect();
    files.sort();
    if files.is_empty() {
        return Err(finding(path, None, "holds no *.yaml, *.yml or *.json file", "a folder with resources"));
    }
    Ok(files)
}

/// The text of `file`.
pub(super) fn text(file: &Path) -> Result<String, Findings> {
    fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

/// The documents in the `text` of `file`.
pub(super) fn documents(file: &Path, text: &str) -> Result<Vec<Node>, Findings> {
    Node::read(text).map_err(|(line, found)| finding(file, line, format!("no YAML: {found}"), "YAML or JSON"))
}

/// What is said of a file without a document. Such a file may be among others: comments are all that is left of some.
pub(super) const NOTHING: &str = "holds no resource";

/// That nothing at all was found, here at `path` as little as elsewhere.
pub(super) fn nothing(path: &Path) -> Findings {
    finding(path, None, NOTHING, "at least one document of YAML or JSON that is no comment")
}

/// Editors leave their own files beside: hidden ones are no resources.
fn is_ours(file: &Path) -> bool {
    let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let known = file.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
    known && !hidden && !file.is_dir()
}

fn unreadable(path: &Path, error: &io::Error) -> Findings {
    finding(path, None, format!("can not be read: {error}"), "a file, or a folder of *.yaml, *.yml and *.json files")
}

fn finding(file: &Path, line: Option<u64>, found: impl Into<String>, allowed: &str) -> Findings {
    let problem = Problem { path: String::new(), found: found.into(), allowed: allowed.to_owned() };
    let place = Some(Place { file: file.to_owned(), line });
    [Finding { place, object: None, problem }].into_iter().collect()
}
