;; The least that a router in Proxy-Wasm must do for a request: read one header, write one, count
;; one decision. No SDK, no allocation, and no export that Envoy would call without need: it skips
;; callbacks that a module does not have, and each one that it has costs an entry into the VM.
;;
;; ABI 0.2.1 (proxy-wasm/spec, abi-versions/v0.2.1), where a header write makes Envoy choose the
;; route again. The other file, minimum-log.wat, is this one plus a log callback.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param $map i32) (param $key i32) (param $key_size i32)
                      (param $value_at i32) (param $size_at i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $set_header (param $map i32) (param $key i32) (param $key_size i32)
                      (param $value i32) (param $value_size i32) (result i32)))
  (import "env" "proxy_define_metric"
    (func $define_metric (param $type i32) (param $name i32) (param $name_size i32)
                         (param $id_at i32) (result i32)))
  (import "env" "proxy_increment_metric"
    (func $increment (param $id i32) (param $by i64) (result i32)))

  ;; 0      address and size of the last value that the host gave
  ;; 8      id of the counter
  ;; 64     names
  ;; 4096   the value itself
  (memory (export "memory") 2)
  (data (i32.const 64) "x-gray-lane")
  (data (i32.const 80) "x-gray-version")
  (data (i32.const 96) "v2")
  (data (i32.const 112) "bench_minimum_decisions")

  (func (export "proxy_abi_version_0_2_1"))

  ;; The host asks for room before it hands over a value. One value is looked at at a time, so all
  ;; of them may lie at the same place. Envoy's limit of 60 KiB for all headers keeps them inside.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (i32.const 4096))

  ;; A counter (type 0) is defined once, outside of any request.
  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (i32.eqz (call $define_metric (i32.const 0) (i32.const 112) (i32.const 23) (i32.const 8))))

  ;; Map 0 holds the request headers. Status 0 is success: the request is marked. Returns 0, go on.
  (func (export "proxy_on_request_headers")
        (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (if (i32.eqz (call $get_header (i32.const 0) (i32.const 64) (i32.const 11)
                                   (i32.const 0) (i32.const 4)))
      (then
        (drop (call $set_header (i32.const 0) (i32.const 80) (i32.const 14)
                                (i32.const 96) (i32.const 2)))))
    (drop (call $increment (i32.load (i32.const 8)) (i64.const 1)))
    (i32.const 0))
)
