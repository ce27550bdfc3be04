//! Promises of commands that ask a cluster, to people whose cluster does not do as they think, and to their shells.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

const GRAYLANE: &str = env!("CARGO_BIN_EXE_graylane");

/// An API server that answers each path in one way, and a kubeconfig that leads to it.
struct Cluster {
    folder: TempDir,
}

impl Cluster {
    fn that(answer: fn(&str) -> (u16, String)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), answer);
            }
        });
        Self::at(address)
    }

    /// One that nobody answers at.
    fn away() -> (Self, SocketAddr) {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        (Self::at(address), address)
    }

    fn at(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [
                {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
                {"name": "there", "context": {"cluster": "c", "user": "u"}},
            ],
            "current-context": "here",
        });
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        Self { folder }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(GRAYLANE).args(args).env("KUBECONFIG", self.kubeconfig()).output().unwrap()
    }

    /// What a command complains about that can not be carried out.
    fn complaint(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{args:?}: {told}");
        told
    }

    /// What bash is offered for the last of `words`, apart from options, which come last.
    fn offered(&self, words: &[&str]) -> Vec<String> {
        let output = Command::new(GRAYLANE)
            .args(["--", "graylane"])
            .args(words)
            .env("GRAYLANE_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
            .env("_CLAP_IFS", "\n")
            .env("KUBECONFIG", self.kubeconfig())
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
        arguments(&String::from_utf8(output.stdout).unwrap())
    }
}

fn arguments(offered: &str) -> Vec<String> {
    offered.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
}

fn serve(mut stream: &TcpStream, answer: fn(&str) -> (u16, String)) {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let Some(request) = lines.next() else { return };
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let (code, body) = answer(request.split(' ').nth(1).unwrap());
    let length = body.len();
    write!(stream, "HTTP/1.1 {code} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
}

fn refusal(code: u16, message: &str) -> (u16, String) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message});
    (code, status.to_string())
}

/// A shop with two releases and a lane, and nothing else.
fn shop(path: &str) -> (u16, String) {
    let named = |name: &str, spec: Value| json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec});
    let items = match path.split('?').next().unwrap() {
        "/apis/graylane.io/v1alpha1/namespaces/shop/grayreleases" => {
            json!([named("checkout", json!({"workloads": []})), named("search", json!({"workloads": []}))])
        }
        "/apis/graylane.io/v1alpha1/namespaces/shop/lanes" => json!([named("branch-7", json!({"services": []}))]),
        "/api/v1/namespaces" => json!([{"metadata": {"name": "shop"}}, {"metadata": {"name": "staging"}}]),
        other => return refusal(403, &format!("{other} is forbidden")),
    };
    (200, json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}).to_string())
}

const ASKING: [&[&str]; 6] = [
    &["get"],
    &["get", "lanes"],
    &["status", "checkout"],
    &["status", "checkout", "--watch"],
    &["status", "checkout", "--wait", "10m"],
    &["abort", "checkout"],
];

#[test]
fn a_server_that_does_not_answer_is_named_with_what_the_system_says() {
    let (cluster, address) = Cluster::away();
    for args in ASKING {
        let told = cluster.complaint(args);
        assert!(told.contains(&format!("http://{address}")) && told.contains("Connection refused"), "{args:?}: {told}");
        assert!(told.contains("--kubeconfig"), "{args:?}: {told}");
    }
}

#[test]
fn a_cluster_without_the_resources_says_how_they_are_installed() {
    let cluster = Cluster::that(|_| (404, "404 page not found\n".to_owned()));
    for args in ASKING {
        let told = cluster.complaint(args);
        assert!(told.contains("kubectl apply -k deploy/"), "{args:?}: {told}");
    }
}

#[test]
fn where_istio_is_missing_nothing_is_published() {
    let cluster = Cluster::that(|_| (404, "404 page not found\n".to_owned()));
    assert!(cluster.complaint(&["explain", "cart/"]).contains("nothing is published"));
}

