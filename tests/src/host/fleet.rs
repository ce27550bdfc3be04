//! The VMs of one proxy: one for each worker thread, and a canary for every new configuration.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::error::HostError;
use super::module::Module;
use super::proxy::Verdict;
use super::vm::{Answer, Configuration, FilterId, Vm, VmHandle};
use super::world::{VmName, World};

pub(super) struct Fleet {
    module: Module,
    pub(super) world: Rc<World>,
    workers: RefCell<Vec<VmHandle>>,
    accepted: RefCell<BTreeMap<FilterId, Configuration>>,
    verdicts: RefCell<BTreeMap<(FilterId, Configuration), Verdict>>,
    filters: Cell<u32>,
}

impl Fleet {
    pub(super) fn start(module: &Module, world: World, workers: usize) -> Result<Self, HostError> {
        let world = Rc::new(world);
        let start = |index| Vm::start(module, &world, VmName::Worker(index)).map(RefCell::new).map(Rc::new);
        let workers = (0..workers).map(start).collect::<Result<_, _>>()?;
        Ok(Self {
            module: module.clone(),
            world,
            workers: RefCell::new(workers),
            accepted: RefCell::default(),
            verdicts: RefCell::default(),
            filters: Cell::default(),
        })
    }

    pub(super) fn add_filter(&self) -> FilterId {
        self.filters.set(self.filters.get() + 1);
        FilterId(self.filters.get())
    }

    pub(super) fn worker(&self, index: usize) -> Result<VmHandle, HostError> {
        self.workers.borrow().get(index).cloned().ok_or(HostError::UnknownWorker(index))
    }

    /// Offers a configuration first to a canary, then to all workers that live. Envoy remembers what the
    /// canary said and does not ask again.
    pub(super) fn configure(&self, filter: FilterId, configuration: Configuration) -> Result<Verdict, HostError> {
        let key = (filter, Rc::clone(&configuration));
        let known = self.verdicts.borrow().get(&key).cloned();
        let verdict = match known {
            Some(verdict) => verdict,
            None => self.ask_canary(filter, &configuration)?,
        };
        self.verdicts.borrow_mut().insert(key, verdict.clone());
        if verdict == Verdict::Accepted {
            for vm in self.workers.borrow().iter().filter(|vm| !vm.borrow().is_dead()) {
                configure_worker(&mut vm.borrow_mut(), filter, &configuration)?;
            }
            self.accepted.borrow_mut().insert(filter, configuration);
        }
        Ok(verdict)
    }

    fn ask_canary(&self, filter: FilterId, configuration: &Configuration) -> Result<Verdict, HostError> {
        let canary = Vm::start(&self.module, &self.world, VmName::Canary);
        match canary.and_then(|mut vm| vm.configure(filter, configuration)) {
            Ok(Answer::Yes) => Ok(Verdict::Accepted),
            Ok(Answer::No) => Ok(Verdict::Refused),
            Err(HostError::Trapped { trap, .. }) => Ok(Verdict::Trapped(trap)),
            Err(error) => Err(error),
        }
    }

    /// Replaces a worker's VM by a fresh one with the accepted configurations, as `FAIL_RELOAD` does.
    pub(super) fn reload(&self, index: usize) -> Result<(), HostError> {
        self.worker(index)?;
        let mut vm = Vm::start(&self.module, &self.world, VmName::Worker(index))?;
        for (filter, configuration) in self.accepted.borrow().iter() {
            configure_worker(&mut vm, *filter, configuration)?;
        }
        if let Some(worker) = self.workers.borrow_mut().get_mut(index) {
            *worker = Rc::new(RefCell::new(vm));
        }
        Ok(())
    }

    /// Lets time pass, tick by tick in the order they are due.
    pub(super) fn advance(&self, by: Duration) -> Result<(), HostError> {
        let clock = &self.world.clock;
        let end = clock.now() + by;
        while let Some((due, vm)) = self.next_tick().filter(|(due, _)| *due <= end) {
            // Another filter of the proxy may have moved it on.
            clock.set(due.max(clock.now()));
            vm.borrow_mut().tick()?;
        }
        clock.set(end);
        Ok(())
    }

    fn next_tick(&self) -> Option<(Duration, VmHandle)> {
        let workers = self.workers.borrow();
        let ticks = workers.iter().filter_map(|vm| Some((vm.borrow().next_tick()?, Rc::clone(vm))));
        ticks.min_by_key(|(due, _)| *due)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fleet").field("workers", &self.workers.borrow().len()).finish_non_exhaustive()
    }
}

fn configure_worker(vm: &mut Vm, filter: FilterId, configuration: &Configuration) -> Result<(), HostError> {
    match vm.configure(filter, configuration)? {
        Answer::Yes => Ok(()),
        Answer::No => Err(HostError::WorkerRefused(vm.name())),
    }
}
