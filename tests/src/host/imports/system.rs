//! Log, time and contexts.

use std::time::Duration;

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::{LogLevel, Status};
use crate::host::clock::Tick;
use crate::host::context::VmContext;
use crate::host::guest::Guest;
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        Log(guest, level: u32, text: u32, size: u32) => {
            let level = LogLevel::try_from(level)?;
            let text = guest.read(text, size)?;
            guest.host().world.log(guest.host().vm, level, &text);
            Ok(())
        }
        GetLogLevel(guest, at: u32) => {
            let level = guest.host().world.settings.log_level;
            Ok(guest.write_u32(at, level as u32)?)
        }
        GetCurrentTime(guest, at: u32) => {
            let now = guest.host().world.clock.nanoseconds();
            Ok(guest.write_u64(at, now)?)
        }
        SetTickPeriod(guest, milliseconds: u32) => {
            let now = guest.host().world.clock.now();
            let root = guest.host().root();
            if let Some(tick) = guest.host_mut().roots.get_mut(&root) {
                *tick = Tick::started(*tick, Duration::from_millis(milliseconds.into()), now);
            }
            Ok(())
        }
        SetEffectiveContext(guest, context: u32) => {
            Ok(guest.host_mut().set_effective(context)?)
        }
        Done(guest) => {
            let root = guest.host().root();
            if !guest.host_mut().pending.remove(&root) {
                return Err(Status::NotFound.into());
            }
            guest.host_mut().done.insert(root);
            Ok(())
        }
    }
    Ok(())
}
