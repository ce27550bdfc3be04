//! The way out: what Envoy can be asked for, and told.
//!
//! All calls are for the request or configuration of the callback that makes them.

use std::time::Duration;

use crate::headers::{HeaderMap, encode};
use crate::{Given, Refused, given, imports};

/// How serious a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    /// A normal event.
    Info = 2,
    /// Something is amiss, and all goes on.
    Warn = 3,
    /// Something failed.
    Error = 4,
}

/// A header map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Map {
    /// The request's headers, while they are at hand and in the log.
    Request = 0,
    /// The response's headers, while they are at hand and in the log.
    Response = 2,
}

/// What a metric does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MetricKind {
    /// It only grows.
    Counter = 0,
    /// It is set.
    Gauge = 1,
}

/// Envoy's number for a metric, in this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricId(pub u32);

/// The state of a shared value when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub u32);

/// The result of a call.
pub type Answer<T = ()> = Result<T, Refused>;

/// Writes a line to Envoy's log.
pub fn log(level: LogLevel, text: &str) {
    // SAFETY: the host reads the text, which outlives the call.
    let status = unsafe { imports::proxy_log(level as u32, text.as_ptr(), text.len()) };
    // There is no one left to tell.
    let _ = Refused::check(status);
}

/// Nanoseconds since the Unix epoch.
///
/// # Errors
/// What the host says.
pub fn now() -> Answer<u64> {
    let mut now = 0;
    // SAFETY: the host writes 8 bytes to where the variable is.
    Refused::check(unsafe { imports::proxy_get_current_time_nanoseconds(&raw mut now) })?;
    Ok(now)
}

/// Fills `bytes` with what nobody can foresee.
///
/// # Errors
/// What the host says; then nothing is to be made of the bytes.
pub fn random(bytes: &mut [u8]) -> Answer {
    // SAFETY: the host fills as many bytes as there are.
    Refused::check(unsafe { imports::random_get(bytes.as_mut_ptr(), bytes.len()) })
}

/// Asks for ticks, for the configuration at hand, until it ends.
///
/// # Errors
/// What the host says.
pub fn tick_every(period: Duration) -> Answer {
    let milliseconds = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
    // SAFETY: no memory changes hands.
    Refused::check(unsafe { imports::proxy_set_tick_period_milliseconds(milliseconds) })
}

/// The configuration that has come, of `size` bytes.
///
/// # Errors
/// What the host says.
pub fn configuration(size: usize) -> Answer<Vec<u8>> {
    const PLUGIN_CONFIGURATION: u32 = 7;
    // SAFETY: a call that gives bytes; what it reads and writes outlives it.
    unsafe { given::take(|at, at_size| imports::proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, at, at_size)) }
        .map(Given::into_vec)
}

/// A property, by the names that lead to it. It costs more than all headers together.
///
/// # Errors
/// What the host says; [`Refused::NOT_FOUND`] if there is none.
pub fn property(path: &[&str]) -> Answer<Vec<u8>> {
    let path = path.join("\0");
    // SAFETY: a call that gives bytes; what it reads and writes outlives it.
    unsafe { given::take(|at, at_size| imports::proxy_get_property(path.as_ptr(), path.len(), at, at_size)) }
        .map(Given::into_vec)
}

/// All fields of a map.
///
/// # Errors
/// What the host says.
pub fn headers(map: Map) -> Answer<HeaderMap> {
    // SAFETY: a call that gives bytes; what it reads and writes outlives it.
    unsafe { given::take(|at, at_size| imports::proxy_get_header_map_pairs(map as u32, at, at_size)) }
        .map(HeaderMap::new)
}

/// The first field of this name.
///
/// # Errors
/// What the host says; [`Refused::NOT_FOUND`] if there is none.
pub fn header(map: Map, name: &str) -> Answer<Given> {
    // SAFETY: a call that gives bytes; what it reads and writes outlives it.
    unsafe {
        given::take(|at, at_size| {
            imports::proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), at, at_size)
        })
    }
}

/// Replaces all fields of this name by one. In a request this drops the route that Envoy has cached.
///
/// # Errors
/// What the host says.
pub fn set_header(map: Map, name: &str, value: &[u8]) -> Answer {
    let (name, name_size) = (name.as_ptr(), name.len());
    // SAFETY: the host reads both texts, which outlive the call.
    Refused::check(unsafe {
        imports::proxy_replace_header_map_value(map as u32, name, name_size, value.as_ptr(), value.len())
    })
}

