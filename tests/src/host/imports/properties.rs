//! Properties.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::Status;
use crate::host::context::VmContext;
use crate::host::guest::Guest;
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        GetProperty(guest, path: u32, path_size: u32, at_place: u32, at_size: u32) => {
            let path = guest.read(path, path_size)?;
            let value = guest.host().property(&path).ok_or(Status::NotFound)?;
            guest.give(&value, at_place, at_size)
        }
        // Kept as filter state of the stream; outside of a stream there is none. Leaves the route alone.
        SetProperty(guest, path: u32, path_size: u32, value: u32, value_size: u32) => {
            let (path, value) = (guest.read(path, path_size)?, guest.read(value, value_size)?);
            let stream = guest.host().stream().ok_or(Status::NotFound)?;
            stream.borrow_mut().filter_state.set(path, value);
            Ok(())
        }
    }
    Ok(())
}
