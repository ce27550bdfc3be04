//! Where the files are on this machine.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::bundle::{File, Origin};

/// A file of the lab is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is neither in the folder that KUBEBUILDER_ASSETS names, nor on PATH, nor in the cache at {}: \
     `cargo xtask lab tools` builds it there, once, by Go",
    file.name(), expected.display()
)]
pub struct Missing {
    file: File,
    expected: PathBuf,
}

/// Where `file` is: in the folder that `KUBEBUILDER_ASSETS` names, else on `PATH`, else in the cache.
///
/// Istio's programs fit each other and the files beside them, so they are taken from the cache only.
///
/// # Errors
/// [`Missing`] when it is in none of these places.
pub fn find(file: File) -> Result<PathBuf, Missing> {
    find_by(file, |name| env::var_os(name).filter(|value| !value.is_empty()))
}

/// The folder of all that is installed for Graylane: `GRAYLANE_CACHE`, else `graylane` in the user's folder for caches.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    cache_by(&|name| env::var_os(name).filter(|value| !value.is_empty()))
}

fn find_by(file: File, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Missing> {
    let bundle = file.bundle();
    let expected = bundle.place(&cache_by(&variable).unwrap_or_default()).join(file.name());
    let anywhere = matches!(file.origin(), Origin::Package(_)) && file.bundle() != crate::Bundle::Istio;
    let path = variable("PATH").unwrap_or_default();
    let assets = variable("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let elsewhere = assets.into_iter().chain(env::split_paths(&path)).filter(|_| anywhere);
    let mut places = elsewhere.map(|folder| folder.join(file.name())).chain([expected.clone()]);
    places.find(|place| place.is_file()).ok_or(Missing { file, expected })
}

fn cache_by(variable: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    folder("GRAYLANE_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("graylane")))
        .or_else(|| Some(folder("HOME")?.join(".cache/graylane")))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Bundle;

    fn put(folder: &Path, file: File) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(file.name());
        fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn named_assets_beat_the_path_beats_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let variable = |name: &str| match name {
            "KUBEBUILDER_ASSETS" => Some(root.join("assets").into()),
            "PATH" => Some(root.join("bin").into()),
            "GRAYLANE_CACHE" => Some(root.join("cache").into()),
            _ => None,
        };
        let place = Bundle::Etcd.place(&root.join("cache"));
        assert_eq!(find_by(File::Etcd, variable).unwrap_err().expected, place.join("etcd"));
        for folder in [place, root.join("bin"), root.join("assets")] {
            let put = put(&folder, File::Etcd);
            assert_eq!(find_by(File::Etcd, variable), Ok(put));
        }
    }

    #[test]
    fn parts_of_istio_fit_each_other_so_that_none_is_taken_from_the_path() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), File::PilotAgent);
        let variable = |name: &str| (name == "PATH").then(|| folder.path().into());
        assert!(find_by(File::PilotAgent, variable).is_err());
    }

    #[test]
    fn what_is_missing_says_how_to_get_it() {
        let refusal = find_by(File::KubeApiserver, |name| (name == "HOME").then(|| "/home/me".into())).unwrap_err();
        let text = refusal.to_string();
        for part in ["kube-apiserver", "/home/me/.cache/graylane/kubernetes-1.36.3", "cargo xtask lab tools"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
