//! The store of the API server.

use crate::folder::Folder;
use crate::process::Program;

/// Where the API server finds it.
pub(super) const CLIENT_URL: &str = "http://127.0.0.1:2379";

const PEER_URL: &str = "http://127.0.0.1:2380";

/// Nothing here has to outlive a power cut, so it need not wait for the disk.
pub(super) fn program(program: Program, folder: &Folder) -> Program {
    program.option("--data-dir=", folder.etcd()).arguments([
        "--name=lab".to_owned(),
        "--unsafe-no-fsync".to_owned(),
        format!("--listen-client-urls={CLIENT_URL}"),
        format!("--advertise-client-urls={CLIENT_URL}"),
        format!("--listen-peer-urls={PEER_URL}"),
        format!("--initial-advertise-peer-urls={PEER_URL}"),
        format!("--initial-cluster=lab={PEER_URL}"),
    ])
}
