//! Shared data.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::Status;
use crate::host::context::VmContext;
use crate::host::guest::Guest;
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        GetSharedData(guest, key: u32, key_size: u32, at_place: u32, at_size: u32, at_token: u32) => {
            let key = guest.read(key, key_size)?;
            let found = guest.host().world.shared_data.borrow().get(&key).map(|(value, token)| (value.to_vec(), token));
            let (value, token) = found.ok_or(Status::NotFound)?;
            guest.give(&value, at_place, at_size)?;
            Ok(guest.write_u32(at_token, token)?)
        }
        SetSharedData(guest, key: u32, key_size: u32, value: u32, value_size: u32, token: u32) => {
            let (key, value) = (guest.read(key, key_size)?, guest.read(value, value_size)?);
            Ok(guest.host().world.shared_data.borrow_mut().set(&key, &value, token)?)
        }
    }
    Ok(())
}
