;; minimum.wat plus what statistics by response class cost at least: a log callback that reads the
;; status and counts. See there for what is shared.
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

  (memory (export "memory") 2)
  (data (i32.const 64) "x-gray-lane")
  (data (i32.const 80) "x-gray-version")
  (data (i32.const 96) "v2")
  (data (i32.const 112) "bench_minimum_log_decisions")
  (data (i32.const 144) ":status")

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (i32.eqz (call $define_metric (i32.const 0) (i32.const 112) (i32.const 27) (i32.const 8))))

  (func (export "proxy_on_request_headers")
        (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (if (i32.eqz (call $get_header (i32.const 0) (i32.const 64) (i32.const 11)
                                   (i32.const 0) (i32.const 4)))
      (then
        (drop (call $set_header (i32.const 0) (i32.const 80) (i32.const 14)
                                (i32.const 96) (i32.const 2)))))
    (i32.const 0))

  ;; Map 2 holds the response headers. The one increment of this module is here, where the outcome
  ;; is known: responses of class 2xx only, which is what the bench sees.
  (func (export "proxy_on_log") (param $context i32)
    (if (i32.eqz (call $get_header (i32.const 2) (i32.const 144) (i32.const 7)
                                   (i32.const 0) (i32.const 4)))
      (then
        (if (i32.eq (i32.load8_u (i32.load (i32.const 0))) (i32.const 50))
          (then
            (drop (call $increment (i32.load (i32.const 8)) (i64.const 1))))))))
)
