//! What is built together: the programs of one Go module, and files of it that they need.

use std::path::{Path, PathBuf};

/// What comes from one Go module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// The store of the API server.
    Etcd,
    /// The control plane of Kubernetes.
    Kubernetes,
    /// Its command line, which most people have.
    Kubectl,
    /// The control plane of Istio, and its agent beside every proxy.
    Istio,
}

/// What the lab needs a path of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// Kubernetes' own controllers, of Deployments and so on.
    KubeControllerManager,
    /// What people type.
    Kubectl,
    /// istiod.
    PilotDiscovery,
    /// What starts, feeds and drains a proxy.
    PilotAgent,
    /// The custom resource definitions of Istio.
    IstioCrds,
    /// The template of what a proxy is started with.
    ProxyTemplate,
}

/// How a file comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The program that this Go package is.
    Package(&'static str),
    /// A file that lies in the module's folder.
    Copied(&'static str),
}

impl Bundle {
    /// Every bundle, in the order they are needed.
    pub const ALL: [Self; 4] = [Self::Etcd, Self::Kubernetes, Self::Kubectl, Self::Istio];

    /// The name of its folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Kubernetes => "kubernetes",
            Self::Kubectl => "kubectl",
            Self::Istio => "istio",
        }
    }

    /// The Go module that is built.
    #[must_use]
    pub fn module(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::Kubernetes | Self::Kubectl => "k8s.io/kubernetes",
            Self::Istio => "istio.io/istio",
        }
    }

    /// Its version, without the `v`: what our own `go.mod` requires.
    #[must_use]
    pub fn version(self) -> &'static str {
        let go_mod = match self {
            Self::Etcd => include_str!("../etcd/go.mod"),
            Self::Kubernetes | Self::Kubectl => include_str!("../kubernetes/go.mod"),
            Self::Istio => include_str!("../istio/go.mod"),
        };
        let required = |line: &'static str| {
            let mut words = line.trim_start_matches("require").split_whitespace();
            words.next().filter(|module| *module == self.module()).and_then(|_| words.next()?.strip_prefix('v'))
        };
        go_mod.lines().find_map(required).unwrap_or_default()
    }

    /// The folder of our own `go.mod`, in a checkout.
    #[must_use]
    pub fn source(self, checkout: &Path) -> PathBuf {
        let folder = match self {
            Self::Etcd => "etcd",
            Self::Kubernetes | Self::Kubectl => "kubernetes",
            Self::Istio => "istio",
        };
        checkout.join("lab/tools").join(folder)
    }

    /// What it has.
    pub fn files(self) -> impl Iterator<Item = File> {
        File::ALL.into_iter().filter(move |file| file.bundle() == self)
    }

    /// Where it is kept.
    #[must_use]
    pub fn place(self, cache: &Path) -> PathBuf {
        cache.join(format!("{}-{}", self.name(), self.version()))
    }

    /// What its linker is told: programs of Kubernetes know their version from there only.
    #[must_use]
    pub fn linker_flags(self) -> String {
        let stripped = "-s -w";
        match self {
            Self::Etcd | Self::Istio => return stripped.to_owned(),
            Self::Kubernetes | Self::Kubectl => {}
        }
        let version = self.version();
        let mut numbers = version.split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let name = "-X k8s.io/component-base/version.git";
        format!("{stripped} {name}Version=v{version} {name}Major={major} {name}Minor={minor}")
    }
}

impl File {
    /// Every file.
    pub const ALL: [Self; 8] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::Kubectl,
        Self::PilotDiscovery,
        Self::PilotAgent,
        Self::IstioCrds,
        Self::ProxyTemplate,
    ];

    /// The name that it has.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::PilotDiscovery => "pilot-discovery",
            Self::PilotAgent => "pilot-agent",
            Self::IstioCrds => "crd-all.gen.yaml",
            Self::ProxyTemplate => "envoy_bootstrap.json",
        }
    }

    /// What it comes with.
    #[must_use]
    pub fn bundle(self) -> Bundle {
        match self {
            Self::Etcd => Bundle::Etcd,
            Self::KubeApiserver | Self::KubeControllerManager => Bundle::Kubernetes,
            Self::Kubectl => Bundle::Kubectl,
            Self::PilotDiscovery | Self::PilotAgent | Self::IstioCrds | Self::ProxyTemplate => Bundle::Istio,
        }
    }

    /// How it comes to be.
    #[must_use]
    pub fn origin(self) -> Origin {
        match self {
            Self::Etcd => Origin::Package("go.etcd.io/etcd/server/v3"),
            Self::KubeApiserver => Origin::Package("k8s.io/kubernetes/cmd/kube-apiserver"),
            Self::KubeControllerManager => Origin::Package("k8s.io/kubernetes/cmd/kube-controller-manager"),
            Self::Kubectl => Origin::Package("k8s.io/kubernetes/cmd/kubectl"),
            Self::PilotDiscovery => Origin::Package("istio.io/istio/pilot/cmd/pilot-discovery"),
            Self::PilotAgent => Origin::Package("istio.io/istio/pilot/cmd/pilot-agent"),
            Self::IstioCrds => Origin::Copied("manifests/charts/base/files/crd-all.gen.yaml"),
            Self::ProxyTemplate => Origin::Copied("tools/packaging/common/envoy_bootstrap.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_go_modules() {
        assert_eq!(Bundle::Kubernetes.version(), "1.36.3");
        assert_eq!(Bundle::Etcd.version(), "3.7.3");
        assert!(Bundle::Istio.version().starts_with("0.0.0-2026"), "{}", Bundle::Istio.version());
    }

    #[test]
    fn kubernetes_is_told_its_version() {
        let name = "-X k8s.io/component-base/version.git";
        let told = format!("-s -w {name}Version=v1.36.3 {name}Major=1 {name}Minor=36");
        assert_eq!(Bundle::Kubernetes.linker_flags(), told);
        assert_eq!(Bundle::Kubectl.linker_flags(), told);
        assert_eq!(Bundle::Etcd.linker_flags(), "-s -w");
    }

    #[test]
    fn every_bundle_has_a_program() {
        for bundle in Bundle::ALL {
            assert!(bundle.files().any(|file| matches!(file.origin(), Origin::Package(_))), "{bundle:?}");
        }
    }
}
