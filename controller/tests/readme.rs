//! The README's commands and resources, carried out.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clap::{CommandFactory as _, Parser as _};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// The blocks of the README that are written in `language`.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let parts: Vec<&str> = text.split("```").collect();
    parts.iter().filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n')).map(ToOwned::to_owned).collect()
}

/// What the table of commands says can be typed.
fn typed() -> Vec<String> {
    let text = readme();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    cells.map(|(command, _)| command.to_owned()).filter(|command| command.starts_with("graylane ")).collect()
}

/// Has a shell run `command`, where `graylane` is this one and `DIR` the folder of the shop.
fn run(command: &str) -> Output {
    let folder = Path::new(env!("CARGO_BIN_EXE_graylane")).parent().unwrap();
    let path =
        env::join_paths([folder.to_path_buf()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap())));
    let command = command.replace("DIR", &format!("{ROOT}/examples/shop/mesh"));
    Command::new("sh").args(["-c", &command]).env("PATH", path.unwrap()).output().unwrap()
}

#[test]
fn every_command_of_the_tables_can_be_typed_as_it_stands() {
    let commands = typed();
    for command in &commands {
        let words = command.replace('\'', "");
        let words = words.replace("x-user: alice", "x-user:alice");
        assert!(graylane::cli::Cli::try_parse_from(words.split(' ')).is_ok(), "{command}");
    }
    // A mesh that runs has tests of its own, and so has what needs a cluster or a key.
    let ends_by_itself = ["check", "explain", "plan", "crd", "rbac"];
    let commands: Vec<&String> = commands
        .iter()
        .filter(|command| command.split(' ').nth(1).is_some_and(|name| ends_by_itself.contains(&name)))
        .collect();
    assert_eq!(commands.len(), ends_by_itself.len(), "{commands:?}");
    for command in commands {
        let output = run(command);
        assert!(output.status.success(), "{command}: {output:?}");
        assert!(!output.stdout.is_empty(), "{command}: nothing is printed");
    }
}

#[test]
fn the_tables_name_every_command() {
    let program = graylane::cli::Cli::command();
    let mut named: Vec<String> =
        typed().iter().filter_map(|command| command.split(' ').nth(1).map(ToOwned::to_owned)).collect();
    let mut known: Vec<_> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    known.retain(|name| name != "help");
    named.sort();
    known.sort();
    assert_eq!(named, known);
}

#[test]
fn the_resources_of_the_readme_are_sound() {
    let resources = blocks("yaml");
    assert!(!resources.is_empty());
    for resource in resources {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(format!("{ROOT}/examples/shop/mesh/mesh.yaml"), folder.path().join("mesh.yaml")).unwrap();
        fs::write(folder.path().join("readme.yaml"), &resource).unwrap();
        let output = run(&format!("graylane check -f {}", folder.path().display()));
        assert!(output.status.success(), "{resource}\n{output:?}");
    }
}

/// What guides and stories have people type, apart from pipes and files.
fn typed_in_guides() -> Vec<String> {
    let folders = ["docs/guides", "examples"].map(|folder| Path::new(ROOT).join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let pages = entries.map(|path| if path.is_dir() { path.join("README.md") } else { path });
    let text: String = pages.filter(|page| page.is_file()).map(|page| fs::read_to_string(page).unwrap()).collect();
    let commands = text.lines().filter_map(|line| line.trim().strip_prefix("$ graylane "));
    commands.map(|command| command.split(['|', '>']).next().unwrap().trim().to_owned()).collect()
}

#[test]
fn every_command_of_the_guides_can_be_typed() {
    let commands = typed_in_guides();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let words = ["graylane"].into_iter().chain(command.split(' '));
        let parsed = graylane::cli::Cli::try_parse_from(words);
        assert!(parsed.is_ok(), "graylane {command}: {}", parsed.unwrap_err());
    }
}