#[test]
fn a_missing_right_is_told_once_with_what_gives_it() {
    let cluster = Cluster::that(|_| refusal(403, "User \"dana\" cannot get resource \"grayreleases\""));
    for args in ASKING {
        let told = cluster.complaint(args);
        assert!(told.contains("cannot get resource") && told.contains("deploy/users.yaml"), "{args:?}: {told}");
    }
}

#[test]
fn who_may_not_list_the_whole_cluster_learns_of_one_namespace_and_of_the_role() {
    let cluster = Cluster::that(|_| refusal(403, "User \"dana\" cannot list at the cluster scope"));
    for what in ["releases", "lanes"] {
        let told = cluster.complaint(&["get", what, "-A"]);
        assert!(told.contains("-n NAMESPACE") && told.contains("ClusterRoleBinding to the role view"), "{told}");
        assert!(!cluster.complaint(&["get", what]).contains("-A"), "one namespace was asked for");
    }
    let told = cluster.complaint(&["get", "policy"]);
    assert!(told.contains("ClusterRoleBinding to the role view") && !told.contains("-n "), "{told}");
}

#[test]
fn credentials_that_are_not_taken_are_told_from_rights_that_are_missing() {
    let cluster = Cluster::that(|_| refusal(401, "Unauthorized"));
    assert!(cluster.complaint(&["get"]).contains("does not take these credentials (Unauthorized)"));
}

#[test]
fn whatever_answers_in_place_of_a_server_and_says_nothing_has_its_code_told() {
    let cluster = Cluster::that(|_| (502, String::new()));
    assert!(cluster.complaint(&["get"]).contains("502"));
}

#[test]
fn shells_are_offered_the_releases_lanes_and_namespaces_that_there_are() {
    let cluster = Cluster::that(shop);
    assert_eq!(cluster.offered(&["approve", ""]), ["checkout", "search"]);
    assert_eq!(cluster.offered(&["status", "s"]), ["search"]);
    assert_eq!(cluster.offered(&["status", "-n", "shop", "c"]), ["checkout"]);
    assert_eq!(cluster.offered(&["get", "lanes", ""]), ["branch-7"]);
    assert_eq!(cluster.offered(&["get", "releases", "c"]), ["checkout"]);
    assert_eq!(cluster.offered(&["get", "-n", ""]), ["shop", "staging"]);
    assert_eq!(cluster.offered(&["get", "--context", ""]), ["here", "there"]);
}

#[test]
fn shells_are_offered_commands_and_values_without_a_cluster_and_no_names() {
    let (cluster, _) = Cluster::away();
    assert_eq!(cluster.offered(&["appr"]), ["approve"]);
    assert_eq!(cluster.offered(&["get", "-o", ""]), ["text", "yaml", "json"]);
    assert_eq!(cluster.offered(&["status", "s"]), [""; 0]);
}

#[test]
fn kubectl_is_offered_the_same_in_its_own_form() {
    let cluster = Cluster::that(shop);
    let asked = cluster.folder.path().join("kubectl_complete-graylane");
    symlink(GRAYLANE, &asked).unwrap();
    let offered = |words: &[&str]| {
        let output = Command::new(&asked).args(words).env("KUBECONFIG", cluster.kubeconfig()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(arguments(&offered(&["status", ""])), ["checkout", "search", ":4"]);
    assert_eq!(offered(&["appr"]), "approve\tEnd the present pause of a release\n:4\n");
}

#[test]
fn bash_loads_the_script_and_asks_by_it() {
    let cluster = Cluster::that(shop);
    let script = "source <(graylane completion bash); COMP_WORDS=(graylane approve s); COMP_CWORD=2; \
                  _clap_complete_graylane graylane s approve; echo \"${COMPREPLY[*]}\"";
    let path = format!("{}:{}", PathBuf::from(GRAYLANE).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", script])
        .env("PATH", path)
        .env("KUBECONFIG", cluster.kubeconfig())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "search\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn nobody_who_stops_reading_is_told_of_it() {
    let output = Command::new("bash").args(["-c", "\"$0\" crd | head -1", GRAYLANE]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
