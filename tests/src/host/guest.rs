//! The border: reads and writes the guest's memory for one host call.

use wasmi::{Caller, Extern, Memory, TypedFunc};

use super::abi::{Errno, Status};
use super::context::{Stage, VmContext};
use super::fault::Fault;
use super::hostcall::Hostcall;
use super::module::ALLOCATORS;

/// Why a host call does not answer "ok".
#[derive(Debug)]
pub(super) enum Refusal {
    /// It answers this number.
    Code(u32),
    /// It takes the guest down.
    Trap(wasmi::Error),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Code(status.code())
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::Code(errno as u32)
    }
}

impl From<wasmi::Error> for Refusal {
    fn from(trap: wasmi::Error) -> Self {
        Self::Trap(trap)
    }
}

/// The guest as one host call sees it.
pub(super) struct Guest<'a> {
    caller: Caller<'a, VmContext>,
    /// A fault: handed over instead of any real bytes.
    instead: Option<Vec<u8>>,
}

impl<'a> Guest<'a> {
    /// Answers one host call: counts it, lets a fault strike, else does what it is for.
    pub(super) fn serve(
        caller: Caller<'a, VmContext>,
        call: Hostcall,
        body: impl FnOnce(&mut Guest<'a>) -> Result<(), Refusal>,
    ) -> Result<u32, wasmi::Error> {
        let mut guest = Self { caller, instead: None };
        if guest.host().stage == Stage::Initialising && !call.is_allowed_at_start() {
            return Err(wasmi::Error::new(format!("`{call}` is not allowed while the VM is initialised")));
        }
        match guest.host().observe(call) {
            Some(Fault::Status(code)) => return Ok(code),
            Some(Fault::Bytes(bytes)) => guest.instead = Some(bytes),
            None => {}
        }
        match body(&mut guest) {
            Ok(()) => Ok(Status::Ok.code()),
            Err(Refusal::Code(code)) => Ok(code),
            Err(Refusal::Trap(trap)) => Err(trap),
        }
    }

    pub(super) fn host(&self) -> &VmContext {
        self.caller.data()
    }

    pub(super) fn host_mut(&mut self) -> &mut VmContext {
        self.caller.data_mut()
    }

    pub(super) fn read(&self, at: u32, size: u32) -> Result<Vec<u8>, Status> {
        let bytes = self.memory()?.data(&self.caller);
        slice(bytes, at, size).map(<[u8]>::to_vec).ok_or(Status::InvalidMemoryAccess)
    }

    pub(super) fn read_text(&self, at: u32, size: u32) -> Result<String, Status> {
        Ok(String::from_utf8_lossy(&self.read(at, size)?).into_owned())
    }

    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Status> {
        let at = usize::try_from(at).map_err(|_| Status::InvalidMemoryAccess)?;
        self.memory()?.write(&mut self.caller, at, bytes).map_err(|_| Status::InvalidMemoryAccess)
    }

    pub(super) fn write_u32(&mut self, at: u32, value: u32) -> Result<(), Status> {
        self.write(at, &value.to_le_bytes())
    }

    pub(super) fn write_u64(&mut self, at: u32, value: u64) -> Result<(), Status> {
        self.write(at, &value.to_le_bytes())
    }

    /// Hands bytes over: into memory that the guest allocates, whose place and size are written to where
    /// the guest said. No bytes are handed over as a null pointer (`copyToPointerSize` of the C++ host).
    pub(super) fn give(&mut self, bytes: &[u8], at_place: u32, at_size: u32) -> Result<(), Refusal> {
        let instead = self.instead.take();
        let bytes = instead.as_deref().unwrap_or(bytes);
        let size = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        let place = if size == 0 { 0 } else { self.allocate(size)? };
        if size > 0 {
            self.write(place, bytes)?;
        }
        self.write_u32(at_place, place)?;
        Ok(self.write_u32(at_size, size)?)
    }

    fn allocate(&mut self, size: u32) -> Result<u32, Refusal> {
        let allocator = ALLOCATORS.iter().find_map(|name| self.caller.get_export(name)).and_then(Extern::into_func);
        let allocator: TypedFunc<u32, u32> = allocator.ok_or(Status::InvalidMemoryAccess)?.typed(&self.caller)?;
        match allocator.call(&mut self.caller, size)? {
            0 => Err(Status::InvalidMemoryAccess.into()),
            place => Ok(place),
        }
    }

    fn memory(&self) -> Result<Memory, Status> {
        self.caller.get_export("memory").and_then(Extern::into_memory).ok_or(Status::InvalidMemoryAccess)
    }
}

fn slice(bytes: &[u8], at: u32, size: u32) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)
}
