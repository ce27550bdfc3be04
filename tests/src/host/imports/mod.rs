//! The guest's imports: one module for each group of host calls.
//!
//! Each handler only translates between the guest's memory and the state of the host. What a call means is
//! decided by that state's own types.

mod buffers;
mod headers;
mod metrics;
mod properties;
mod shared_data;
mod stream;
mod system;
mod wasi;

use wasmi::{ExternType, Linker, Val};

use super::abi::{Errno, Status};
use super::context::VmContext;
use super::hostcall::{PROXY, UNMODELLED_PROXY, UNMODELLED_WASI, WASI, WASI_UNSTABLE};

/// Defines host calls: `Call(guest, argument: type, ..) => { result }` for each.
macro_rules! hostcalls {
    ($linker:expr; $($call:ident($guest:ident $(, $argument:ident: $kind:ty)*) => $body:block)*) => {
        $($linker.func_wrap(
            Hostcall::$call.module(),
            Hostcall::$call.name(),
            |caller: wasmi::Caller<'_, VmContext>, $($argument: $kind),*| {
                Guest::serve(caller, Hostcall::$call, |$guest| $body)
            },
        )?;)*
    };
}
use hostcalls;

/// Everything that `module` may import. Instantiation fails on whatever else it asks for, as in Envoy.
pub(super) fn linker(module: &wasmi::Module) -> Result<Linker<VmContext>, wasmi::Error> {
    let mut linker = Linker::new(module.engine());
    system::link(&mut linker)?;
    buffers::link(&mut linker)?;
    headers::link(&mut linker)?;
    properties::link(&mut linker)?;
    shared_data::link(&mut linker)?;
    metrics::link(&mut linker)?;
    stream::link(&mut linker)?;
    wasi::link(&mut linker)?;
    linker.alias_module(WASI, WASI_UNSTABLE)?;
    link_unmodelled(&mut linker, module)?;
    Ok(linker)
}

fn link_unmodelled(linker: &mut Linker<VmContext>, module: &wasmi::Module) -> Result<(), wasmi::Error> {
    for import in module.imports() {
        let answer = match import.module() {
            PROXY if UNMODELLED_PROXY.contains(&import.name()) => Status::Unimplemented.code(),
            WASI | WASI_UNSTABLE if UNMODELLED_WASI.contains(&import.name()) => Errno::NoSys as u32,
            _ => continue,
        };
        if let ExternType::Func(signature) = import.ty() {
            let answer = Val::I32(answer.cast_signed());
            linker.func_new(import.module(), import.name(), signature.clone(), move |_, _, results| {
                results.fill(answer.clone());
                Ok(())
            })?;
        }
    }
    Ok(())
}
