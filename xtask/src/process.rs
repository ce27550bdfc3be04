//! Starting other programs: every command is shown before it runs, as it could be typed, and a
//! failure names it. No program started here reads the terminal.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Shows a command and runs it, its output passing through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    run_watched(command, Output::PassesThrough)
}

/// Shows a command and runs it, its output passing through; `on_line` sees each line of it.
pub(crate) fn run_and_watch(command: &mut Command, on_line: &mut dyn FnMut(&str)) -> Result<()> {
    run_watched(command, Output::Watched(on_line))
}

enum Output<'a> {
    PassesThrough,
    Watched(&'a mut dyn FnMut(&str)),
}

fn run_watched(command: &mut Command, output: Output<'_>) -> Result<()> {
    let line = command_line(command);
    println!("$ {line}");
    command.stdin(Stdio::null());
    let cannot_start = || format!("cannot start `{line}`");
    let status = match output {
        Output::PassesThrough => command.status().with_context(cannot_start)?,
        Output::Watched(on_line) => {
            let mut child = command.stdout(Stdio::piped()).spawn().with_context(cannot_start)?;
            let stdout = child.stdout.take().context("standard output is not a pipe")?;
            for read in BufReader::new(stdout).lines() {
                let read = read.with_context(|| format!("cannot read what `{line}` prints"))?;
                println!("{read}");
                on_line(&read);
            }
            child.wait()?
        }
    };
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// Runs a command quietly and returns what it wrote to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = command_line(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` did not print UTF-8"))
}

/// What a reader would type to run the same: variables, the program by its name, arguments.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words: Vec<String> =
        command.get_envs().filter_map(|(name, value)| Some(format!("{}={}", name.display(), quoted(value?)))).collect();
    words.push(quoted(program.file_name().unwrap_or(command.get_program())));
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=,:@+%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_typed_again() {
        let mut command = Command::new("/opt/tools/cargo");
        command.args(["doc", "--package", "it's"]).env("RUSTDOCFLAGS", "-D warnings");
        command.env_remove("CARGO_PKG_NAME");
        assert_eq!(command_line(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc --package 'it'\''s'");
    }

    #[test]
    fn a_failing_command_is_named_in_the_error() {
        let error = run(Command::new("false").arg("why")).unwrap_err().to_string();
        assert!(error.starts_with("`false why` failed"), "{error}");
    }

    #[test]
    fn a_watched_command_hands_over_each_line() {
        let mut lines = Vec::new();
        let mut echo = Command::new("printf");
        run_and_watch(echo.arg("one\\ntwo\\n"), &mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "two"]);
    }
}
