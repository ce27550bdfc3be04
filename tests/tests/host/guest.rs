//! Tiny guests in WAT text: a fixed frame with the imports and an allocator, plus the callbacks of one test.

use graylane_tests::host::Module;

/// Numbers of the ABI, as WAT operands.
pub(crate) const REQUEST: &str = "(i32.const 0)";
pub(crate) const RESPONSE: &str = "(i32.const 2)";
pub(crate) const COUNTER: &str = "(i32.const 0)";
pub(crate) const GAUGE: &str = "(i32.const 1)";
pub(crate) const HISTOGRAM: &str = "(i32.const 2)";

/// What every guest has. `$report` logs a status as two digits; the `$show_*` functions report the status of
/// a call and, when it is 0, log the bytes it handed over.
const FRAME: &str = r#"
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove_header (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_size" (func $header_bytes (param i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
  (import "env" "proxy_get_metric" (func $metric (param i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_every (param i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
  (import "env" "proxy_done" (func $done (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (global $calls (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get $size))))
  (func $say (param $at i32) (param $size i32)
    (drop (call $log (i32.const 2) (local.get $at) (local.get $size))))
  (func $report (param $status i32)
    (i32.store8 (i32.const 16) (i32.add (i32.const 48) (i32.div_u (local.get $status) (i32.const 10))))
    (i32.store8 (i32.const 17) (i32.add (i32.const 48) (i32.rem_u (local.get $status) (i32.const 10))))
    (call $say (i32.const 16) (i32.const 2)))
  (func $show (param $status i32)
    (call $report (local.get $status))
    (if (i32.eqz (local.get $status))
      (then (call $say (i32.load (i32.const 32)) (i32.load (i32.const 36))))))
  (func $show_header (param $map i32) (param $at i32) (param $size i32)
    (call $show (call $header (local.get $map) (local.get $at) (local.get $size) (i32.const 32) (i32.const 36))))
  (func $show_property (param $at i32) (param $size i32)
    (call $show (call $property (local.get $at) (local.get $size) (i32.const 32) (i32.const 36))))
  (func $show_shared (param $at i32) (param $size i32)
    (call $show (call $shared (local.get $at) (local.get $size) (i32.const 32) (i32.const 36) (i32.const 40))))
  (func $show_buffer (param $kind i32)
    (i64.store (i32.const 32) (i64.const 0))
    (call $show (call $buffer (local.get $kind) (i32.const 0) (i32.const 100000) (i32.const 32) (i32.const 36))))
"#;

/// A guest that is being written.
#[derive(Default)]
pub(crate) struct Guest {
    parts: Vec<String>,
    texts: usize,
}

impl Guest {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Puts a text into the guest's memory; returns its place and size as two WAT operands.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> String {
        let (text, at) = (text.as_ref(), 1024 + self.texts);
        let escaped: Vec<String> = text.iter().map(|byte| format!("\\{byte:02x}")).collect();
        self.parts.push(format!("(data (i32.const {at}) \"{}\")", escaped.concat()));
        self.texts += text.len();
        format!("(i32.const {at}) (i32.const {})", text.len())
    }

    /// Adds a callback, whose parameters are `$0`, `$1` and so on.
    pub(crate) fn on(mut self, callback: &str, body: impl AsRef<str>) -> Self {
        let (parameters, default) = signature(callback);
        let parameters: Vec<String> = (0..parameters).map(|index| format!("(param ${index} i32)")).collect();
        let (result, end) = match default {
            Some(default) => ("(result i32)", format!("(i32.const {default})")),
            None => ("", String::new()),
        };
        let (parameters, body) = (parameters.concat(), body.as_ref());
        self.parts.push(format!("(func (export \"{callback}\") {parameters} {result} {body} {end})"));
        self
    }

    pub(crate) fn build(self) -> anyhow::Result<Module> {
        let text = format!("(module {FRAME} {})", self.parts.join("\n"));
        Ok(Module::load(text.as_bytes())?)
    }
}

/// How many parameters a callback has, and what it answers unless its body returns.
fn signature(callback: &str) -> (usize, Option<u32>) {
    match callback {
        "_initialize" | "_start" => (0, None),
        "proxy_on_tick" | "proxy_on_log" | "proxy_on_delete" => (1, None),
        "proxy_on_done" => (1, Some(1)),
        "proxy_on_context_create" => (2, None),
        "proxy_on_vm_start" | "proxy_on_configure" => (2, Some(1)),
        _ => (3, Some(0)),
    }
}
