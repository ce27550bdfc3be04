//! `graylane crd`: the custom resource definitions.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::{CliError, Verdict};
use crate::api;

#[derive(Debug, Args)]
pub(super) struct CrdArgs {
    /// Only these, by their plural names, as grayreleases; all when none is named
    names: Vec<String>,
    /// Write NAME.yaml files to this folder instead of printing
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &CrdArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let wanted = |definition: &CustomResourceDefinition| {
        args.names.is_empty() || args.names.contains(&definition.spec.names.plural)
    };
    for (index, definition) in api::definitions().iter().filter(|definition| wanted(definition)).enumerate() {
        let yaml = serde_saphyr::to_string(definition)?;
        match &args.dir {
            Some(dir) => {
                let file = dir.join(format!("{}.yaml", definition.spec.names.plural));
                fs::write(&file, yaml).map_err(|error| CliError::File { file, error })?;
            }
            None if index == 0 => write!(out, "{yaml}")?,
            None => write!(out, "---\n{yaml}")?,
        }
    }
    Ok(Verdict::Fine)
}
