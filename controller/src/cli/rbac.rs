//! `graylane rbac`: the rights that the controller needs.

use std::io::Write;

use clap::Args;

use super::{CliError, Verdict};
use crate::cluster;

#[derive(Debug, Args)]
pub(super) struct RbacArgs {}

pub(super) fn run(_: &RbacArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    for (index, manifest) in cluster::manifests().iter().enumerate() {
        let separator = if index == 0 { "" } else { "---\n" };
        write!(out, "{separator}{}", serde_saphyr::to_string(manifest)?)?;
    }
    Ok(Verdict::Fine)
}
