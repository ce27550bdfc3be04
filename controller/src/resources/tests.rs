//! Promises of reading files.

use std::fs;

use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What is wrong with the files, told without the folder they are in.
fn wrong(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let findings = read(&[folder.path()]).unwrap_err();
    let prefix = format!("{}/", folder.path().display());
    findings.iter().map(|finding| finding.to_string().replace(&prefix, "")).collect()
}

const LANE: &str = "apiVersion: graylane.io/v1alpha1\nkind: Lane\nmetadata: {name: gray}\nspec: {services: [{service: cart, version: v2}]}\n";
const MESH: &str = "apiVersion: graylane.io/v1alpha1\nkind: LocalMesh\nmetadata: {name: shop}\nspec:\n  services:\n  - {name: cart, versions: [{name: v1, command: [cart]}]}\n";

#[test]
fn a_folder_is_read_with_all_documents_of_all_its_files_in_yaml_and_json() {
    let json =
        r#"{"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy", "metadata": {"name": "default"}, "spec": {}}"#;
    let two = format!("# first\n---\n{LANE}---\n{}", LANE.replace("gray}", "blue, namespace: shop}"));
    let folder = folder(&[("a.yaml", &two), ("b.yml", MESH), ("c.json", json), ("d.txt", "no"), (".e.yaml", "no")]);
    let resources = read(&[folder.path()]).unwrap();
    let names: Vec<_> = resources.lanes.iter().map(|lane| lane.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["gray", "blue"]);
    assert!(resources.policy.is_some() && resources.mesh.is_some());
    assert_eq!(resources.notes, []);
}

#[test]
fn where_nothing_at_all_is_found_every_path_is_told() {
    let folder = folder(&[("a.yaml", ""), ("b.yaml", "# later\n---\n---\n")]);
    let file = folder.path().join("a.yaml");
    let told = read(&[folder.path(), &file]).unwrap_err().to_string();
    let (folder, file) = (folder.path().display(), file.display());
    let said = "holds no resource; allowed: at least one document of YAML or JSON that is no comment";
    assert_eq!(told, format!("{folder}: {said}\n{file}: {said}"));
}

#[test]
fn a_file_with_nothing_but_comments_is_noted_among_others() {
    let folder = folder(&[("a.yaml", "# later\n"), ("b.yaml", LANE)]);
    let resources = read(&[folder.path()]).unwrap();
    assert_eq!(resources.lanes.len(), 1);
    let notes: Vec<String> = resources.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, [format!("{}: holds no resource", folder.path().join("a.yaml").display())]);
}

#[test]
fn a_link_to_nowhere_is_told_and_not_passed_over() {
    let folder = folder(&[("a.yaml", LANE)]);
    std::os::unix::fs::symlink("nowhere.yaml", folder.path().join("b.yaml")).unwrap();
    let findings = read(&[folder.path()]).unwrap_err().to_string();
    assert!(findings.contains("b.yaml: can not be read"), "{findings}");
}

#[test]
fn a_member_that_is_written_twice_is_told_in_words_for_people() {
    let twice = "kind: Lane\nspec: {}\nspec: {}\n";
    let told = wrong(&[("a.yaml", twice)]).join("\n");
    assert!(told.starts_with("a.yaml:3: no YAML: duplicate mapping key: spec not allowed here at line 3"), "{told}");
}

#[test]
fn what_belongs_to_others_is_left_alone_and_noted() {
    let folder = folder(&[("a.yaml", "apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: Service\n")]);
    let notes = read(&[folder.path()]).unwrap().notes;
    let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["Deployment of apps left alone", "Service of the core group left alone"]);
    assert_eq!(notes[1].place.line, Some(4));
}

