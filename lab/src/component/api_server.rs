//! The API server: one administrator with a token, everyone else by role-based access control.

use std::fs;
use std::path::PathBuf;

use http::Request;

use super::{CannotPrepare, etcd};
use crate::folder::Folder;
use crate::kubeconfig::ADMINISTRATOR;
use crate::namespace::{LAB_ADDRESS, SERVICE_NETWORK};
use crate::process::Program;

/// The port of the API server, inside the lab.
pub(super) const PORT: u16 = 6443;

/// Writes what the API server reads at its start.
pub(crate) fn prepare(folder: &Folder) -> Result<(), CannotPrepare> {
    fs::write(tokens(folder), format!("{ADMINISTRATOR},admin,admin,\"system:masters\"\n"))?;
    if !service_account_key(folder).is_file() {
        let key = rcgen::KeyPair::generate()?;
        fs::write(service_account_public_key(folder), key.public_key_pem())?;
        fs::write(service_account_key(folder), key.serialize_pem())?;
    }
    Ok(())
}

fn tokens(folder: &Folder) -> PathBuf {
    folder.certificates().join("tokens.csv")
}

fn service_account_key(folder: &Folder) -> PathBuf {
    folder.certificates().join("service-accounts.key")
}

fn service_account_public_key(folder: &Folder) -> PathBuf {
    folder.certificates().join("service-accounts.pub")
}

/// Pods reach it at the lab's address, which it must be told, because there is no default route to guess one from.
pub(super) fn program(program: Program, folder: &Folder) -> Program {
    program
        .option("--cert-dir=", folder.certificates())
        .option("--token-auth-file=", tokens(folder))
        .option("--service-account-key-file=", service_account_public_key(folder))
        .option("--service-account-signing-key-file=", service_account_key(folder))
        .arguments([
            format!("--etcd-servers={}", etcd::CLIENT_URL),
            format!("--secure-port={PORT}"),
            format!("--advertise-address={LAB_ADDRESS}"),
            "--bind-address=0.0.0.0".to_owned(),
            format!("--service-cluster-ip-range={SERVICE_NETWORK}"),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
            // There is no controller of service accounts to wait for.
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ])
}

pub(super) async fn is_ready(client: &kube::Client) -> bool {
    let Ok(request) = Request::get("/readyz").body(Vec::new()) else { return false };
    client.request_text(request).await.is_ok_and(|answer| answer == "ok")
}
