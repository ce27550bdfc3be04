//! One process: started in a group of its own, its words kept in a file.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What its environment has besides that of the lab.
    pub environment: Vec<(String, String)>,
    /// Where it runs.
    pub folder: PathBuf,
    /// The file that what it says is added to.
    pub log: PathBuf,
}

/// A process that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The number of the process and of its group.
    id: u32,
}

impl Program {
    /// A program without arguments.
    #[must_use]
    pub fn new(file: &Path, folder: &Path, log: PathBuf) -> Self {
        Self { file: file.to_owned(), arguments: Vec::new(), environment: Vec::new(), folder: folder.to_owned(), log }
    }

    /// With these arguments as well.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// With an argument `NAMEVALUE`, such as `--data-dir=` and a path.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        let mut argument = OsString::from(name);
        argument.push(value.as_ref());
        self.arguments.push(argument);
        self
    }

    /// With these variables as well.
    #[must_use]
    pub fn environment<'a>(mut self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        self
    }

    /// The same program, run with the network and the mounts of another process.
    #[must_use]
    pub fn in_namespaces_of(mut self, process: u32) -> Self {
        let mut folder = OsString::from("--wdns=");
        folder.push(&self.folder);
        let network = format!("--net=/proc/{process}/ns/net").into();
        let mounts = format!("--mount=/proc/{process}/ns/mnt").into();
        let mut arguments = vec![network, mounts, folder, "--".into(), self.file.into()];
        arguments.append(&mut self.arguments);
        Self { file: "nsenter".into(), arguments, ..self }
    }
}

impl Process {
    /// Starts `program`.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(program: &Program) -> io::Result<Self> {
        let words = OpenOptions::new().create(true).append(true).open(&program.log)?;
        let child = Command::new(&program.file)
            .args(&program.arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&program.folder)
            .stdin(Stdio::null())
            .stdout(words.try_clone()?)
            .stderr(words)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        // It is there until it has been waited for, which only `self` can do.
        let id = child.id().unwrap_or_default();
        Ok(Self { child, id })
    }

    /// The number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// What the system says.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    /// What the system says.
    pub fn has_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks it to end, and ends it if it does not within `grace`.
    ///
    /// # Errors
    /// What the system says.
    pub async fn stop(mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        if let Ok(ended) = timeout(grace, self.child.wait()).await {
            return ended;
        }
        self.kill().await
    }

    /// Ends it, and what it has started, at once.
    ///
    /// # Errors
    /// What the system says.
    pub async fn kill(mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.child.wait().await
    }

    /// Sends a signal to it and to what it has started.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.id).ok().and_then(Pid::from_raw) {
            // The group may be gone.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
