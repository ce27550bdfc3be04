//! One VM: calls the guest's exports in the order that Envoy does, and keeps its root contexts.
//!
//! A missing export is skipped, with the result that the C++ host then assumes. A configuration change makes
//! a new root context in the same VM; the old one is told it is done when its last stream has ended.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use wasmi::{Instance, Store, Val};

use super::context::{Stage, StreamHandle, VmContext};
use super::error::{HostError, Trap};
use super::imports;
use super::module::Module;
use super::world::{VmName, World};

/// A filter of the proxy: filters of one plugin share VMs, but each has its own root context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FilterId(pub(super) u32);

/// The bytes that a filter is configured with.
pub(super) type Configuration = Rc<[u8]>;

/// Whether new streams go to a root context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Current,
    Draining,
}

#[derive(Debug)]
struct Root {
    id: u32,
    filter: FilterId,
    configuration: Configuration,
    standing: Standing,
    streams: usize,
}

/// What the guest said to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
}

/// A VM is held by its proxy and by every open exchange.
pub(super) type VmHandle = Rc<RefCell<Vm>>;

pub(super) struct Vm {
    store: Store<VmContext>,
    instance: Instance,
    roots: Vec<Root>,
    last_context: u32,
    dead: bool,
}

impl Vm {
    /// Makes a fresh VM and initialises it, as `startVm` of the C++ host.
    pub(super) fn start(module: &Module, world: &Rc<World>, name: VmName) -> Result<Self, HostError> {
        let compiled = module.compiled();
        let mut store = Store::new(compiled.engine(), VmContext::new(name, Rc::clone(world)));
        store.set_fuel(world.settings.fuel_per_callback)?;
        let instance = imports::linker(compiled)?.instantiate_and_start(&mut store, compiled)?;
        let mut vm = Self { store, instance, roots: Vec::new(), last_context: 0, dead: false };
        let start = if vm.has("_initialize") { "_initialize" } else { "_start" };
        vm.call_export(start, 0, &[], 0)?;
        vm.host_mut().stage = Stage::Running;
        Ok(vm)
    }

    pub(super) fn host(&self) -> &VmContext {
        self.store.data()
    }

    fn host_mut(&mut self) -> &mut VmContext {
        self.store.data_mut()
    }

