//! The host's side of one VM: the contexts that the guest knows, and which of them it works for now.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::abi::Status;
use super::clock::Tick;
use super::fault::Fault;
use super::hostcall::Hostcall;
use super::metrics::MetricIds;
use super::stream::Stream;
use super::world::{VmName, World};

/// A stream is held both by its VM and by the test that plays it.
pub(super) type StreamHandle = Rc<RefCell<Stream>>;

/// How far a VM has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// `_initialize` runs, most host calls are forbidden.
    Initialising,
    Running,
}

/// What is behind the guest's imports.
pub(super) struct VmContext {
    pub(super) vm: VmName,
    pub(super) world: Rc<World>,
    pub(super) stage: Stage,
    pub(super) metric_ids: MetricIds,
    pub(super) random: u64,
    pub(super) roots: BTreeMap<u32, Option<Tick>>,
    pub(super) streams: BTreeMap<u32, StreamHandle>,
    /// The configuration that `get_buffer` hands out, only while a root is being made.
    pub(super) configuration: Option<Rc<[u8]>>,
    /// Roots that answered "not yet" to `proxy_on_done`.
    pub(super) pending: BTreeSet<u32>,
    /// Roots that said so later with `proxy_done`.
    pub(super) done: BTreeSet<u32>,
    current: u32,
    effective: Option<u32>,
}

impl VmContext {
    pub(super) fn new(vm: VmName, world: Rc<World>) -> Self {
        let offset = match vm {
            VmName::Worker(index) => u64::try_from(index).unwrap_or_default() + 1,
            VmName::Canary => 0,
        };
        Self {
            vm,
            random: world.settings.seed.wrapping_add(offset << 32),
            world,
            stage: Stage::Initialising,
            metric_ids: MetricIds::default(),
            roots: BTreeMap::new(),
            streams: BTreeMap::new(),
            configuration: None,
            pending: BTreeSet::new(),
            done: BTreeSet::new(),
            current: 0,
            effective: None,
        }
    }

    /// Begins a callback for `context`; every callback acts for its own context at first.
    pub(super) fn enter(&mut self, context: u32) {
        self.current = context;
        self.effective = None;
    }

    pub(super) fn set_effective(&mut self, context: u32) -> Result<(), Status> {
        if !self.roots.contains_key(&context) && !self.streams.contains_key(&context) {
            return Err(Status::BadArgument);
        }
        self.effective = Some(context);
        Ok(())
    }

    fn context(&self) -> u32 {
        self.effective.unwrap_or(self.current)
    }

    /// The stream that the guest works for; none in a root context.
    pub(super) fn stream(&self) -> Option<&StreamHandle> {
        self.streams.get(&self.context())
    }

    /// The root that the guest works for, or the root of the stream that it works for.
    pub(super) fn root(&self) -> u32 {
        self.stream().map_or(self.context(), |stream| stream.borrow().root)
    }

    pub(super) fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        let own = self.stream().and_then(|stream| stream.borrow().property(path));
        own.or_else(|| self.world.properties.borrow().get(path).map(Into::into))
    }

    /// Notes a call for the request it is made for, and says which fault strikes it.
    pub(super) fn observe(&self, call: Hostcall) -> Option<Fault> {
        if let Some(stream) = self.streams.get(&self.current) {
            *stream.borrow_mut().host_calls.entry(call).or_default() += 1;
        }
        self.world.faults.borrow_mut().strike(call)
    }

    /// The next bytes of a `SplitMix64` sequence: random to the guest, the same in every run.
    pub(super) fn random_bytes(&mut self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.random;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.extend((mixed ^ (mixed >> 31)).to_le_bytes());
        }
        bytes.truncate(size);
        bytes
    }
}
