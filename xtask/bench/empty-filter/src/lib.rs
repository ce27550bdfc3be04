//! A filter on the SDK that decides nothing: what remains is the price of the SDK's callbacks, all
//! of which Envoy makes since the linker keeps every export. Only the bench uses it.
#![expect(missing_docs, reason = "the SDK's macro makes a public function without a comment")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Empty));
}}

struct Empty;

impl Context for Empty {}

impl RootContext for Empty {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Self))
    }
}

impl HttpContext for Empty {}