#[test]
fn every_problem_of_form_is_told_over_all_files() {
    let release = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: x}\nspec:\n  wieght: 5\n  weight: 101\n  workloads:\n  - service: Cart\n  - stable: v1\n";
    let wrong = wrong(&[("a.yaml", release), ("b.yaml", "kind: [1\n"), ("c.yaml", "- 1\n")]);
    let expected = [
        "a.yaml:5: GrayRelease default/x: spec.wieght: unknown field `wieght`",
        "a.yaml:6: GrayRelease default/x: spec.weight: invalid percentage \"101\"",
        "a.yaml:8: GrayRelease default/x: spec.workloads[0].service: invalid service name \"Cart\"",
        "a.yaml:9: GrayRelease default/x: spec.workloads[1]: missing field `service`",
        "b.yaml:",
        "c.yaml:1: is no object",
    ];
    for start in expected {
        assert!(wrong.iter().any(|told| told.starts_with(start)), "{start} is not among {wrong:#?}");
    }
    assert_eq!(wrong.len(), expected.len(), "{wrong:#?}");
}

#[test]
fn unknown_kinds_versions_and_members_of_ours_are_refused() {
    for (changed, path) in [
        (LANE.replace("kind: Lane", "kind: Lanes"), "kind"),
        (LANE.replace("v1alpha1", "v1"), "apiVersion"),
        (format!("{LANE}speck: {{}}\n"), "speck"),
        (LANE.replace("name: gray", "nmae: gray"), "metadata.name"),
        (LANE.replace("name: gray", "name: Gray"), "metadata.name"),
        (LANE.replace("name: gray", "name: gray, namespace: a.b"), "metadata.namespace"),
    ] {
        let wrong = wrong(&[("a.yaml", &changed)]);
        assert!(wrong.len() == 1 && wrong[0].contains(&format!(": {path}: ")), "{path}: {wrong:?}");
    }
}

#[test]
fn an_object_given_twice_is_refused_with_both_places() {
    assert_eq!(
        wrong(&[("a.yaml", LANE), ("b.yaml", LANE)]),
        [
            "b.yaml:3: Lane default/gray: metadata.name: Lane default/gray is already in a.yaml:1; allowed: each object once"
        ]
    );
}

#[test]
fn there_is_one_mesh_policy_and_one_local_mesh() {
    let policy = "apiVersion: graylane.io/v1alpha1\nkind: MeshPolicy\nmetadata: {name: mine}\nspec: {}\n";
    let second = MESH.replace("name: shop}", "name: other}");
    let wrong = wrong(&[("a.yaml", policy), ("b.yaml", MESH), ("c.yaml", &second)]);
    assert!(wrong.len() == 2 && wrong[0].contains("\"mine\" is not the mesh policy"), "{wrong:?}");
    assert!(wrong[1].contains("there is another LocalMesh"), "{wrong:?}");
}

#[test]
fn a_local_mesh_that_contradicts_itself_is_refused() {
    let mesh = "apiVersion: graylane.io/v1alpha1\nkind: LocalMesh\nmetadata: {name: shop}\nspec:
  gateway:
    routes:
    - {service: nobody}
    - {service: cart, hosts: []}
    - {service: cart, hosts: ['*']}
  services:
  - {name: cart, versions: []}
  - name: cart.shop
    readiness: {path: ready}
    versions: [{name: v1, command: [a]}, {name: v1, command: []}]
  - {name: cart, versions: [{name: v1, command: [a]}]}
";
    let wrong = wrong(&[("m.yaml", mesh)]);
    let starts = [
        "m.yaml:7: LocalMesh default/shop: spec.gateway.routes[0].service: there is no service \"nobody\"",
        "m.yaml:8: LocalMesh default/shop: spec.gateway.routes[1].hosts: is empty",
        "m.yaml:9: LocalMesh default/shop: spec.gateway.routes[2].hosts[0]: \"*\" is already routed",
        "m.yaml:11: LocalMesh default/shop: spec.services[0].versions: is empty",
        "m.yaml:12: LocalMesh default/shop: spec.services[1].name: \"cart.shop\" is no name of a local service",
        "m.yaml:13: LocalMesh default/shop: spec.services[1].readiness.path: does not start with '/'",
        "m.yaml:14: LocalMesh default/shop: spec.services[1].versions[1].name: \"v1\" is taken",
        "m.yaml:14: LocalMesh default/shop: spec.services[1].versions[1].command: is empty",
        "m.yaml:15: LocalMesh default/shop: spec.services[2].name: \"cart\" is taken",
    ];
    assert_eq!(wrong.len(), starts.len(), "{wrong:#?}");
    for (told, start) in wrong.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} does not start with {start}");
    }
}

