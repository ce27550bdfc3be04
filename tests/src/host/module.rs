//! A compiled module, checked as Envoy checks it when it loads one.

use wasmi::{CompilationMode, Config, Engine};

use super::error::HostError;

/// Any of these says which ABI the module speaks; this host knows no older one.
const ABI_VERSIONS: [&str; 2] = ["proxy_abi_version_0_2_1", "proxy_abi_version_0_2_0"];
/// Any of these gives the host memory for what it returns.
pub(super) const ALLOCATORS: [&str; 2] = ["malloc", "proxy_on_memory_allocate"];

/// A compiled plugin, shared by all VMs that run it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Module(wasmi::Module);

impl Module {
    /// Compiles a module given as WebAssembly or as WAT text.
    ///
    /// # Errors
    ///
    /// When Envoy would refuse it: it is invalid, has no ABI version or no allocator.
    pub fn load(bytes: &[u8]) -> Result<Self, HostError> {
        // Translated at once, so that the fuel of a request holds nothing but its own instructions.
        let config = &mut Config::default();
        let engine = Engine::new(config.consume_fuel(true).compilation_mode(CompilationMode::Eager));
        let module = wasmi::Module::new(&engine, bytes)?;
        for (wanted, names) in [("proxy_abi_version_0_2_1", ABI_VERSIONS), ("malloc", ALLOCATORS)] {
            if !names.iter().any(|name| module.get_export(name).is_some()) {
                return Err(HostError::MissingExport(wanted));
            }
        }
        Ok(Self(module))
    }

    pub(super) fn compiled(&self) -> &wasmi::Module {
        &self.0
    }
}
