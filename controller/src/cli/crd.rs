//! `graylane crd`: the custom resource definitions.

use std::io::Write;

use clap::Args;

use super::{CliError, Verdict};
use crate::api;

#[derive(Debug, Args)]
pub(super) struct CrdArgs {
    /// Only these, by plural name as grayreleases; all when none is named
    #[arg(value_parser = known)]
    names: Vec<String>,
}

pub(super) fn run(args: &CrdArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let definitions = api::definitions();
    let wanted = |plural: &String| args.names.is_empty() || args.names.contains(plural);
    let wanted = definitions.iter().filter(|definition| wanted(&definition.spec.names.plural));
    for (index, definition) in wanted.enumerate() {
        let separator = if index == 0 { "" } else { "---\n" };
        write!(out, "{separator}{}", serde_saphyr::to_string(definition)?)?;
    }
    Ok(Verdict::Fine)
}

fn known(name: &str) -> Result<String, String> {
    let names = api::definitions().map(|definition| definition.spec.names.plural);
    if names.iter().any(|known| known == name) {
        Ok(name.to_owned())
    } else {
        Err(format!("{} are allowed", names.join(", ")))
    }
}
