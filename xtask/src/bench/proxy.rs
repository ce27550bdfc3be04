//! One running Envoy: started pinned, asked over its admin interface, stopped on drop.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::cpu::{self, Cores, CpuTime};

/// Compiling a dozen modules on one core takes seconds.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How proxies are started.
#[derive(Debug)]
pub(crate) struct Launcher {
    pub(crate) envoy: PathBuf,
    pub(crate) cores: Cores,
    /// Where the files of proxies go, each named after the proxy's purpose.
    pub(crate) folder: PathBuf,
}

/// An Envoy process that serves its listeners.
#[derive(Debug)]
pub(crate) struct Proxy {
    process: Child,
    admin: String,
    log: PathBuf,
}

impl Launcher {
    /// Starts a proxy with so many workers and waits until it is live. One worker is pinned; several have all cores.
    pub(crate) fn start(&self, purpose: &str, bootstrap: &Value, workers: u8) -> Result<Proxy> {
        let file = |kind: &str| self.folder.join(format!("{purpose}.{kind}"));
        let (config, admin_file, log) = (file("json"), file("admin"), file("log"));
        fs::write(&config, bootstrap.to_string()).with_context(|| format!("cannot write {}", config.display()))?;
        // One left by an earlier run would name a dead port.
        fs::write(&admin_file, "").with_context(|| format!("cannot write {}", admin_file.display()))?;
        // A process inherits its core from the thread that starts it.
        match workers {
            1 => cpu::pin_current_thread(self.cores.proxy)?,
            _ => self.cores.unpin_current_thread()?,
        }
        let process = Command::new(&self.envoy)
            .args(["--disable-hot-restart", "--log-level", "warn", "--concurrency"])
            .arg(workers.to_string())
            .arg("--admin-address-path")
            .arg(&admin_file)
            .arg("--config-path")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).with_context(|| format!("cannot write {}", log.display()))?)
            .spawn()
            .with_context(|| format!("cannot start {}", self.envoy.display()));
        cpu::pin_current_thread(self.cores.others)?;
        let mut proxy = Proxy { process: process?, admin: String::new(), log };
        proxy.wait_until_live(&admin_file)?;
        Ok(proxy)
    }
}

impl Proxy {
    fn wait_until_live(&mut self, admin_file: &Path) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Some(status) = self.process.try_wait()? {
                bail!("Envoy ended with {status}; {}", self.last_log_lines());
            }
            if let Ok(address) = fs::read_to_string(admin_file)
                && let Ok(ready) = minreq::get(format!("http://{}/ready", address.trim())).send()
                && ready.status_code == 200
            {
                address.trim().clone_into(&mut self.admin);
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("Envoy is not live after {START_TIMEOUT:?}; {}", self.last_log_lines());
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn last_log_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(5).collect();
        let newest_last: Vec<_> = lines.into_iter().rev().collect();
        format!("{} ends with:\n{}", self.log.display(), newest_last.join("\n"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Of the whole process so far.
    pub(crate) fn cpu_time(&self) -> Result<CpuTime> {
        cpu::process_time(self.pid())
    }

    /// Of the worker's thread so far.
    pub(crate) fn worker_time(&self) -> Result<CpuTime> {
        cpu::thread_time(self.pid(), "wrk:")
    }

    /// Envoy's version, such as `1.40.0`.
    pub(crate) fn version(&self) -> Result<String> {
        let info: ServerInfo = serde_json::from_str(&self.admin_page("server_info")?)?;
        // revision/version/status/build/TLS library
        Ok(info.version.split('/').nth(1).unwrap_or(&info.version).to_owned())
    }

    /// Where each listener is bound, by its name.
    pub(crate) fn listeners(&self) -> Result<BTreeMap<String, SocketAddr>> {
        let body = self.admin_page("listeners?format=json")?;
        let page: ListenersPage =
            serde_json::from_str(&body).with_context(|| format!("cannot parse the list of listeners {body:?}"))?;
        page.listener_statuses.into_iter().map(bound_address).collect()
    }

    /// Value of one counter or gauge, zero as long as Envoy has not created it.
    pub(crate) fn stat(&self, name: &str) -> Result<u64> {
        let prefix = format!("{name}: ");
        let page = self.admin_page("stats")?;
        let Some(value) = page.lines().find_map(|line| line.strip_prefix(&prefix)) else {
            return Ok(0);
        };
        value.parse().with_context(|| format!("cannot parse {name}: {value:?}"))
    }

    fn admin_page(&self, path: &str) -> Result<String> {
        let url = format!("http://{}/{path}", self.admin);
        let answer = minreq::get(&url).send().with_context(|| format!("cannot get {url}"))?;
        Ok(answer.as_str()?.to_owned())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Deserialize)]
struct ServerInfo {
    version: String,
}

#[derive(Deserialize)]
struct ListenersPage {
    listener_statuses: Vec<ListenerStatus>,
}

#[derive(Deserialize)]
struct ListenerStatus {
    name: String,
    local_address: LocalAddress,
}

#[derive(Deserialize)]
struct LocalAddress {
    socket_address: SocketAddress,
}

#[derive(Deserialize)]
struct SocketAddress {
    address: String,
    port_value: u16,
}

fn bound_address(listener: ListenerStatus) -> Result<(String, SocketAddr)> {
    let SocketAddress { address, port_value } = listener.local_address.socket_address;
    let ip = address.parse().with_context(|| format!("cannot parse the address {address:?}"))?;
    Ok((listener.name, SocketAddr::new(ip, port_value)))
}