/// Adds a field.
///
/// # Errors
/// What the host says.
pub fn add_header(map: Map, name: &str, value: &str) -> Answer {
    let (name, name_size) = (name.as_ptr(), name.len());
    // SAFETY: the host reads both texts, which outlive the call.
    Refused::check(unsafe {
        imports::proxy_add_header_map_value(map as u32, name, name_size, value.as_ptr(), value.len())
    })
}

/// Removes all fields of this name.
///
/// # Errors
/// What the host says.
pub fn remove_header(map: Map, name: &str) -> Answer {
    // SAFETY: the host reads the name, which outlives the call.
    Refused::check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Answers the request at hand in place of the upstream.
///
/// # Errors
/// What the host says.
pub fn respond(status: u32, fields: &[(&str, &str)], body: &str) -> Answer {
    const NO_GRPC_STATUS: i32 = -1;
    const NO_DETAILS: &str = "";
    let fields = encode(fields);
    // SAFETY: the host reads texts and fields, which outlive the call.
    Refused::check(unsafe {
        imports::proxy_send_local_response(
            status,
            NO_DETAILS.as_ptr(),
            NO_DETAILS.len(),
            body.as_ptr(),
            body.len(),
            fields.as_ptr(),
            fields.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// A value that all machines of one `vm_id` share; empty if there is none.
///
/// # Errors
/// What the host says.
pub fn shared(key: &[u8]) -> Answer<(Given, Version)> {
    let mut version = 0;
    // SAFETY: a call that gives bytes; what it reads and writes outlives it.
    let value = unsafe {
        given::take(|at, at_size| {
            imports::proxy_get_shared_data(key.as_ptr(), key.len(), at, at_size, &raw mut version)
        })
    };
    match value {
        Err(Refused::NOT_FOUND) => Ok((Given::default(), Version(0))),
        value => Ok((value?, Version(version))),
    }
}

/// Writes a shared value, unless another machine has written it since `version` was read.
///
/// # Errors
/// What the host says.
pub fn share(key: &[u8], value: &[u8], Version(version): Version) -> Answer {
    let (key, key_size) = (key.as_ptr(), key.len());
    // SAFETY: the host reads key and value, which outlive the call.
    Refused::check(unsafe { imports::proxy_set_shared_data(key, key_size, value.as_ptr(), value.len(), version) })
}

/// The number of the metric called `name`, which is made if need be.
///
/// # Errors
/// What the host says.
pub fn define_metric(kind: MetricKind, name: &str) -> Answer<MetricId> {
    let mut id = 0;
    // SAFETY: the host reads the name, and writes 4 bytes to where the variable is.
    Refused::check(unsafe { imports::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(MetricId(id))
}

/// Adds to a counter; Envoy refuses less than one.
///
/// # Errors
/// What the host says.
pub fn count(MetricId(metric): MetricId, by: u64) -> Answer {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    // SAFETY: no memory changes hands.
    Refused::check(unsafe { imports::proxy_increment_metric(metric, by) })
}

/// Sets a gauge.
///
/// # Errors
/// What the host says.
pub fn set(MetricId(metric): MetricId, value: u64) -> Answer {
    // SAFETY: no memory changes hands.
    Refused::check(unsafe { imports::proxy_record_metric(metric, value) })
}

/// What a counter or gauge stands at, of all machines together; zero where the proxy keeps no such metric.
///
/// # Errors
/// What the host says.
pub fn metric(MetricId(metric): MetricId) -> Answer<u64> {
    let mut value = 0;
    // SAFETY: the host writes 8 bytes to where the variable is.
    Refused::check(unsafe { imports::proxy_get_metric(metric, &raw mut value) })?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_everything_is_refused_and_nothing_fails() {
        log(LogLevel::Error, "nobody reads this");
        assert_eq!(now(), Err(Refused::UNIMPLEMENTED));
        assert_eq!(headers(Map::Request), Err(Refused::UNIMPLEMENTED));
        assert_eq!(property(&["xds", "cluster_name"]), Err(Refused::UNIMPLEMENTED));
        assert_eq!(respond(503, &[("x", "y")], "why"), Err(Refused::UNIMPLEMENTED));
        assert!(shared(b"key").is_err());
        assert!(random(&mut [0]).is_err());
    }
}
