//! The guard: what ends all processes of a mesh should the mesh itself be killed.
//!
//! A shell that reads the numbers of process groups from a pipe. Nobody else holds the other end, so the pipe closes
//! when the mesh is gone, however it went; then the guard ends every group that it still knows. What a terminal sends
//! does not end the guard itself.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r verb group; do
  case $verb in
    watch) groups="$groups$group " ;;
    forget) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
set -- $groups
[ $# -eq 0 ] && exit
for signal in TERM KILL; do
  for group in $groups; do kill -s $signal -- "-$group"; done 2>/dev/null
  sleep 1
done
"#;

/// A running guard.
#[derive(Debug)]
pub(super) struct Guard {
    /// `None` once it is closed.
    pipe: Mutex<Option<ChildStdin>>,
    shell: Mutex<Child>,
}

impl Guard {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no `/bin/sh`.
    pub(super) fn start() -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { pipe: Mutex::new(shell.stdin.take()), shell: Mutex::new(shell) })
    }

    /// The process group `group` ends with the mesh.
    pub(super) fn watch(&self, group: u32) {
        self.say("watch", group);
    }

    /// The process group `group` is no more.
    pub(super) fn forget(&self, group: u32) {
        self.say("forget", group);
    }

    fn say(&self, verb: &str, group: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        // A few bytes in a pipe of 64 KiB: this does not wait.
        let said = pipe.as_mut().map(|pipe| pipe.write_all(format!("{verb} {group}\n").as_bytes()));
        if let Some(Err(error)) = said {
            tracing::warn!("the guard is gone ({error}): should graylane be killed, its processes stay");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.pipe.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = shell.wait() {
            tracing::warn!("the guard can not be waited for: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").process_group(0).spawn().unwrap()
    }

    #[test]
    fn groups_that_are_still_known_end_with_the_pipe() {
        let guard = Guard::start().unwrap();
        let (mut known, mut forgotten) = (sleeper(), sleeper());
        for sleeper in [&forgotten, &known] {
            guard.watch(sleeper.id());
        }
        guard.forget(forgotten.id());
        drop(guard);
        assert!(known.try_wait().unwrap().is_some());
        assert!(forgotten.try_wait().unwrap().is_none());
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
    }
}
