;; Every call between Envoy and the product that a request takes, and nothing else: what is decided is known before. The
;; product's price above that of this module is that of its own code.
;;
;; The bench adds which request and which end are exported, and the closing parenthesis: one module for each kind of request.
(module
  (import "env" "proxy_get_header_map_pairs"
    (func $get_headers (param $map i32) (param $at i32) (param $size_at i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param $map i32) (param $key i32) (param $key_size i32)
                      (param $value_at i32) (param $size_at i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $set_header (param $map i32) (param $key i32) (param $key_size i32)
                      (param $value i32) (param $value_size i32) (result i32)))
  (import "env" "proxy_remove_header_map_value"
    (func $remove_header (param $map i32) (param $key i32) (param $key_size i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $now (param $at i32) (result i32)))
  (import "env" "proxy_get_shared_data"
    (func $get_shared (param $key i32) (param $key_size i32)
                      (param $value_at i32) (param $size_at i32) (param $version_at i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set_shared (param $key i32) (param $key_size i32)
                      (param $value i32) (param $value_size i32) (param $version i32) (result i32)))

  ;; 0      address and size of what the host gave last
  ;; 8      the version of a shared value
  ;; 16     the time
  ;; 64     names and values
  ;; 4096   what the host gave
  (memory (export "memory") 2)
  (data (i32.const 64) "x-gray-lane")
  (data (i32.const 80) "x-gray-id")
  (data (i32.const 96) "x-gray-version")
  (data (i32.const 112) "gray")
  (data (i32.const 128) "9f86d081")
  (data (i32.const 144) "v2")
  (data (i32.const 160) ":status")
  (data (i32.const 176) "baggage")
  (data (i32.const 192) "gray-lane=gray,gray-id=9f86d081")
  (data (i32.const 224) "calls/set-_________000")

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (i32.const 4096))

  (func (export "proxy_on_response_headers")
        (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (i32.const 0))

  ;; A marked request for a service that is configured.
  (func $hop (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (drop (call $now (i32.const 16)))
    (drop (call $set_header (i32.const 0) (i32.const 96) (i32.const 14) (i32.const 144) (i32.const 2)))
    (i32.const 0))

  ;; A marked request for a service that is not configured.
  (func $leave (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (drop (call $remove_header (i32.const 0) (i32.const 64) (i32.const 11)))
    (drop (call $remove_header (i32.const 0) (i32.const 80) (i32.const 9)))
    (i32.const 0))

  ;; A request without a mark for a service that is configured.
  (func $enter (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (drop (call $now (i32.const 16)))
    (drop (call $set_header (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 112) (i32.const 4)))
    (drop (call $set_header (i32.const 0) (i32.const 80) (i32.const 9) (i32.const 128) (i32.const 8)))
    (drop (call $set_header (i32.const 0) (i32.const 96) (i32.const 14) (i32.const 144) (i32.const 2)))
    (i32.const 0))

  ;; A request without a mark for a service that is not configured.
  (func $pass (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (i32.const 0))

  ;; A marked request for an app.
  (func $arrive (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (drop (call $set_header (i32.const 0) (i32.const 176) (i32.const 7) (i32.const 192) (i32.const 31)))
    (i32.const 0))

  ;; The same, and it is remembered. Its end is read before it is written, as it is where others write as well.
  (func $remember (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (call $change (local.get $context))
    (drop (call $set_header (i32.const 0) (i32.const 176) (i32.const 7) (i32.const 192) (i32.const 31)))
    (i32.const 0))

  ;; A call without its mark, which is looked up.
  (func $recall (param $context i32) (param $headers i32) (param $end i32) (result i32)
    (drop (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
    (call $read (local.get $context))
    (drop (call $now (i32.const 16)))
    (drop (call $set_header (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 112) (i32.const 4)))
    (drop (call $set_header (i32.const 0) (i32.const 80) (i32.const 9) (i32.const 128) (i32.const 8)))
    (drop (call $set_header (i32.const 0) (i32.const 96) (i32.const 14) (i32.const 144) (i32.const 2)))
    (i32.const 0))

  ;; One of 4,096 sets, each as likely.
  (func $read (param $context i32)
    (local $set i32)
    (local.set $set (i32.mul (local.get $context) (i32.const 0x9e3779b1)))
    (i32.store8 (i32.const 243) (i32.add (i32.const 64) (i32.shr_u (local.get $set) (i32.const 28))))
    (i32.store8 (i32.const 244)
      (i32.add (i32.const 64) (i32.and (i32.const 15) (i32.shr_u (local.get $set) (i32.const 24)))))
    (i32.store8 (i32.const 245)
      (i32.add (i32.const 64) (i32.and (i32.const 15) (i32.shr_u (local.get $set) (i32.const 20)))))
    (i32.store (i32.const 8) (i32.const 0))
    (drop (call $get_shared
      (i32.const 224) (i32.const 22) (i32.const 0) (i32.const 4) (i32.const 8))))

  (func $change (param $context i32)
    (call $read (local.get $context))
    (drop (call $set_shared
      (i32.const 224) (i32.const 22) (i32.const 4096) (i32.const 200) (i32.load (i32.const 8)))))

  ;; The end of a request that is counted.
  (func $count (param $context i32)
    (drop (call $get_header (i32.const 2) (i32.const 160) (i32.const 7) (i32.const 0) (i32.const 4)))
    (drop (call $now (i32.const 16))))

  ;; The end of one that is not.
  (func $forget (param $context i32))
