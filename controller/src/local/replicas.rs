//! All replicas: from what is wanted to what runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::join_all;

use super::Error;
use super::process::Site;
use super::proxy::Proxy;
use super::readiness::Progress;
use super::replica::{Replica, Standing};
use super::wanted::{Version, Wanted};

/// The replicas that run.
#[derive(Debug, Default)]
pub(super) struct Replicas {
    running: Vec<Replica>,
    /// How many replicas have ever had a name that starts like that: no name is used twice.
    named: BTreeMap<String, u32>,
}

/// Where requests for each version go.
pub(super) type Serving = BTreeMap<Version, Vec<SocketAddr>>;

impl Replicas {
    /// Starts what is missing and lets go of what is too much. A replica of an app that is run otherwise now goes when
    /// enough of its successors are ready.
    pub(super) fn scale(&mut self, site: &Arc<Site>, wanted: &BTreeMap<Version, Wanted>) -> Result<(), Error> {
        for replica in &mut self.running {
            if !wanted.contains_key(&replica.version) {
                replica.standing = Standing::Leaving;
            }
        }
        for (version, wanted) in wanted {
            let replicas = usize::from(wanted.replicas);
            for _ in self.fitting(version, wanted).count()..replicas {
                let name = self.new_name(version);
                self.running.push(Replica::start(site, name, version.clone(), Arc::clone(&wanted.app))?);
            }
            self.fitting(version, wanted).skip(replicas).for_each(|replica| replica.standing = Standing::Leaving);
            if self.fitting(version, wanted).filter(|replica| replica.progress() == Progress::Ready).count() >= replicas
            {
                let outdated = self.running.iter_mut().filter(|replica| replica.version == *version);
                let outdated = outdated.filter(|replica| replica.app != wanted.app);
                outdated.for_each(|replica| replica.standing = Standing::Leaving);
            }
        }
        Ok(())
    }

    /// Where requests for each version go: to its ready replicas. One that leaves still serves when its whole version
    /// does, because some proxy may still send requests there.
    pub(super) fn serving(&self, wanted: &BTreeMap<Version, Wanted>) -> Serving {
        let mut serving = Serving::new();
        for replica in self.running.iter().filter(|replica| replica.progress() == Progress::Ready) {
            if replica.standing != Standing::Leaving || !wanted.contains_key(&replica.version) {
                serving.entry(replica.version.clone()).or_default().push(replica.inbound());
            }
        }
        serving
    }

    /// Takes out the replicas that leave and that nothing leads to any more.
    pub(super) fn take_gone(
        &mut self,
        wanted: &BTreeMap<Version, Wanted>,
        led_to: impl Fn(&Version) -> bool,
    ) -> Vec<Replica> {
        let gone = |replica: &mut Replica| {
            let version = &replica.version;
            replica.standing == Standing::Leaving && (wanted.contains_key(version) || !led_to(version))
        };
        self.running.extract_if(.., gone).collect()
    }

    /// Whether each of them is ready, or has failed, or is late.
    pub(super) fn have_come_up(&self) -> bool {
        self.running.iter().all(|replica| replica.progress() != Progress::Starting)
    }

    pub(super) fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.running.iter().map(|replica| &replica.proxy)
    }

    /// Stops them all at once.
    pub(super) async fn stop(self) {
        join_all(self.running.into_iter().map(Replica::stop)).await;
    }

    fn fitting(&mut self, version: &Version, wanted: &Wanted) -> impl Iterator<Item = &mut Replica> {
        self.running.iter_mut().filter(|replica| {
            replica.standing != Standing::Leaving && replica.version == *version && replica.app == wanted.app
        })
    }

    fn new_name(&mut self, (service, version): &Version) -> String {
        let name = format!("{}-{version}", service.name());
        let number = self.named.entry(name.clone()).or_default();
        *number += 1;
        format!("{name}-{}", *number - 1)
    }
}
