//! Drops the exports that Envoy need not call, the messages of panics, and the code that only they reached.
//!
//! Envoy enters the virtual machine for each callback that a module exports, even an empty one, and
//! skips those that are missing. A panic is a trap with or without the code that composes its message:
//! the module's target has no place to write one to.

use std::ops::Range;

use anyhow::{Result, ensure};
use walrus::ir::Value;
use walrus::{ConstExpr, Data, DataKind, FunctionBuilder, FunctionId, FunctionKind, Module, ModuleConfig};

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

/// Functions of the standard library that never return, as their mangled names have it: where every panic, failed
/// index and failed allocation ends; and what shows a value as `{:?}` does, which only messages of panics have in them
/// (`tests/fences.rs`). One that is missing only makes the module larger.
pub(super) const PANICS: [&str; 14] = [
    "4core9panicking",
    "4core3str16slice_error_fail",
    "4core5slice5index16slice_index_fail",
    "4core5slice20copy_from_slice_impl17len_mismatch_fail",
    "4core6option13unwrap_failed",
    "4core6option13expect_failed",
    "4core6result13unwrap_failed",
    "4core4cell22panic_already_borrowed",
    "5alloc7raw_vec12handle_error",
    "5alloc7raw_vec17capacity_overflow",
    "5alloc5alloc18handle_alloc_error",
    "4core3fmt8builders",
    "5Debug3fmt",
    "fmt..Debug$GT$3fmt",
];

/// What is told by panics of the standard library and of dependencies, and by nothing else. One that is missing only makes the
/// module larger.
pub(super) const MESSAGES: [&str; 18] = [
    " index out of bounds: the len is ",
    " is not a char boundary; it is inside ",
    " out of range for slice of length ",
    "ArrayVec: capacity exceeded in extend/from_iter",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "Tried to shrink to a larger capacity",
    "a Display implementation returned an error unexpectedly",
    "a formatting trait implementation returned an error when the underlying stream did not",
    "assertion failed: psize <= size + max_overhead",
    "assertion failed: psize >= size + min_overhead",
    "assertion failed: self.is_char_boundary(new_len)",
    "attempt to divide by zero",
    "attempt to join into collection with len > usize::MAX",
    "called `Option::unwrap()` on a `None` value",
    "called `Result::unwrap()` on an `Err` value",
    "capacity overflow",
    "copy_from_slice: source slice length (",
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
    silence_panics(&mut module);
    forget_messages(&mut module);
    let customs: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for custom in customs {
        module.customs.delete(custom);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Puts a trap in the place of [`PANICS`].
fn silence_panics(module: &mut Module) {
    let panics = |name: &String| PANICS.iter().any(|panic| name.contains(panic));
    let silenced: Vec<FunctionId> = module
        .functions()
        .filter(|function| function.name.as_ref().is_some_and(panics))
        .map(walrus::Function::id)
        .collect();
    for function in silenced {
        let kind = module.types.get(module.funcs.get(function).ty());
        let (parameters, results) = (kind.params().to_vec(), kind.results().to_vec());
        let mut trap = FunctionBuilder::new(&mut module.types, &parameters, &results);
        trap.func_body().unreachable();
        let arguments = parameters.iter().map(|kind| module.locals.add(*kind)).collect();
        module.funcs.get_mut(function).kind = FunctionKind::Local(trap.local_func(arguments));
    }
}

/// Blanks what panics would be told by: [`MESSAGES`], the paths of source files, and the places in them. Optimising drops
/// blanks.
fn forget_messages(module: &mut Module) {
    let all: Vec<_> = module.data.iter().map(Data::id).collect();
    for id in all {
        let data = module.data.get_mut(id);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = data.kind else { continue };
        for message in MESSAGES {
            for at in all_of(message.as_bytes(), &data.value) {
                blank(&mut data.value, at..at + message.len());
            }
        }
        for path in paths(&data.value) {
            let (Ok(at), Ok(length)) = (i32::try_from(path.start), i32::try_from(path.len())) else { continue };
            blank(&mut data.value, path);
            // `core::panic::Location`: the address and length of a path, a line, a column.
            let place = [start.wrapping_add(at).to_le_bytes(), length.to_le_bytes()];
            for at in all_of(place.as_flattened(), &data.value) {
                blank(&mut data.value, at..at + 16);
            }
        }
    }
}

/// Where paths of source files stand.
fn paths(content: &[u8]) -> Vec<Range<usize>> {
    const ENDING: &[u8] = b".rs";
    let foreign = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"/-_.".contains(byte);
    let path = |at| {
        let before = content.iter().take(at).rposition(foreign);
        before.map_or(0, |before| before + 1)..at + ENDING.len()
    };
    all_of(ENDING, content).into_iter().map(path).collect()
}

/// Where `wanted` stands.
fn all_of(wanted: &[u8], content: &[u8]) -> Vec<usize> {
    let found = content.windows(wanted.len()).enumerate().filter(|(_, bytes)| *bytes == wanted);
    found.map(|(at, _)| at).collect()
}

fn blank(content: &mut [u8], range: Range<usize>) {
    if let Some(part) = content.get_mut(range) {
        part.fill(0);
    }
}

#[cfg(test)]
mod tests {
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
    fn what_only_composes_the_message_of_a_panic_is_gone_and_the_trap_stays() {
        let linked = linked(
            r#"(import "env" "proxy_log" (func $host))"#,
            r#"(func $_RNvNtCs1_4core9panicking9panic_fmt (param i32) call $host)
               (func $used (export "_start") i32.const 1 call $_RNvNtCs1_4core9panicking9panic_fmt)
               (start $used)"#,
        );
        let trimmed = Module::from_buffer(&trim(&linked).unwrap()).unwrap();
        assert_eq!(trimmed.imports.iter().count(), 0);
        assert_eq!(trimmed.functions().count(), NEEDED_EXPORTS.len() - 1 + 2);
    }

    #[test]
    fn what_a_panic_says_is_gone_and_other_texts_stay() {
        let linked = linked("", r#"(data (i32.const 16) "kept, RefCell already borrowed, kept")"#);
        let trimmed = Module::from_buffer(&trim(&linked).unwrap()).unwrap();
        let data = &trimmed.data.iter().next().unwrap().value;
        assert_eq!(data.iter().filter(|byte| **byte != 0).count(), "kept, , kept".len());
    }

    #[test]
    fn nothing_of_what_a_panic_says_is_said_by_ours() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut folders = ["core/src", "plugin/src", "plugin/abi/src"].map(|folder| root.join(folder)).to_vec();
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let said: Vec<_> = MESSAGES.into_iter().filter(|message| text.contains(message)).collect();
                assert!(said.is_empty(), "{} would be blanked in {}", said.join(", "), path.display());
                files += 1;
            }
        }
        assert!(files > 50, "{files} files were read");
    }

    #[test]
    fn where_a_panic_was_is_gone_and_other_texts_stay() {
        // At 16: a path of 11 bytes; at 40: its address and length, line 7, column 9.
        let linked = linked(
            "",
            r#"(data (i32.const 16) "src/some.rs\00kept\00\00\00\00\00\00\00\00\10\00\00\00\0b\00\00\00\07\00\00\00\09\00\00\00kept")"#,
        );
        let trimmed = Module::from_buffer(&trim(&linked).unwrap()).unwrap();
        let data = &trimmed.data.iter().next().unwrap().value;
        assert_eq!(data.iter().filter(|byte| **byte != 0).count(), "keptkept".len());
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
