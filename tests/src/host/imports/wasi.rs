//! The part of WASI preview 1 that the standard library of a plugin uses.

use wasmi::errors::LinkerError;
use wasmi::{Caller, Linker};

use super::hostcalls;
use crate::host::abi::{Errno, LogLevel};
use crate::host::context::VmContext;
use crate::host::guest::{Guest, Refusal};
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        FdWrite(guest, file: u32, parts: u32, count: u32, at_written: u32) => {
            let level = match file {
                1 => LogLevel::Info,
                2 => LogLevel::Error,
                _ => return Err(Errno::BadFile.into()),
            };
            let text = gather(guest, parts, count)?;
            if !text.is_empty() {
                let line = text.strip_suffix(b"\n").unwrap_or(&text);
                guest.host().world.log(guest.host().vm, level, line);
            }
            guest.write_u32(at_written, u32::try_from(text.len()).unwrap_or(u32::MAX)).map_err(fault)
        }
        EnvironSizesGet(guest, at_count: u32, at_size: u32) => {
            let entries = environment(guest.host());
            let size: usize = entries.iter().map(Vec::len).sum();
            for (at, number) in [(at_count, entries.len()), (at_size, size)] {
                guest.write_u32(at, u32::try_from(number).unwrap_or(u32::MAX)).map_err(fault)?;
            }
            Ok(())
        }
        EnvironGet(guest, at_places: u32, at_bytes: u32) => {
            let (mut at_place, mut at_byte) = (at_places, at_bytes);
            for entry in environment(guest.host()) {
                guest.write_u32(at_place, at_byte).map_err(fault)?;
                guest.write(at_byte, &entry).map_err(fault)?;
                at_place += 4;
                at_byte += u32::try_from(entry.len()).map_err(|_| Errno::Fault)?;
            }
            Ok(())
        }
        ClockTimeGet(guest, clock: u32, _precision: u64, at: u32) => {
            // Realtime and monotonic; nothing turns this clock back.
            if clock > 1 {
                return Err(Errno::NotSupported.into());
            }
            let now = guest.host().world.clock.nanoseconds();
            guest.write_u64(at, now).map_err(fault)
        }
        RandomGet(guest, at: u32, size: u32) => {
            let size = usize::try_from(size).map_err(|_| Errno::Fault)?;
            let bytes = guest.host_mut().random_bytes(size);
            guest.write(at, &bytes).map_err(fault)
        }
    }
    let exit = |_: Caller<'_, VmContext>, code: u32| -> Result<(), wasmi::Error> {
        Err(wasmi::Error::i32_exit(code.cast_signed()))
    };
    linker.func_wrap(Hostcall::ProcExit.module(), Hostcall::ProcExit.name(), exit)?;
    Ok(())
}

/// WASI has its own number for a bad pointer.
fn fault<T>(_: T) -> Refusal {
    Errno::Fault.into()
}

/// Joins the pieces that `writev` is given as (place, size) pairs.
fn gather(guest: &Guest<'_>, parts: u32, count: u32) -> Result<Vec<u8>, Refusal> {
    let size = count.checked_mul(8).ok_or(Errno::Fault)?;
    let parts = guest.read(parts, size).map_err(fault)?;
    let (numbers, _) = parts.as_chunks::<4>();
    let mut text = Vec::new();
    for part in numbers.chunks_exact(2) {
        if let [place, size] = part {
            text.extend(guest.read(u32::from_le_bytes(*place), u32::from_le_bytes(*size)).map_err(fault)?);
        }
    }
    Ok(text)
}

/// Each variable as `NAME=value` with a zero byte behind it.
fn environment(host: &VmContext) -> Vec<Vec<u8>> {
    let variables = host.world.settings.environment.iter();
    variables.map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}
