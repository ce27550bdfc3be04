//! Drops the exports that Envoy need not call, and the code that only they reached.
//!
//! Envoy enters the virtual machine for each callback that a module exports, even an empty one, and
//! skips those that are missing.

use anyhow::{Result, ensure};
use walrus::ModuleConfig;

/// What stays. The ABI marker, the allocator and the memory are the host's way in; the callbacks
/// are those that the plugin implements.
pub(super) const NEEDED_EXPORTS: [&str; 9] = [
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_on_response_headers",
    "proxy_on_log",
];

/// The same module with [`NEEDED_EXPORTS`] only, without dead code, names and other custom sections.
///
/// # Errors
///
/// When the bytes are not a module, or lack a needed export: a callback that silently never came
/// would be worse than no module.
pub(super) fn trim(linked: &[u8]) -> Result<Vec<u8>> {
    let mut module =
        ModuleConfig::new().generate_name_section(false).generate_producers_section(false).parse(linked)?;

    let missing: Vec<_> = NEEDED_EXPORTS
        .into_iter()
        .filter(|needed| module.exports.iter().all(|export| export.name != *needed))
        .collect();
    ensure!(missing.is_empty(), "the linked module does not export {}, which Envoy needs", missing.join(", "));

    let unneeded: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !NEEDED_EXPORTS.contains(&export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in unneeded {
        module.exports.delete(export);
    }
    let customs: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for custom in customs {
        module.customs.delete(custom);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

#[cfg(test)]
mod tests {
    use walrus::Module;

    use super::*;

    /// A module with `imports`, every needed export, and `more` besides.
    fn linked(imports: &str, more: &str) -> Vec<u8> {
        let callbacks = NEEDED_EXPORTS.map(|name| match name {
            "memory" => r#"(memory (export "memory") 1)"#.to_owned(),
            callback => format!(r#"(func (export "{callback}"))"#),
        });
        wat::parse_str(format!("(module {imports} {} {more})", callbacks.join(" "))).unwrap()
    }

    fn exports(module: &[u8]) -> Vec<String> {
        Module::from_buffer(module).unwrap().exports.iter().map(|export| export.name.clone()).collect()
    }

    #[test]
    fn only_needed_exports_stay() {
        let linked = linked("", r#"(func (export "proxy_on_request_body"))"#);
        assert_eq!(exports(&linked).len(), NEEDED_EXPORTS.len() + 1);
        let trimmed = trim(&linked).unwrap();
        assert_eq!(exports(&trimmed), NEEDED_EXPORTS);
    }

    #[test]
    fn code_and_imports_that_only_a_dropped_export_reached_are_gone() {
        let linked = linked(
            r#"(import "env" "proxy_send_local_response" (func $host))"#,
            r#"(func $deep call $host) (func (export "proxy_on_queue_ready") call $deep)"#,
        );
        let trimmed = Module::from_buffer(&trim(&linked).unwrap()).unwrap();
        assert_eq!(trimmed.imports.iter().count(), 0);
        assert_eq!(trimmed.functions().count(), NEEDED_EXPORTS.len() - 1);
    }

    #[test]
    fn custom_sections_are_gone() {
        let names_a_tool = |module: &[u8]| module.windows(4).any(|bytes| bytes == b"tool");
        let linked = linked("", r#"(@custom "tool" "version")"#);
        assert!(names_a_tool(&linked));
        assert!(!names_a_tool(&trim(&linked).unwrap()));
    }

    #[test]
    fn a_module_that_lacks_a_callback_is_refused_by_name() {
        let linked = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
        let error = trim(&linked).unwrap_err().to_string();
        assert!(error.contains("proxy_on_configure"), "{error}");
        assert!(!error.contains("memory,"), "{error}");
    }
}
