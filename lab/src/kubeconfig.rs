//! How clients reach the API server.

use std::path::Path;
use std::{fs, io};

use crate::folder::Folder;

/// The token of whoever may do everything. It opens nothing but a lab, which only this machine reaches.
pub const ADMINISTRATOR: &str = "lab-administrator";

/// A name that the API server's own certificate has, at whatever address it is reached.
const SERVER_NAME: &str = "kubernetes.default.svc";

/// Writes a kubeconfig for the API server at `server`, such as `https://127.0.0.1:6443`.
///
/// # Errors
/// When the file can not be written.
pub fn write(file: &Path, folder: &Folder, server: &str, token: &str) -> io::Result<()> {
    // JSON is YAML.
    let text = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {
            "server": server,
            "tls-server-name": SERVER_NAME,
            "certificate-authority": folder.certificates().join("apiserver.crt"),
        }}],
        "users": [{"name": "lab", "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    });
    fs::write(file, format!("{text:#}\n"))
}
