//! `graylane plan`: what filters and routers would be told.

use std::io::Write;

use clap::Args;
use kube::api::DynamicObject;
use serde::Serialize;

use super::output::DataForm;
use super::{CliError, Files, Verdict, module};
use crate::cluster::{ModuleSource, istio_manifests};

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    files: Files,
    /// Print the objects of Istio that say so, as a controller would write them: for `kubectl apply -f -`
    #[arg(long, requires = "module_url")]
    istio: bool,
    /// Where proxies get the module from: https://, http://, oci:// or file://
    #[arg(long, value_name = "URL", value_parser = module::url, requires = "istio")]
    module_url: Option<String>,
    /// The SHA-256 of the module at that URL
    #[arg(long, value_name = "HEX", value_parser = module::sha256, requires = "module_url")]
    module_sha256: Option<String>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t = DataForm::Yaml)]
    output: DataForm,
}

pub(super) fn run(args: PlanArgs, out: &mut impl Write) -> Result<Verdict, CliError> {
    let PlanArgs { files, istio: _, module_url, module_sha256, output } = args;
    let (resources, plan) = files.planned()?;
    let Some(url) = module_url else {
        output.print(&plan, out)?;
        return Ok(Verdict::Fine);
    };
    let module = ModuleSource { url, sha256: module_sha256 };
    let manifests = istio_manifests(&resources.observe(), &plan, &module);
    let manifests = manifests.map_err(|refusals| resources.locate(refusals))?;
    print(&manifests, output, out)?;
    Ok(Verdict::Fine)
}

/// Several objects in one text: documents in YAML, a list of Kubernetes' in JSON.
fn print(objects: &[DynamicObject], output: DataForm, out: &mut impl Write) -> Result<(), CliError> {
    match output {
        DataForm::Yaml => {
            for (index, object) in objects.iter().enumerate() {
                let separator = if index == 0 { "" } else { "---\n" };
                write!(out, "{separator}")?;
                output.print(object, out)?;
            }
            Ok(())
        }
        DataForm::Json => output.print(&List { api_version: "v1", kind: "List", items: objects }, out),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'o> {
    api_version: &'static str,
    kind: &'static str,
    items: &'o [DynamicObject],
}
