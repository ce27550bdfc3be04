//! The network of one pod: a namespace with loopback, and one interface to the lab's bridge; and its mounts.

use std::io;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::Site;
use crate::namespace::{BRIDGE, LAB_ADDRESS, SERVICE_NETWORK};

/// What a pod has mounted for itself: the folder in which Istio's agent keeps modules.
const MOUNTED: &str = "mount -t tmpfs none /var/lib && mkdir -p /var/lib/istio/data";

/// A network. It is gone when it is dropped.
#[derive(Debug)]
pub(super) struct PodNetwork {
    pub(super) address: Ipv4Addr,
    /// Keeps the namespaces while no container runs.
    holder: Child,
    holder_id: u32,
}

impl PodNetwork {
    /// Makes one, with an address that no pod had before.
    pub(super) async fn make(site: &Site) -> io::Result<Self> {
        let number = site.last_address.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let [high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(10, 244, high, low);
        // It says a word once it is where it will stay; it ends with its standard input.
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", &format!("{MOUNTED} && echo here; exec cat")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let holder_id = holder.id().unwrap_or_default();
        let words = holder.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        if BufReader::new(words).lines().next_line().await?.is_none() {
            return Err(io::Error::other("no namespaces for a pod"));
        }
        ip(
            Command::new("ip").args(["-batch", "-"]),
            &format!(
                "link add pod{number} type veth peer name eth0 netns {holder_id}\n\
                 link set pod{number} master {BRIDGE} up\n"
            ),
        )
        .await?;
        ip(
            Command::new("nsenter").arg(format!("--net=/proc/{holder_id}/ns/net")).args(["ip", "-batch", "-"]),
            &format!(
                "link set lo up\naddress add {address}/16 dev eth0\nlink set eth0 up\n\
                 route add {SERVICE_NETWORK} via {LAB_ADDRESS}\n"
            ),
        )
        .await?;
        Ok(Self { address, holder, holder_id })
    }

    /// A process in its namespaces.
    pub(super) fn holder(&self) -> u32 {
        self.holder_id
    }

    /// Ends it. The kernel takes its interfaces away.
    pub(super) async fn end(mut self) {
        // It has nothing to say about its end.
        let _ = self.holder.kill().await;
    }
}

async fn ip(command: &mut Command, lines: &str) -> io::Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(lines.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("`ip` refuses \"{lines}\": {}", String::from_utf8_lossy(&output.stderr).trim())))
}