    pub(super) fn name(&self) -> VmName {
        self.host().vm
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    /// The size of the guest's memory, which never shrinks.
    pub(super) fn memory_bytes(&self) -> usize {
        self.instance.get_memory(&self.store, "memory").map_or(0, |memory| memory.data_size(&self.store))
    }

    fn has(&self, export: &str) -> bool {
        self.instance.get_func(&self.store, export).is_some()
    }

    /// Calls a callback for a context: `name(context, arguments..)`.
    ///
    /// `skipped` is the result if the guest does not export it.
    pub(super) fn call(
        &mut self,
        name: &'static str,
        context: u32,
        arguments: &[u32],
        skipped: u32,
    ) -> Result<u32, HostError> {
        let arguments: Vec<u32> = [context].into_iter().chain(arguments.iter().copied()).collect();
        let result = self.call_export(name, context, &arguments, skipped)?;
        for root in std::mem::take(&mut self.host_mut().done) {
            self.delete_root(root)?;
        }
        Ok(result)
    }

    fn call_export(
        &mut self,
        name: &'static str,
        context: u32,
        arguments: &[u32],
        skipped: u32,
    ) -> Result<u32, HostError> {
        if self.dead {
            return Err(HostError::Dead(self.name()));
        }
        let Some(function) = self.instance.get_func(&self.store, name) else {
            return Ok(skipped);
        };
        let arguments: Vec<Val> = arguments.iter().map(|argument| Val::I32(argument.cast_signed())).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let fuel = self.host().world.settings.fuel_per_callback;
        self.host_mut().enter(context);
        self.store.set_fuel(fuel)?;
        let outcome = function.call(&mut self.store, &arguments, &mut results);
        self.note_fuel(context, fuel)?;
        outcome.map_err(|error| self.die(name, &error))?;
        Ok(results.first().and_then(Val::i32).map_or(0, i32::cast_unsigned))
    }

    fn note_fuel(&mut self, context: u32, before: u64) -> Result<(), HostError> {
        let used = before.saturating_sub(self.store.get_fuel()?);
        if let Some(stream) = self.host().streams.get(&context) {
            stream.borrow_mut().fuel += used;
        }
        Ok(())
    }

    fn die(&mut self, callback: &'static str, error: &wasmi::Error) -> HostError {
        self.dead = true;
        let vm = self.name();
        let last_log = self.host().world.last_log(vm);
        HostError::Trapped { vm, callback, trap: Trap::from(error), last_log }
    }

    /// Gives a filter a configuration: the same one again changes nothing, another one makes a new root.
    pub(super) fn configure(&mut self, filter: FilterId, configuration: &Configuration) -> Result<Answer, HostError> {
        let known = self.roots.iter().any(|root| root.filter == filter && root.configuration == *configuration);
        if !known && self.start_root(filter, configuration)? == Answer::No {
            return Ok(Answer::No);
        }
        for root in self.roots.iter_mut().filter(|root| root.filter == filter) {
            let same = root.configuration == *configuration;
            root.standing = if same { Standing::Current } else { Standing::Draining };
        }
        self.release_idle_roots()?;
        Ok(Answer::Yes)
    }

    /// `WasmBase::start` and `configure`: the plugin's configuration can be read while the context is made
    /// and configured, not in `on_vm_start`.
    fn start_root(&mut self, filter: FilterId, configuration: &Configuration) -> Result<Answer, HostError> {
        let id = self.next_context();
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let vm_size = size(&self.host().world.settings.vm_configuration);
        self.host_mut().roots.insert(id, None);
        self.host_mut().configuration = Some(Rc::clone(configuration));
        self.call("proxy_on_context_create", id, &[0], 0)?;
        self.host_mut().configuration = None;
        if self.call("proxy_on_vm_start", id, &[vm_size], 1)? == 0 {
            return Ok(Answer::No);
        }
        self.host_mut().configuration = Some(Rc::clone(configuration));
        let configured = self.call("proxy_on_configure", id, &[size(configuration)], 1)?;
        self.host_mut().configuration = None;
        if configured == 0 {
            return Ok(Answer::No);
        }
        self.roots.push(Root {
            id,
            filter,
            configuration: Rc::clone(configuration),
            standing: Standing::Current,
            streams: 0,
        });
        Ok(Answer::Yes)
    }

    fn next_context(&mut self) -> u32 {
        self.last_context += 1;
        self.last_context
    }

    /// The root that serves a filter's new streams.
    pub(super) fn current_root(&self, filter: FilterId) -> Result<u32, HostError> {
        let current = |root: &&Root| root.filter == filter && root.standing == Standing::Current;
        self.roots.iter().find(current).map(|root| root.id).ok_or(HostError::NotConfigured(self.name()))
    }

    /// Makes a stream context below its root.
    pub(super) fn open(&mut self, stream: &StreamHandle) -> Result<u32, HostError> {
        if self.dead {
            return Err(HostError::Dead(self.name()));
        }
        let (id, root_id) = (self.next_context(), stream.borrow().root);
        if let Some(root) = self.roots.iter_mut().find(|root| root.id == root_id) {
            root.streams += 1;
        }
        self.host_mut().streams.insert(id, Rc::clone(stream));
        self.call("proxy_on_context_create", id, &[root_id], 0)?;
        Ok(id)
    }

    /// Forgets a stream context, and its root if that was waiting only for it.
    pub(super) fn close(&mut self, id: u32) -> Result<(), HostError> {
        let Some(stream) = self.host_mut().streams.remove(&id) else { return Ok(()) };
        if let Some(root) = self.roots.iter_mut().find(|root| root.id == stream.borrow().root) {
            root.streams -= 1;
        }
        self.release_idle_roots()
    }

    fn release_idle_roots(&mut self) -> Result<(), HostError> {
        let idle = |root: &mut Root| root.standing == Standing::Draining && root.streams == 0;
        let released: Vec<Root> = self.roots.extract_if(.., idle).collect();
        for root in released {
            if self.call("proxy_on_done", root.id, &[], 1)? == 0 {
                self.host_mut().pending.insert(root.id);
            } else {
                self.delete_root(root.id)?;
            }
        }
        Ok(())
    }

    fn delete_root(&mut self, id: u32) -> Result<(), HostError> {
        self.host_mut().roots.remove(&id);
        self.call("proxy_on_delete", id, &[], 0)?;
        Ok(())
    }

    /// When the next root context wants its `proxy_on_tick`.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        if self.dead {
            return None;
        }
        self.host().roots.values().flatten().map(|tick| tick.due()).min()
    }

    /// Calls the callbacks that are due now.
    pub(super) fn tick(&mut self) -> Result<(), HostError> {
        let now = self.host().world.clock.now();
        let due = self.host().roots.iter().filter(|(_, tick)| tick.is_some_and(|tick| tick.due() <= now));
        let due: Vec<u32> = due.map(|(id, _)| *id).collect();
        for id in due {
            if let Some(Some(tick)) = self.host_mut().roots.get_mut(&id) {
                *tick = tick.next();
            }
            self.call("proxy_on_tick", id, &[], 0)?;
        }
        Ok(())
    }
}
