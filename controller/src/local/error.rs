//! Why a local mesh does not start. Once it runs, what goes wrong is an [`Event`](super::Event).

use std::io;
use std::path::PathBuf;

use crate::envoy::NoEnvoy;
use crate::resources::Findings;

/// Why a local mesh does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no Envoy.
    #[error(transparent)]
    NoEnvoy(#[from] NoEnvoy),
    /// There is no module for the filter.
    #[error(
        "{} is no WebAssembly module that can be read: build the filter by `cargo xtask module`, or name another by --module or \
         GRAYLANE_MODULE",
        file.display()
    )]
    NoModule {
        /// Where it was looked for.
        file: PathBuf,
    },
    /// The resources are no good.
    #[error("{0}\nnothing was started: mend the above and start again")]
    Resources(Findings),
    /// Another mesh runs from the same folder.
    #[error(
        "another `graylane local` uses {}: stop it, or name another state folder by --state-dir",
        folder.display()
    )]
    Busy {
        /// The state folder.
        folder: PathBuf,
    },
    /// No environment variable says where state belongs.
    #[error("neither XDG_STATE_HOME nor HOME says where to keep state: name a folder by --state-dir")]
    NoStateFolder,
    /// State can not be kept where it belongs.
    #[error("can not keep state in {}: {cause}; --state-dir names another folder", folder.display())]
    StateFolder {
        /// The state folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file or folder can not be used.
    #[error("can not {verb} {}: {cause}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The gateway's port is not to be had.
    #[error(
        "port {port} on loopback, which spec.gateway.port of the LocalMesh names, is not to be had: {cause}. Stop \
         whoever uses it (`ss -ltnp 'sport = :{port}'` tells), or name another port; 0 takes a free one"
    )]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        cause: io::Error,
    },
    /// Something that every system has is missing.
    #[error("can not {verb}: {cause}")]
    System {
        /// What was tried.
        verb: &'static str,
        /// What the system says.
        cause: io::Error,
    },
}
