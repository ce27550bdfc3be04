//! What the other commands need on this machine, found or installed: the toolchain's targets, and
//! the programs listed in [`tool`]. Nothing is installed system-wide, and nothing into the work tree.

mod cache;
mod find;
mod go;
mod install;
mod lab;
mod lock;
mod tool;
mod toolchain;
mod version;

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::Workspace;
use cache::Cache;
pub(crate) use lab::lab;
pub(crate) use tool::Tool;
pub(crate) use toolchain::complete as complete_toolchain;

/// Everything that tests need, said line by line.
pub(crate) fn everything(workspace: &Workspace) -> Result<()> {
    complete_toolchain(workspace)?;
    for tool in Tool::FOR_TESTS {
        program(workspace, tool)?;
    }
    Ok(())
}

/// Path of the Envoy to run traffic through, installed first if this machine does not have it.
pub(crate) fn proxy(workspace: &Workspace) -> Result<PathBuf> {
    program(workspace, Tool::Envoy)
}

/// Path of a tool, installed first if this machine does not have it.
pub(crate) fn program(workspace: &Workspace, tool: Tool) -> Result<PathBuf> {
    let wanted = tool.wanted(workspace)?;
    if let Some(found) = wanted.find()? {
        return Ok(found);
    }
    let cache = Cache::open()?;
    let file = cache.program(&wanted);
    if file.is_file() {
        println!("setup: {wanted}: {}", file.display());
        return Ok(file);
    }
    println!("setup: {wanted}: not here yet; installing {} into {}", wanted.source, file.display());
    cache.install(workspace, &wanted)?;
    Ok(file)
}
