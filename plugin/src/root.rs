//! A root context: one configuration of one plugin on one thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType};

use crate::live::Live;
use crate::seat::{self, Plugin, Seat, Standing};
use crate::stream::Stream;
use crate::vm::Vm;

/// How soon a configuration is reported. Not at once: only a canary ends before its first tick, and it must not
/// acknowledge what no worker has taken yet.
const SOON: Duration = Duration::from_millis(50);
/// How often counts are handed over.
const REGULARLY: Duration = Duration::from_secs(1);
const NEVER: Duration = Duration::ZERO;

pub(crate) struct Root {
    vm: Rc<Vm>,
    duty: Option<Duty>,
}

struct Duty {
    seat: Rc<Seat>,
    standing: Rc<Standing>,
    pace: Cell<Duration>,
}

impl Root {
    pub(crate) fn new(vm: Rc<Vm>) -> Self {
        Self { vm, duty: None }
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    /// Always `true`: Envoy answers 500 to every request while a first configuration is refused.
    fn on_configure(&mut self, size: usize) -> bool {
        let bytes = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size).ok().flatten().unwrap_or_default();
        let (seat, standing) = seat::take(&self.vm, &Plugin::of_host(), &bytes);
        self.duty.insert(Duty { seat, standing, pace: Cell::new(NEVER) }).tick(SOON);
        true
    }

    fn on_tick(&mut self) {
        self.vm.flush();
        if let Some(duty) = &self.duty {
            if duty.is_superseded() {
                duty.tick(NEVER);
            } else {
                duty.seat.report(&duty.standing, &self.vm);
                duty.tick(REGULARLY);
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let live = self.duty.as_ref().and_then(Duty::serve);
        Some(Box::new(Stream::new(Rc::clone(&self.vm), live)))
    }
}

/// Envoy deletes a root context when the last of its requests has ended.
impl Drop for Root {
    fn drop(&mut self) {
        self.vm.flush();
    }
}

impl Duty {
    /// What a new request goes by.
    ///
    /// Where Envoy goes back to a configuration that some request has kept alive, it goes back to its root context,
    /// without a word to it but this.
    fn serve(&self) -> Option<Rc<Live>> {
        if self.is_superseded() {
            self.seat.claim(&self.standing);
            self.tick(SOON);
        }
        self.standing.live.clone()
    }

    fn is_superseded(&self) -> bool {
        !self.seat.is_held_by(&self.standing)
    }

    fn tick(&self, pace: Duration) {
        if self.pace.replace(pace) != pace {
            // The one error would be a host without timers, where nothing is reported, and nothing else is amiss.
            let _ = hostcalls::set_tick_period(pace);
        }
    }
}
