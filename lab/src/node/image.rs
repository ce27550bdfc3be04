//! Images: programs of this machine, by the names that pod templates have for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use graylane::envoy::{NoEnvoy, find_executable};
use graylane_lab_tools::{File, Missing, find};

/// What an image is here.
#[derive(Debug, Clone)]
pub enum Image {
    /// A program. Its version is the tag of the image.
    Program {
        /// The executable.
        file: PathBuf,
        /// Arguments before those of the container.
        arguments: Vec<String>,
        /// The variable that tells it its version, if it wants to know.
        version: Option<String>,
    },
    /// Istio's agent, which starts this Envoy and feeds it.
    Proxy {
        /// The agent.
        agent: PathBuf,
        /// The Envoy.
        envoy: PathBuf,
        /// The template of what Envoy is started with.
        template: PathBuf,
    },
}

/// All images that can be run, by name without registry and tag.
#[derive(Debug, Clone, Default)]
pub struct Images(BTreeMap<String, Image>);

/// What a pod template says of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) name: &'a str,
    pub(super) tag: &'a str,
}

/// A program of an image is not on this machine.
#[derive(Debug, thiserror::Error)]
pub enum NoImage {
    /// One of ours is not built.
    #[error("image \"{image}\" is the program {}, which is not built: `cargo build --package {image}`", file.display())]
    NotBuilt {
        /// The image, and the package.
        image: &'static str,
        /// Where its program would be.
        file: PathBuf,
    },
    /// There is no agent of Istio's.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// There is no Envoy.
    #[error(transparent)]
    NoEnvoy(#[from] NoEnvoy),
}

impl Images {
    /// Our own programs, where cargo puts them: the services of the shop, and the controller.
    ///
    /// # Errors
    /// [`NoImage`] when one is not built.
    pub fn built_in(folder: &Path) -> Result<Self, NoImage> {
        let ours = |image: &'static str, arguments: &[&str], version: Option<&str>| {
            let file = folder.join(image);
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let version = version.map(str::to_owned);
            if file.is_file() {
                Ok(Image::Program { file, arguments, version })
            } else {
                Err(NoImage::NotBuilt { image, file })
            }
        };
        Ok(Self::default()
            .with("shop", ours("shop", &["serve"], Some("SHOP_APP_VERSION"))?)
            .with("graylane", ours("graylane", &[], None)?))
    }

    /// With Istio's proxy as well, by the name that its releases have.
    ///
    /// # Errors
    /// [`NoImage`] when there is no agent or no Envoy.
    pub fn with_proxy(self) -> Result<Self, NoImage> {
        let (agent, template) = (find(File::PilotAgent)?, find(File::ProxyTemplate)?);
        Ok(self.with("proxyv2", Image::Proxy { agent, envoy: find_executable(None)?, template }))
    }

    /// With this image as well.
    #[must_use]
    pub fn with(mut self, name: &str, image: Image) -> Self {
        self.0.insert(name.to_owned(), image);
        self
    }

    /// The image that is referred to.
    pub(super) fn get(&self, reference: Reference<'_>) -> Option<&Image> {
        self.0.get(reference.name)
    }

    /// What there is, for whoever asked for something else.
    pub(super) fn names(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Reference<'a> {
    /// Reads `[REGISTRY/]NAME[:TAG][@DIGEST]`.
    pub(super) fn parse(text: &'a str) -> Self {
        let without_digest = text.split('@').next().unwrap_or(text);
        let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
        let (name, tag) = last.split_once(':').unwrap_or((last, "latest"));
        Self { name, tag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_name_and_its_tag_is_the_version() {
        for (text, name, tag) in [
            ("shop:v1", "shop", "v1"),
            ("shop", "shop", "latest"),
            ("registry.example:5000/team/shop:v2", "shop", "v2"),
            ("shop:v1@sha256:0a1b", "shop", "v1"),
        ] {
            assert_eq!(Reference::parse(text), Reference { name, tag }, "{text}");
        }
    }
}
