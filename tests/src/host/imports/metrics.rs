//! Metrics.

use wasmi::Linker;
use wasmi::errors::LinkerError;

use super::hostcalls;
use crate::host::abi::MetricKind;
use crate::host::context::VmContext;
use crate::host::guest::Guest;
use crate::host::hostcall::Hostcall;

pub(super) fn link(linker: &mut Linker<VmContext>) -> Result<(), LinkerError> {
    hostcalls! { linker;
        DefineMetric(guest, kind: u32, name: u32, name_size: u32, at: u32) => {
            let name = guest.read_text(name, name_size)?;
            let kind = MetricKind::try_from(kind)?;
            guest.host().world.metrics.borrow_mut().define(kind, &name);
            let id = guest.host_mut().metric_ids.define(kind, &name);
            Ok(guest.write_u32(at, id)?)
        }
        IncrementMetric(guest, id: u32, offset: i64) => {
            let (kind, name) = guest.host().metric_ids.find(id)?;
            Ok(guest.host().world.metrics.borrow_mut().increment(kind, name, offset)?)
        }
        RecordMetric(guest, id: u32, value: u64) => {
            let (kind, name) = guest.host().metric_ids.find(id)?;
            guest.host().world.metrics.borrow_mut().record(kind, name, value);
            Ok(())
        }
        GetMetric(guest, id: u32, at: u32) => {
            let (kind, name) = guest.host().metric_ids.find(id)?;
            let value = guest.host().world.metrics.borrow().value(kind, &name)?;
            Ok(guest.write_u64(at, value)?)
        }
    }
    Ok(())
}
