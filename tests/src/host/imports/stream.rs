//! What a filter does to a stream as a whole.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::Status;
use crate::host::context::VmContext;
use crate::host::guest::{Guest, Refusal};
use crate::host::hostcall::Hostcall;
use crate::host::pairs;
use crate::host::stream::{ForeignCall, LocalResponse, Phase};

/// The highest status of gRPC; the SDKs send -1 for "none".
const LAST_GRPC_STATUS: u32 = 16;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        SendLocalResponse(guest, status: u32, details: u32, details_size: u32, body: u32, body_size: u32,
            headers: u32, headers_size: u32, grpc_status: u32) => {
            let response = LocalResponse {
                status,
                details: guest.read_text(details, details_size)?,
                headers: pairs::decode(&guest.read(headers, headers_size)?),
                body: guest.read(body, body_size)?,
                grpc_status: (grpc_status <= LAST_GRPC_STATUS).then_some(grpc_status),
            };
            // Outside of a stream Envoy does nothing and answers "ok"; a second one comes too late.
            if let Some(stream) = guest.host().stream() {
                stream.borrow_mut().local_response.get_or_insert(response);
            }
            Ok(())
        }
        ContinueStream(guest, kind: u32) => {
            resume(guest.host(), kind)
        }
        // A reset shows in Envoy as a stream that ends; a test plays that by finishing the exchange.
        CloseStream(_guest, kind: u32) => {
            if kind <= 3 { Ok(()) } else { Err(Status::BadArgument.into()) }
        }
        CallForeignFunction(guest, name: u32, name_size: u32, argument: u32, argument_size: u32,
            at_place: u32, at_size: u32) => {
            let name = guest.read_text(name, name_size)?;
            let argument = guest.read(argument, argument_size)?;
            call_foreign_function(guest.host(), ForeignCall { name, argument })?;
            if at_place == 0 { Ok(()) } else { guest.give(&[], at_place, at_size) }
        }
    }
    Ok(())
}

fn resume(host: &VmContext, kind: u32) -> Result<(), Refusal> {
    let Some(stream) = host.stream() else { return Ok(()) };
    let mut stream = stream.borrow_mut();
    match (kind, stream.phase) {
        (0, Phase::Request) => stream.forward(&host.world.settings.router),
        (1, Phase::Response) => stream.phase = Phase::Responded,
        (0..=2, _) => {}
        (3, _) => return Err(Status::Unimplemented.into()),
        (_, _) => return Err(Status::BadArgument.into()),
    }
    Ok(())
}

/// Of Envoy's foreign functions only `clear_route_cache` (1.33 and later) does something here.
fn call_foreign_function(host: &VmContext, call: ForeignCall) -> Result<(), Status> {
    let known = call.name == "clear_route_cache";
    if let Some(stream) = host.stream() {
        let mut stream = stream.borrow_mut();
        if known {
            stream.route.clear();
        }
        stream.foreign_calls.push(call);
    }
    if known { Ok(()) } else { Err(Status::NotFound) }
}
