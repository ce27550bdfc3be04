//! The folder that the mesh runs: a copy of `examples/shop/mesh`, to be edited as a person would.
//!
//! Invariant: a reader sees a file before or after an edit, never in between.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// The file that the story edits.
pub(crate) const RELEASE: &str = "release.yaml";
/// Everything in `examples/shop/mesh`.
const FILES: [(&str, &str); 3] = [
    ("mesh.yaml", include_str!("../../../mesh/mesh.yaml")),
    ("policy.yaml", include_str!("../../../mesh/policy.yaml")),
    (RELEASE, include_str!("../../../mesh/release.yaml")),
];
/// The program as the files name it, relative to their folder in a checkout.
const PROGRAM: &str = "../../../target/debug/shop";

/// Text that another takes the place of.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Stands exactly once in the file.
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
}

/// One line of difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Removed(String),
    Added(String),
}

/// Why the folder could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "{path} has `{text}` {count} times instead of once: leave it to the demo until it says that it is your turn"
    )]
    Changed { path: PathBuf, text: &'static str, count: usize },
}

/// The folder; it is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    root: TempDir,
    mesh: PathBuf,
}

impl Folder {
    /// A copy in which `program` is the shop.
    pub(crate) fn create(program: &Path) -> Result<Self, FolderError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| FolderError::Write { path, source }
        };
        let root = tempfile::Builder::new().prefix("graylane-demo-").tempdir();
        let root = root.map_err(failed(&std::env::temp_dir()))?;
        let mesh = root.path().join("mesh");
        fs::create_dir(&mesh).map_err(failed(&mesh))?;
        let folder = Self { root, mesh };
        // A double-quoted scalar of YAML, whatever is in the path.
        let program = format!("{:?}", program.to_string_lossy());
        for (name, text) in FILES {
            folder.write(name, &text.replace(PROGRAM, &program))?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mesh
    }

    /// Where the mesh may keep its own files.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    /// The file of the release.
    pub(crate) fn release(&self) -> PathBuf {
        self.mesh.join(RELEASE)
    }

    /// Makes all `edits` to the release in one write, and tells what they changed.
    pub(crate) fn edit(&self, edits: &[Edit]) -> Result<Vec<Change>, FolderError> {
        let path = self.release();
        let before = fs::read_to_string(&path).map_err(|source| FolderError::Read { path: path.clone(), source })?;
        let (after, changes) =
            apply(before, edits).map_err(|(text, count)| FolderError::Changed { path, text, count })?;
        self.write(RELEASE, &after)?;
        Ok(changes)
    }

    /// Replaces the file as a whole; it is written outside of the watched folder.
    fn write(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.mesh.join(name);
        let written = || -> io::Result<()> {
            let draft = self.root.path().join(name);
            fs::write(&draft, text)?;
            fs::rename(draft, &path)
        };
        written().map_err(|source| FolderError::Write { path: path.clone(), source })
    }
}

/// The text after all edits and what they changed; else the first that does not fit, and how often its text is there.
fn apply(text: String, edits: &[Edit]) -> Result<(String, Vec<Change>), (&'static str, usize)> {
    edits.iter().try_fold((text, Vec::new()), |(before, mut changed), edit| match before.matches(edit.old).count() {
        1 => {
            let after = before.replacen(edit.old, edit.new, 1);
            changed.extend(changes(&before, &after));
            Ok((after, changed))
        }
        count => Err((edit.old, count)),
    })
}

/// The lines that are in one of the texts only. Enough where no line is there twice, as in a release.
fn changes(before: &str, after: &str) -> Vec<Change> {
    let missing_in = |text: &str, line: &str| !text.lines().any(|other| other == line);
    let removed = before.lines().filter(|line| missing_in(after, line)).map(|line| Change::Removed(line.to_owned()));
    let added = after.lines().filter(|line| missing_in(before, line)).map(|line| Change::Added(line.to_owned()));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::STORY;

    #[test]
    fn the_story_can_be_written_into_the_release_and_ends_with_nobody_in_the_lane() {
        let folder = Folder::create(Path::new("/usr/bin/shop")).unwrap();
        let mut changes = Vec::new();
        for act in STORY {
            changes.push(folder.edit(act.edits).unwrap());
        }
        assert_eq!(changes[3], [Change::Removed("  weight: 0".to_owned()), Change::Added("  weight: 10".to_owned())]);
        let end = fs::read_to_string(folder.release()).unwrap();
        assert!(end.contains("rules: []") && end.contains("weight: 0"), "{end}");
    }

    #[test]
    fn the_copy_runs_the_given_program_from_anywhere() {
        let folder = Folder::create(Path::new("/usr/bin/shop")).unwrap();
        let mesh = fs::read_to_string(folder.path().join("mesh.yaml")).unwrap();
        assert_eq!(mesh.matches("[\"/usr/bin/shop\", serve,").count(), 6, "{mesh}");
        assert!(!mesh.contains(PROGRAM), "{mesh}");
    }

    #[test]
    fn an_edit_that_does_not_fit_changes_nothing() {
        let folder = Folder::create(Path::new("shop")).unwrap();
        let before = fs::read_to_string(folder.release()).unwrap();
        let edits = [Edit { old: "weight: 0", new: "weight: 1" }, Edit { old: "weight: 99", new: "weight: 2" }];
        let error = folder.edit(&edits).unwrap_err();
        assert!(error.to_string().contains("`weight: 99` 0 times"), "{error}");
        assert_eq!(fs::read_to_string(folder.release()).unwrap(), before);
    }

    #[test]
    fn the_folder_goes_with_the_demo() {
        let folder = Folder::create(Path::new("shop")).unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
