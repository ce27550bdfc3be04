//! The program, as a user calls it: from outside, with a kubeconfig, and without a trace afterwards.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

fn lab(folder: &Path, words: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_graylane-lab");
    Command::new(program).arg("--folder").arg(folder).args(words).output().unwrap()
}

fn succeeded(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
    said(&output.stdout)
}

async fn client(folder: &Path) -> Client {
    let read = Kubeconfig::read_from(folder.join("kubeconfig.yaml")).unwrap();
    Client::try_from(Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap()).unwrap()
}

/// Command lines of processes that name the folder, which all of a lab's do.
fn processes_of(folder: &Path) -> Vec<String> {
    let name = folder.to_str().unwrap();
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let lines = numbers.filter_map(|number| fs::read_to_string(format!("/proc/{number}/cmdline")).ok());
    lines.filter(|line| line.contains(name)).map(|line| line.replace('\0', " ")).collect()
}

#[tokio::test]
async fn a_lab_is_reached_from_outside_goes_on_after_a_stop_and_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("lab");
    assert!(!lab(&folder, &["status"]).status.success());

    let said = succeeded(&lab(&folder, &["up", "--extent", "kubernetes"]));
    assert!(said.contains("kube-apiserver") && said.contains("KUBECONFIG"), "{said}");
    assert!(processes_of(&folder).len() >= 4);
    assert!(!lab(&folder, &["up"]).status.success(), "one lab has a folder for itself");
    let name = "kept";
    let namespaces: Api<Namespace> = Api::all(client(&folder).await);
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    namespaces.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await.unwrap();
    let inside = succeeded(&lab(&folder, &["exec", "--", "ip", "-brief", "address", "show", "lab0"]));
    assert!(inside.contains("10.244.0.1/16"), "{inside}");

    succeeded(&lab(&folder, &["down", "--keep"]));
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    succeeded(&lab(&folder, &["up", "--extent", "kubernetes"]));
    let namespaces: Api<Namespace> = Api::all(client(&folder).await);
    let names = namespaces.list(&ListParams::default()).await.unwrap();
    assert!(names.iter().any(|namespace| namespace.metadata.name.as_deref() == Some(name)));

    succeeded(&lab(&folder, &["down"]));
    assert_eq!(processes_of(&folder), Vec::<String>::new());
    assert!(!folder.exists());
}
