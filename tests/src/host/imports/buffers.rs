//! Configurations and bodies.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::{BufferKind, Status};
use crate::host::context::VmContext;
use crate::host::guest::Guest;
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        GetBufferBytes(guest, kind: u32, start: u32, size: u32, at_place: u32, at_size: u32) => {
            let bytes = contents(guest.host(), kind.try_into()?)?;
            let part = part(&bytes, start, size)?;
            // An empty part leaves the guest's pointers alone, as in the C++ host.
            if part.is_empty() { Ok(()) } else { guest.give(part, at_place, at_size) }
        }
        GetBufferStatus(guest, kind: u32, at_size: u32, at_flags: u32) => {
            let bytes = contents(guest.host(), kind.try_into()?)?;
            guest.write_u32(at_size, u32::try_from(bytes.len()).unwrap_or(u32::MAX))?;
            Ok(guest.write_u32(at_flags, 0)?)
        }
        SetBufferBytes(guest, kind: u32, start: u32, size: u32, data: u32, data_size: u32) => {
            let data = guest.read(data, data_size)?;
            let stream = guest.host().stream().ok_or(Status::NotFound)?;
            Ok(replace(stream.borrow_mut().body_mut(kind.try_into()?)?, start, size, &data)?)
        }
    }
    Ok(())
}

fn contents(host: &VmContext, kind: BufferKind) -> Result<Vec<u8>, Status> {
    match kind {
        BufferKind::VmConfiguration => Ok(host.world.settings.vm_configuration.clone()),
        BufferKind::PluginConfiguration => host.configuration.as_deref().map(Into::into).ok_or(Status::NotFound),
        BufferKind::RequestBody | BufferKind::ResponseBody => {
            host.stream().ok_or(Status::NotFound)?.borrow_mut().body_mut(kind).cloned()
        }
        BufferKind::Absent => Err(Status::NotFound),
    }
}

fn part(bytes: &[u8], start: u32, size: u32) -> Result<&[u8], Status> {
    let end = start.checked_add(size).ok_or(Status::BadArgument)?;
    let [start, end] = [start, end].map(|at| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len())));
    bytes.get(start..end).ok_or(Status::BadArgument)
}

/// Envoy knows three edits of a body: put in front, replace all, append.
fn replace(body: &mut Vec<u8>, start: u32, size: u32, data: &[u8]) -> Result<(), Status> {
    let [start, size] = [start, size].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    match (start, size) {
        (0, 0) => drop(body.splice(..0, data.iter().copied())),
        (0, size) if size >= body.len() => *body = data.to_vec(),
        (start, _) if start > 0 && start >= body.len() => body.extend(data),
        _ => return Err(Status::BadArgument),
    }
    Ok(())
}
