//! The service proper: one request in, one hop out. The same whether HTTP or gRPC brought it.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::{
    Config, Failure, Hop, InvalidConfig, Service,
    faults::{Faults, InjectedFault},
    next::Next,
    work::work,
};

/// The lane of a request. Read only to be shown.
const LANE: &str = "x-gray-lane";
/// The version that a proxy chose for a request. Looked for only to show that it is not there.
const VERSION: &str = "x-gray-version";

/// One running instance.
#[derive(Debug)]
pub(crate) struct Instance {
    service: Service,
    version: String,
    name: String,
    faults: Faults,
    cost: Duration,
    next: Option<Next>,
}

/// Why there is no hop to answer with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// It is this instance that failed.
    #[error(transparent)]
    Own(Failure),
    /// One behind it did.
    #[error(transparent)]
    Downstream(#[from] Failure),
}

impl Instance {
    pub(crate) fn new(config: Config) -> Result<Self, InvalidConfig> {
        Ok(Self {
            service: config.service,
            name: config.instance_name(),
            faults: Faults::new(config.latency, config.fail_every),
            cost: config.work,
            next: Next::of(&config)?,
            version: config.app_version,
        })
    }

    pub(crate) fn service(&self) -> Service {
        self.service
    }

    /// Serves a request: calls the next service, if there is one, and puts this hop before its answer.
    pub(crate) async fn answer(&self, headers: &HeaderMap) -> Result<Hop, NoAnswer> {
        self.faults.strike().await.map_err(|fault| self.own(&fault))?;
        work(self.cost).await;
        let next = match &self.next {
            Some(next) => Some(Box::new(next.call(headers).await?)),
            None => None,
        };
        Ok(Hop { next, ..self.hop(headers) })
    }

    /// This hop alone.
    pub(crate) fn hop(&self, headers: &HeaderMap) -> Hop {
        let lanes: Vec<_> =
            headers.get_all(LANE).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Hop {
            service: self.service,
            version: self.version.clone(),
            instance: self.name.clone(),
            lane: (!lanes.is_empty()).then(|| lanes.join(", ")),
            saw_version_header: headers.contains_key(VERSION),
            next: None,
        }
    }

    fn own(&self, fault: &InjectedFault) -> NoAnswer {
        NoAnswer::Own(Failure { hop: self.service, seen_by: self.name.clone(), cause: fault.to_string() })
    }
}
