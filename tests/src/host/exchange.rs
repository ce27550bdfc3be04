//! One request and its response, played step by step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::context::StreamHandle;
use super::error::HostError;
use super::headers::Headers;
use super::hostcall::Hostcall;
use super::message::{Request, Response};
use super::properties::joined;
use super::stream::{ForeignCall, LocalResponse, Phase, Stream};
use super::vm::{FilterId, VmHandle};

/// Where a request has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The filter holds the request back.
    Paused,
    /// The request went on to the upstream and waits for its response.
    Forwarded,
    /// The filter holds the response back.
    ResponsePaused,
    /// The client has its response, from the upstream or from the filter itself.
    Answered,
    /// The filter has forgotten the request.
    Finished,
}

/// An open request. Several may be open at once and end in any order, also across a configuration change.
/// One that is dropped stays open, like a request that hangs.
#[must_use = "an exchange stays open until it is finished"]
pub struct Exchange {
    vm: VmHandle,
    stream: StreamHandle,
    id: u32,
}

impl Exchange {
    /// Sends a request as far as the filter lets it go.
    pub(super) fn open(vm: VmHandle, filter: FilterId, request: Request) -> Result<Self, HostError> {
        let root = vm.borrow().current_root(filter)?;
        let router = Rc::clone(&vm.borrow().host().world.settings.router);
        let stream = Rc::new(RefCell::new(Stream::new(root, request, &router)));
        let id = vm.borrow_mut().open(&stream)?;
        let exchange = Self { vm, stream, id };
        exchange.send_headers()?;
        exchange.send_body()?;
        Ok(exchange)
    }

    fn send_headers(&self) -> Result<(), HostError> {
        let (count, end) = {
            let stream = self.stream.borrow();
            (stream.request.len(), stream.request_body.is_none())
        };
        let action = self.call("proxy_on_request_headers", &[number(count), u32::from(end)])?;
        if self.has_local_response() {
            return self.answer_locally();
        }
        if action == CONTINUE && self.stream.borrow().phase == Phase::Request {
            let router = Rc::clone(&self.vm.borrow().host().world.settings.router);
            self.stream.borrow_mut().forward(&router);
        }
        Ok(())
    }

    /// The body follows only when the headers have gone on.
    fn send_body(&self) -> Result<(), HostError> {
        let size = self.stream.borrow().request_body.as_ref().map(Vec::len);
        if let (Some(size), Flow::Forwarded) = (size, self.flow()) {
            self.call("proxy_on_request_body", &[number(size), END])?;
            if self.has_local_response() {
                return self.answer_locally();
            }
        }
        Ok(())
    }

    /// A local response passes through the filter as any other does.
    fn answer_locally(&self) -> Result<(), HostError> {
        self.stream.borrow_mut().answer_locally();
        self.pass_response()
    }

    /// Lets the upstream answer.
    ///
    /// # Errors
    ///
    /// When the guest traps, or the request is not waiting for a response.
    pub fn respond(&mut self, response: impl Into<Response>) -> Result<(), HostError> {
        if self.flow() != Flow::Forwarded {
            return Err(HostError::OutOfOrder("respond"));
        }
        let Response { headers, body } = response.into();
        {
            let mut stream = self.stream.borrow_mut();
            stream.response = headers;
            stream.response_body = body;
        }
        self.pass_response()?;
        if self.has_local_response() {
            self.stream.borrow_mut().answer_locally();
        }
        Ok(())
    }

    fn pass_response(&self) -> Result<(), HostError> {
        let (count, size) = {
            let mut stream = self.stream.borrow_mut();
            stream.phase = Phase::Response;
            (stream.response.len(), stream.response_body.as_ref().map(Vec::len))
        };
        let action = self.call("proxy_on_response_headers", &[number(count), u32::from(size.is_none())])?;
        if action != CONTINUE {
            return Ok(());
        }
        self.stream.borrow_mut().phase = Phase::Responded;
        if let Some(size) = size {
            self.call("proxy_on_response_body", &[number(size), END])?;
        }
        Ok(())
    }

    /// Ends the exchange, answered or not: Envoy writes the access log, then destroys the filter. What the
    /// exchange came to can still be read. In a dead VM nothing is called any more.
    ///
    /// # Errors
    ///
    /// When the guest traps, or the exchange is finished already.
    pub fn finish(&mut self) -> Result<(), HostError> {
        if self.flow() == Flow::Finished {
            return Err(HostError::OutOfOrder("finish"));
        }
        if !self.vm.borrow().is_dead() {
            self.stream.borrow_mut().phase = Phase::Log;
            self.call("proxy_on_log", &[])?;
            self.call("proxy_on_done", &[])?;
            self.call("proxy_on_delete", &[])?;
            self.vm.borrow_mut().close(self.id)?;
        }
        self.stream.borrow_mut().phase = Phase::Finished;
        Ok(())
    }

    /// Where the request has got to.
    #[must_use]
    pub fn flow(&self) -> Flow {
        match self.stream.borrow().phase {
            Phase::Request => Flow::Paused,
            Phase::Forwarded => Flow::Forwarded,
            Phase::Response => Flow::ResponsePaused,
            Phase::Responded => Flow::Answered,
            Phase::Log | Phase::Finished => Flow::Finished,
        }
    }

    /// The request's headers as the filter has left them.
    #[must_use]
    pub fn request_headers(&self) -> Headers {
        self.stream.borrow().request.clone()
    }

    /// The response's headers as the filter has left them; none while there is no response.
    #[must_use]
    pub fn response_headers(&self) -> Headers {
        self.stream.borrow().response.clone()
    }

    /// The cluster that the request is routed to, if a route matches.
    #[must_use]
    pub fn cluster(&self) -> Option<String> {
        self.stream.borrow().route.cluster().map(Into::into)
    }

    /// What the filter answered by itself.
    #[must_use]
    pub fn local_response(&self) -> Option<LocalResponse> {
        self.stream.borrow().local_response.clone()
    }

    /// What the filter has set with `set_property`, by the path it used.
    #[must_use]
    pub fn filter_state<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<Vec<u8>> {
        self.stream.borrow().filter_state.get(&joined(path)).map(Into::into)
    }

    /// Which foreign functions the filter called, in order, unknown ones included.
    #[must_use]
    pub fn foreign_calls(&self) -> Vec<ForeignCall> {
        self.stream.borrow().foreign_calls.clone()
    }

    /// How often the filter made each host call for this request: a measure of cost, not of behaviour.
    #[must_use]
    pub fn host_calls(&self) -> BTreeMap<Hostcall, u32> {
        self.stream.borrow().host_calls.clone()
    }

    /// Fuel used for this request, about one unit for each instruction: a measure of cost.
    #[must_use]
    pub fn fuel(&self) -> u64 {
        self.stream.borrow().fuel
    }

    /// Sets a property from here on, such as what is known only once an upstream has been picked.
    pub fn set_property<'a>(&mut self, path: impl IntoIterator<Item = &'a str>, value: impl Into<Vec<u8>>) {
        self.stream.borrow_mut().properties.set(joined(path), value.into());
    }

    fn has_local_response(&self) -> bool {
        self.stream.borrow().local_response.is_some()
    }

    fn call(&self, callback: &'static str, arguments: &[u32]) -> Result<u32, HostError> {
        self.vm.borrow_mut().call(callback, self.id, arguments, CONTINUE)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Exchange").field(&self.stream.borrow()).finish()
    }
}

/// `Action::Continue`, also what a missing callback means.
const CONTINUE: u32 = 0;
/// `end_of_stream` of a body that arrives in one piece.
const END: u32 = 1;

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
