//! Namespaces of the lab's own: users, network, processes, mounts.
//!
//! The network has nobody else's ports and addresses; pods get addresses of [`POD_NETWORK`] behind a bridge. The lab is
//! the first process of its process namespace: when it ends, in whatever way, the kernel ends every other one in it.
//! As a user namespace it needs no root. This program enters by running itself again under `unshare` (util-linux),
//! because a process with threads can not.

use std::io::Read;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::{env, io, thread};

/// The addresses of pods, and of the lab itself.
pub const POD_NETWORK: &str = "10.244.0.0/16";

/// The addresses of Services, all of which are the lab's own.
pub const SERVICE_NETWORK: &str = "10.0.0.0/16";

/// Where what runs in the lab, but in no pod, is reached by pods.
pub const LAB_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 1);

/// The bridge between the lab and its pods.
pub const BRIDGE: &str = "lab0";

/// Set for the program that runs inside.
const INSIDE: &str = "GRAYLANE_LAB_INSIDE";

/// Which side of the wall this process is on.
#[derive(Debug)]
pub enum Side {
    /// Inside: go on.
    Inside,
    /// Outside, and what ran inside has ended so: end likewise.
    Outside(ExitCode),
}

/// Why there are no namespaces.
#[derive(Debug, thiserror::Error)]
pub enum NoNamespace {
    /// The machine does not allow them.
    #[error(
        "this machine allows no namespaces for the lab: `unshare {}` said \"{said}\". Run it as root, or allow users to \
         have namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0; in \
         a container: SYS_ADMIN and NET_ADMIN), and install util-linux if `unshare` is missing", FLAGS.join(" ")
    )]
    Refused {
        /// What was said instead.
        said: String,
    },
    /// A command in the new namespace failed.
    #[error("`ip {command}` failed inside the lab: \"{said}\"; is iproute2 installed?")]
    Network {
        /// The command.
        command: String,
        /// What was said.
        said: String,
    },
    /// The system refuses something ordinary.
    #[error("cannot enter the lab's namespaces: {0}")]
    System(#[from] io::Error),
}

/// What the lab does not share with the machine.
const FLAGS: [&str; 7] = ["--user", "--map-root-user", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"];

/// What makes the network: loopback, with all addresses of Services, and a bridge for pods.
const NETWORK: [&str; 5] = [
    "link set lo up",
    "route add local 10.0.0.0/16 dev lo",
    "link add lab0 type bridge",
    "address add 10.244.0.1/16 dev lab0",
    "link set lab0 up",
];

/// Enters the namespaces: outside, runs this very program again inside, with the same arguments, and waits for its end.
///
/// # Errors
/// [`NoNamespace`] when the machine does not allow it.
pub fn enter() -> Result<Side, NoNamespace> {
    if env::var_os(INSIDE).is_some() {
        end_with_the_outside();
        make_network()?;
        return Ok(Side::Inside);
    }
    let mut inside = run_inside(Command::new(env::current_exe()?).args(env::args_os().skip(1)))?;
    // Waiting would close it, and end the inside.
    let pipe = inside.stdin.take();
    let ended = inside.wait()?;
    drop(pipe);
    Ok(Side::Outside(exit_code(ended)))
}

/// Starts a program of this package inside. It ends when the returned child's standard input is closed.
///
/// # Errors
/// [`NoNamespace`] when the machine does not allow it.
pub fn run_inside(program: &Command) -> Result<Child, NoNamespace> {
    let tried = Command::new("unshare").args(FLAGS).arg("true").stdin(Stdio::null()).output();
    let tried = tried.map_err(|error| NoNamespace::Refused { said: error.to_string() })?;
    if !tried.status.success() {
        return Err(NoNamespace::Refused { said: String::from_utf8_lossy(&tried.stderr).trim().to_owned() });
    }
    let mut command = Command::new("unshare");
    command.args(FLAGS).arg("--").arg(program.get_program()).args(program.get_args());
    Ok(command.env(INSIDE, "1").stdin(Stdio::piped()).spawn()?)
}

/// The pipe from outside closes when the outside is gone, however it went.
fn end_with_the_outside() {
    thread::spawn(|| {
        let mut nothing = [0];
        while let Ok(1..) = io::stdin().read(&mut nothing) {}
        std::process::exit(1);
    });
}

fn make_network() -> Result<(), NoNamespace> {
    for command in NETWORK {
        ip(Command::new("ip").args(command.split(' ')), command)?;
    }
    Ok(())
}

fn ip(command: &mut Command, words: &str) -> Result<(), NoNamespace> {
    let failed = |said: String| NoNamespace::Network { command: words.to_owned(), said };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// What a shell would make of it: 128 and the signal, where there was one.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