#[test]
fn a_path_without_resources_is_refused() {
    let empty = TempDir::new().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("missing.yaml")] {
        let told = read(&[&path]).unwrap_err().to_string();
        assert!(told.starts_with(&path.display().to_string()) && told.contains("; allowed: a f"), "{told}");
    }
}

#[test]
fn a_lane_that_apps_begin_requests_in_must_be_formed_by_an_object() {
    let mesh = MESH.replace("command: [cart]", "command: [cart], selfLane: grey");
    let wrong = wrong(&[("m.yaml", &mesh), ("l.yaml", LANE)]);
    assert_eq!(
        wrong,
        [
            "m.yaml:6: LocalMesh default/shop: spec.services[0].versions[0].selfLane: no object forms the lane \"grey\"; allowed: gray"
        ]
    );
    let release = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: x}\nspec: {lane: grey, workloads: [{service: cart, stable: v1, gray: v2}]}\n";
    let folder = folder(&[("m.yaml", &mesh), ("r.yaml", release)]);
    assert!(read(&[folder.path()]).is_ok());
}

#[test]
fn a_release_or_a_lane_of_what_serves_base_anyway_is_refused() {
    let release = "apiVersion: graylane.io/v1alpha1\nkind: GrayRelease\nmetadata: {name: x}\nspec:\n  workloads:\n  - {service: cart, stable: v1, gray: v2}\n  - {service: stock, stable: v1, gray: v1}\n";
    assert_eq!(
        wrong(&[("r.yaml", release)]),
        [
            "r.yaml:7: GrayRelease default/x: spec.workloads[1].gray: \"v1\" is the stable version too: nothing is released; allowed: another version than stable"
        ]
    );
    let labelled = LANE.replace("version: v2}", "version: v2, base: {version: v2}}");
    assert_eq!(
        wrong(&[("l.yaml", &labelled)]),
        [
            "l.yaml:4: Lane default/gray: spec.services[0].base: the pods of base have the labels of the lane's (version=v2), and would serve both; allowed: labels that tell them apart"
        ]
    );
}

#[test]
fn stable_is_base_in_a_cluster_and_any_version_in_a_local_mesh() {
    let lane = LANE.replace("v2", "stable");
    assert_eq!(
        wrong(&[("l.yaml", &lane)]),
        [
            "l.yaml:4: Lane default/gray: spec.services[0].version: \"stable\" is what base is called in a cluster; allowed: another name for the version of the lane"
        ]
    );
    let folder = folder(&[("l.yaml", &lane), ("m.yaml", MESH)]);
    assert!(read(&[folder.path()]).is_ok());
}

#[test]
fn a_label_of_pods_that_names_no_lane_here_is_noted_for_its_object_may_lie_elsewhere() {
    let labels = "{metadata: {labels: {graylane.io/lane: grey}}}";
    let deployment = format!("apiVersion: apps/v1\nkind: Deployment\nspec: {{template: {labels}}}\n");
    let job = format!("apiVersion: batch/v1\nkind: CronJob\nspec: {{jobTemplate: {{spec: {{template: {labels}}}}}}}\n");
    let text = format!("{LANE}---\n{deployment}---\n{job}");
    let odd = |text: &str| {
        let folder = folder(&[("a.yaml", text)]);
        let notes = read(&[folder.path()]).unwrap().notes;
        notes.into_iter().filter(|note| note.text.contains("begin")).collect::<Vec<_>>()
    };
    let told = odd(&text);
    assert_eq!(told.iter().map(|note| note.place.line).collect::<Vec<_>>(), [Some(6), Some(10)]);
    assert!(told[0].text.ends_with("lane \"grey\", which no object here forms; here are: gray"), "{}", told[0].text);
    assert_eq!(odd(&text.replace("grey", "gray")), []);
}
