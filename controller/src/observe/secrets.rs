//! The secrets that the policy of the mesh names, in the controller's own namespace.
//!
//! They are asked for by name, one by one, so that the right to get just these is enough; nothing is listed or watched.
//! What is read is kept as [`Secret`], which no log shows.

use std::collections::BTreeMap;
use std::str;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use graylane_core::config::Secret;
use k8s_openapi::api::core::v1;
use kube::Client;
use kube::api::Api;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::Watches;
use crate::api::SecretRef;
use crate::cluster::NoSecret;

/// How often is looked whether other secrets are named.
const PERIOD: Duration = Duration::from_millis(500);

/// How often those that are named are read again.
const AGE: Duration = Duration::from_secs(10);

/// The secrets that are named, or why there is none.
#[derive(Clone)]
pub struct Secrets {
    api: Api<v1::Secret>,
    known: Arc<Mutex<BTreeMap<SecretRef, Result<Secret, NoSecret>>>>,
}

impl Secrets {
    /// Secrets in `namespace`; none is known yet.
    #[must_use]
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), known: Arc::default() }
    }

    /// What is known.
    #[must_use]
    pub fn known(&self) -> BTreeMap<SecretRef, Result<Secret, NoSecret>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what the policy names; wakes the controller when something else comes out.
    pub async fn read(&self, watches: &Watches) {
        let mut read = BTreeMap::new();
        for named in watches.named_secrets() {
            let found = self.get(&named).await;
            read.insert(named, found);
        }
        let changed = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (named, found) in &mut read {
                // An API server that does not answer takes no secret away.
                if matches!(found, Err(NoSecret::Unreachable(_)))
                    && let Some(Ok(secret)) = known.get(named)
                {
                    *found = Ok(secret.clone());
                }
            }
            let changed = *known != read;
            *known = read;
            changed
        };
        if changed {
            watches.changed().notify_one();
        }
    }

    /// Reads again and again.
    pub async fn keep(self, watches: Watches) {
        let mut read = Instant::now();
        loop {
            sleep(PERIOD).await;
            let others = !watches.named_secrets().iter().eq(self.known().keys());
            if others || read.elapsed() >= AGE {
                self.read(&watches).await;
                read = Instant::now();
            }
        }
    }

    async fn get(&self, named: &SecretRef) -> Result<Secret, NoSecret> {
        match self.api.get_opt(&named.name).await {
            Ok(Some(object)) => secret(&object, &named.key),
            Ok(None) => Err(NoSecret::NotFound),
            Err(kube::Error::Api(status)) if status.code == 403 => Err(NoSecret::Forbidden),
            Err(error) => {
                warn!(secret = named.name, %error, "can not be read");
                Err(NoSecret::Unreachable(error.to_string()))
            }
        }
    }
}

/// The text under `key`, without white space around it.
fn secret(object: &v1::Secret, key: &str) -> Result<Secret, NoSecret> {
    let bytes = object.data.as_ref().and_then(|data| data.get(key)).ok_or(NoSecret::NoKey)?;
    let text = str::from_utf8(&bytes.0).map_err(|_| NoSecret::Unfit("it is no text".to_owned()))?;
    Secret::new(text.trim()).map_err(|error| NoSecret::Unfit(error.to_string()))
}
