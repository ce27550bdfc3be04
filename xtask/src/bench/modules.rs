//! The compiled modules: the hand-written ones are translated from their text, the SDK's empty
//! filter is built by cargo, the product's is taken as `cargo xtask module` left it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::variant::{Course, Module};
use crate::process;
use crate::workspace::Workspace;

/// Where each module's binary lies.
#[derive(Debug)]
pub(crate) struct Modules {
    folder: PathBuf,
    graylane: PathBuf,
    beside: Vec<PathBuf>,
}

impl Modules {
    /// Builds what the product is measured against, into `folder`.
    pub(crate) fn build(workspace: &Workspace, folder: &Path, graylane: PathBuf, beside: &[PathBuf]) -> Result<Self> {
        let modules = Self { folder: folder.to_path_buf(), graylane, beside: beside.to_vec() };
        translate(include_str!("../../bench/minimum.wat"), &modules.path(Module::Minimum))?;
        translate(include_str!("../../bench/minimum-log.wat"), &modules.path(Module::MinimumLog))?;
        for course in Course::ALL {
            translate(&calls_of(course), &modules.path(Module::Calls(course)))?;
        }
        build_empty_filter(workspace, &modules.path(Module::Empty))?;
        Ok(modules)
    }

    pub(crate) fn path(&self, module: Module) -> PathBuf {
        match module {
            Module::Empty => self.folder.join("empty-filter.wasm"),
            Module::Minimum => self.folder.join("minimum.wasm"),
            Module::MinimumLog => self.folder.join("minimum-log.wasm"),
            Module::Calls(course) => self.folder.join(format!("calls-{course:?}.wasm")),
            Module::Graylane => self.graylane.clone(),
            Module::Beside(nth) => self.beside.get(nth).cloned().unwrap_or_default(),
        }
    }

    /// What a module shares data under: with its other filters, and with no other build.
    pub(crate) fn vm_id(&self, module: Module) -> String {
        match module {
            Module::Calls(_) => "calls".to_owned(),
            other => self.path(other).display().to_string(),
        }
    }
}

/// The text of the module that makes the calls of `course`.
fn calls_of(course: Course) -> String {
    let (request, end) = match course {
        Course::Hop => ("$hop", "$count"),
        Course::Leave => ("$leave", "$forget"),
        Course::Enter => ("$enter", "$count"),
        Course::Pass => ("$pass", "$forget"),
        Course::Arrive => ("$arrive", "$forget"),
        Course::Remember => ("$remember", "$change"),
        Course::Recall => ("$recall", "$count"),
    };
    let text = include_str!("../../bench/calls.wat");
    format!("{text} (export \"proxy_on_request_headers\" (func {request})) (export \"proxy_on_log\" (func {end})))")
}

fn translate(text: &str, binary: &Path) -> Result<()> {
    let bytes = wat::parse_str(text).with_context(|| format!("cannot translate the text of {}", binary.display()))?;
    fs::write(binary, bytes).with_context(|| format!("cannot write {}", binary.display()))
}

/// With the product's profile, and with every export that the SDK brings.
fn build_empty_filter(workspace: &Workspace, binary: &Path) -> Result<()> {
    const TARGET: &str = "wasm32-wasip1";
    const PROFILE: &str = "plugin";
    let how = ["--target", TARGET, "--profile", PROFILE];
    process::run(workspace.cargo().args(["build", "--package", "empty-filter"]).args(how))?;
    let built = workspace.target().join(TARGET).join(PROFILE).join("empty_filter.wasm");
    fs::copy(&built, binary).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(())
}
