//! Fences between the parts of the project: who may depend on whom, how long a file may grow, where
//! waiting is allowed. Each is a promise of the architecture that no compiler keeps.
#![expect(clippy::expect_used, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All that core may name in its manifest: data formats, errors, and algorithms without IO.
const CORE_MAY_USE: [&str; 11] = [
    "arrayvec",
    "hmac",
    "percent-encoding",
    "schemars",
    "serde",
    "serde_json",
    "serde_path_to_error",
    "sha2",
    "smallvec",
    "thiserror",
    "xxhash-rust",
];

/// What shows that the control plane has leaked into the module.
const NEVER_IN_THE_MODULE: [&str; 7] =
    ["graylane", "hyper", "k8s-openapi", "kube", "schemars", "serde-saphyr", "tokio"];

/// Lines of code beyond which a file holds two things.
const LONGEST_FILE: usize = 300;

/// The one package that may say `unsafe`: what Envoy calls, and is called by.
const UNSAFE: &str = "plugin/abi";

/// Where decisions are made, so that nothing there waits, except in [`MAY_WAIT`].
const DECISIONS: [&str; 3] = ["core/src", "plugin/src", "controller/src"];

/// The ends of the controller: what it learns from the world, and what it does to it.
const MAY_WAIT: [&str; 7] = ["apply", "cli", "local", "main", "observe", "operate", "run"];

#[test]
fn core_depends_only_on_pure_libraries() {
    let used = dependencies(&["--package", "graylane-core", "--all-features", "--depth", "1"]);
    assert!(used.contains(&"serde".to_owned()), "{used:?}");
    let foreign: Vec<_> = used.iter().filter(|name| !CORE_MAY_USE.contains(&name.as_str())).collect();
    assert!(foreign.is_empty(), "core stays pure; weigh these before extending the list: {foreign:?}");
}

#[test]
fn the_module_carries_nothing_of_the_control_plane() {
    let carried = dependencies(&["--package", "graylane-plugin", "--target", "wasm32-unknown-unknown"]);
    let leaked: Vec<_> = carried.iter().filter(|name| NEVER_IN_THE_MODULE.contains(&name.as_str())).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[test]
fn controller_and_plugin_do_not_know_each_other() {
    let knows = |package: &str, other: &str| dependencies(&["--package", package]).iter().any(|name| name == other);
    assert!(!knows("graylane", "graylane-plugin"));
    assert!(!knows("graylane-plugin", "graylane"));
}

#[test]
fn no_file_is_too_long_to_be_read_at_once() {
    let is_test = |path: &Path| path.ends_with("tests.rs") || path.iter().any(|folder| folder == "tests");
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| !is_test(&source.path))
        .map(|source| (source.code().count(), source.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "find a name for the second thing in each of them: {long:?}");
}

#[test]
fn only_the_border_of_the_module_is_unsafe_and_every_package_keeps_the_lints_of_the_workspace() {
    let workspace = manifest(Path::new("Cargo.toml"));
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    // The fuzz targets are a workspace of their own.
    let mut members: Vec<_> = files_where(|path| path.ends_with("Cargo.toml"));
    members.retain(|path| *path != Path::new("Cargo.toml") && !path.starts_with("fuzz"));
    assert!(members.len() >= 6, "{members:?}");
    for member in members {
        if member == Path::new(UNSAFE).join("Cargo.toml") {
            let own = lints(&manifest(&member));
            let missing: Vec<_> = lints(&workspace).into_iter().filter(|lint| !own.contains(lint)).collect();
            assert_eq!(missing, ["unsafe_code = \"forbid\""], "{} is no stricter elsewhere", member.display());
        } else {
            let kept = manifest(&member).contains("[lints]\nworkspace = true");
            assert!(kept, "{} has lints of its own", member.display());
        }
    }
    let mut outside = that_say("unsafe");
    outside.retain(|path| !path.starts_with(UNSAFE));
    assert_eq!(outside, Vec::<PathBuf>::new());
}

#[test]
fn only_the_ends_of_the_controller_wait() {
    let may_wait = |path: &Path| {
        let ends = MAY_WAIT.map(|end| PathBuf::from("controller/src").join(end));
        ends.iter().any(|end| path.starts_with(end) || path == end.with_extension("rs"))
    };
    let mut waiting = [that_say("async"), that_say("await")].concat();
    waiting.retain(|path| DECISIONS.iter().any(|folder| path.starts_with(folder)) && !may_wait(path));
    assert!(waiting.is_empty(), "decisions are functions, not tasks: {waiting:?}");
}

#[test]
fn nothing_in_the_module_shows_values_as_debug_does() {
    // What does is left out of the module, as messages of panics are (`xtask/src/module/trim.rs`).
    let in_module = |path: &Path| ["core/src", "plugin"].iter().any(|folder| path.starts_with(folder));
    let is_test = |path: &Path| path.ends_with("tests.rs") || path.iter().any(|folder| folder == "tests");
    let shows = |source: &Source| {
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().any(|line| !line.trim_start().starts_with("//") && (line.contains(":?}") || line.contains(":#?}")))
    };
    let mut all = sources();
    all.retain(|source| in_module(&source.path) && !is_test(&source.path));
    assert!(all.len() > 50, "{}", all.len());
    all.retain(shows);
    let all: Vec<_> = all.into_iter().map(|source| source.path).collect();
    assert!(all.is_empty(), "there is `Quoted` for texts: {all:?}");
}

fn manifest(path: &Path) -> String {
    fs::read_to_string(root().join(path)).expect("a manifest")
}

/// The lines of a manifest that set lints.
fn lints(manifest: &str) -> Vec<String> {
    let level =
        |line: &&str| ["\"allow\"", "\"warn\"", "\"deny\"", "\"forbid\""].iter().any(|level| line.contains(level));
    manifest.lines().filter(level).map(str::to_owned).collect()
}

/// Names of the normal and build dependencies that cargo resolves for a package, without its own.
fn dependencies(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--quiet", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("names are UTF-8");
    let mut names = printed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    assert_eq!(names.next().as_deref(), arguments.get(1).copied(), "the first name is the package's own");
    names.collect()
}

/// A source file of ours.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Its lines that are neither blank nor comments.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"))
    }

    /// Whether a word stands in its code, outside comments and strings.
    fn says(&self, word: &str) -> bool {
        let letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        self.code()
            .filter_map(|line| line.split("//").next())
            .flat_map(|line| line.split('"').step_by(2))
            .any(|outside| outside.split(|other| !letter(other)).any(|found| found == word))
    }
}

fn that_say(word: &str) -> Vec<PathBuf> {
    sources().into_iter().filter(|source| source.says(word)).map(|source| source.path).collect()
}

fn sources() -> Vec<Source> {
    let paths = files_where(|path| path.extension().is_some_and(|extension| extension == "rs"));
    for crucial in ["core/src/lib.rs", "plugin/src/lib.rs", "controller/src/lib.rs", "tests/tests/fences.rs"] {
        assert!(paths.iter().any(|path| path == Path::new(crucial)), "{crucial} was not looked at");
    }
    let read = |path: PathBuf| Source { text: fs::read_to_string(root().join(&path)).expect("a source file"), path };
    paths.into_iter().map(read).collect()
}

/// Paths, from the root folder, of files outside of build output and hidden folders.
fn files_where(wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.is_file() && wanted(&path) {
                found.push(path.strip_prefix(root()).expect("below the root").to_path_buf());
            }
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the workspace")
}
