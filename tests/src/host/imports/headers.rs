//! Header maps.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::{MapKind, Status};
use crate::host::context::VmContext;
use crate::host::guest::{Guest, Refusal};
use crate::host::headers::Headers;
use crate::host::hostcall::Hostcall;
use crate::host::pairs;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        GetHeaderMapValue(guest, map: u32, name: u32, name_size: u32, at_place: u32, at_size: u32) => {
            let name = guest.read(name, name_size)?;
            let value = read(guest, map, |headers| headers.get_bytes(&name).map(<[u8]>::to_vec))?;
            guest.give(&value.ok_or(Status::NotFound)?, at_place, at_size)
        }
        AddHeaderMapValue(guest, map: u32, name: u32, name_size: u32, value: u32, value_size: u32) => {
            let (name, value) = (guest.read(name, name_size)?, guest.read(value, value_size)?);
            edit(guest, map, |headers| headers.add(name, value))
        }
        ReplaceHeaderMapValue(guest, map: u32, name: u32, name_size: u32, value: u32, value_size: u32) => {
            let (name, value) = (guest.read(name, name_size)?, guest.read(value, value_size)?);
            edit(guest, map, |headers| headers.replace(name, value))
        }
        RemoveHeaderMapValue(guest, map: u32, name: u32, name_size: u32) => {
            let name = guest.read(name, name_size)?;
            edit(guest, map, |headers| headers.remove(name))
        }
        GetHeaderMapPairs(guest, map: u32, at_place: u32, at_size: u32) => {
            // Unlike the other calls, this one answers an absent map with no pairs.
            MapKind::try_from(map)?;
            let pairs = read(guest, map, |headers| if headers.is_empty() { Vec::new() } else { pairs::encode(headers) });
            guest.give(&pairs.unwrap_or_default(), at_place, at_size)
        }
        SetHeaderMapPairs(guest, map: u32, pairs: u32, size: u32) => {
            let new = pairs::decode(&guest.read(pairs, size)?);
            edit(guest, map, |headers| *headers = new)
        }
        GetHeaderMapSize(guest, map: u32, at: u32) => {
            let bytes = read(guest, map, Headers::bytes)?;
            Ok(guest.write_u32(at, u32::try_from(bytes).unwrap_or(u32::MAX))?)
        }
    }
    Ok(())
}

fn read<T>(guest: &Guest<'_>, map: u32, read: impl FnOnce(&Headers) -> T) -> Result<T, Status> {
    let stream = guest.host().stream().ok_or(Status::BadArgument)?.borrow();
    Ok(read(stream.readable(map.try_into()?)?))
}

fn edit(guest: &Guest<'_>, map: u32, edit: impl FnOnce(&mut Headers)) -> Result<(), Refusal> {
    let stream = guest.host().stream().ok_or(Status::BadArgument)?;
    Ok(stream.borrow_mut().edit(map.try_into()?, edit)?)
}
