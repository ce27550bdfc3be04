//! What people read about a release.

use serde_json::{Value, json};

use super::tell::heard;
use super::{Answer, Reach, lane_table, policy_table, table, view};
use crate::api::{GrayRelease, Lane, MeshPolicy};

fn release(phase: &str, change: impl FnOnce(&mut Value)) -> GrayRelease {
    let mut object = json!({
        "apiVersion": "graylane.io/v1alpha1",
        "kind": "GrayRelease",
        "metadata": {"name": "checkout", "namespace": "shop", "generation": 1},
        "spec": {
            "workloads": [{"service": "cart", "deployment": "cart"}],
            "strategy": {"canary": {"steps": [
                {"pause": {}}, {"setWeight": 10}, {"pause": {"duration": "5m"}}, {"setWeight": 50}, {"pause": {}}
            ]}},
        },
        "status": {
            "phase": phase,
            "message": "weight 50% until somebody approves",
            "progress": "5/5",
            "step": 4,
            "traffic": {"base": "Stable", "weight": "50%", "cohorts": "In"},
            "publication": {"generation": 12, "traffic": {"base": "Stable", "weight": "50%", "cohorts": "In"}},
            "proxies": {"total": 14, "acknowledged": 14},
            "workloads": [{"deployment": "cart", "stable": "7d4b9c", "gray": "5f6c8d", "ready": 2, "replicas": 2}],
            "history": [{"time": "2026-01-31T12:00:00Z", "who": "alice", "what": "approve"}],
        },
    });
    change(&mut object);
    serde_json::from_value(object).unwrap()
}

fn stalled(object: &mut Value, reason: &str) {
    object["status"]["conditions"] = json!([{
        "type": "Stalled", "status": "True", "reason": reason, "message": "nothing got better for 600 s",
        "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": 1,
    }]);
}

#[test]
fn a_pause_shows_the_steps_the_share_and_how_to_go_on_as_the_guide_says() {
    let guide = include_str!("../../../docs/guides/releases.md");
    let text = view(&release("Pausing", |_| {}));
    assert!(guide.contains(&format!("```text\n{text}```")), "{text}");
}

#[test]
fn however_few_requests_are_on_the_new_version_the_bar_shows_it() {
    let few = release("Propagating", |object| object["status"]["traffic"]["weight"] = json!("0.01%"));
    assert!(view(&few).contains("traffic  █░░░░░░░░░░░░░░░░░░░ 0.01%"));
    let none = release("Propagating", |object| object["status"]["traffic"]["weight"] = json!(0));
    assert!(view(&none).contains("traffic  ░░░░░░░░░░░░░░░░░░░░ 0%"));
}

#[test]
fn lagging_proxies_and_unready_pods_are_named_with_what_helps() {
    let lagging = release("Propagating", |object| {
        object["status"]["proxies"] = json!({"total": 14, "acknowledged": 13, "lagging": ["shop/web-1"]});
        stalled(object, "LaggingProxies");
    });
    let text = view(&lagging);
    assert!(text.contains("13 of 14 have generation 12, not yet: shop/web-1"), "{text}");
    assert!(
        text.contains("! LaggingProxies: nothing got better") && text.contains("-> istioctl proxy-status"),
        "{text}"
    );
    let text = view(&release("Scaling", |object| stalled(object, "NotEnoughReady")));
    assert!(text.contains("-> kubectl describe pods -n shop -l pod-template-hash=5f6c8d"), "{text}");
}

#[test]
fn proxies_that_the_first_line_names_are_named_once() {
    let message = "weight 50%: 13 of 14 proxies have generation 12; not: shop/web-1";
    let text = view(&release("Propagating", |object| {
        object["status"]["message"] = json!(message);
        object["status"]["proxies"] = json!({"total": 14, "acknowledged": 13, "lagging": ["shop/web-1"]});
        stalled(object, "LaggingProxies");
        object["status"]["conditions"][0]["message"] = json!(message);
    }));
    assert!(text.starts_with(&format!("checkout  Propagating  {message}\n")), "{text}");
    assert_eq!(text.matches("shop/web-1").count(), 1, "{text}");
    assert!(text.contains("13 of 14 have generation 12\n") && text.contains("! LaggingProxies\n"), "{text}");
}

#[test]
fn a_proxy_is_named_though_the_first_line_names_one_whose_name_begins_like_it() {
    let text = view(&release("Propagating", |object| {
        object["status"]["message"] = json!("weight 50%: 12 of 14 proxies have generation 12; not: shop/web-10");
        object["status"]["proxies"] =
            json!({"total": 14, "acknowledged": 12, "lagging": ["shop/web-1", "shop/web-10"]});
    }));
    assert!(text.contains("12 of 14 have generation 12, not yet: shop/web-1\n"), "{text}");
}

#[test]
fn what_goes_on_by_itself_needs_no_advice() {
    for phase in ["Idle", "Completed", "Scaling", "Propagating", "Switching", "Draining", "Adopting"] {
        let text = view(&release(phase, |_| {}));
        assert!(!text.contains("->"), "{text}");
    }
    let timed = release("Pausing", |object| object["status"]["step"] = json!(2));
    assert!(!view(&timed).contains("->"), "time ends it");
}

#[test]
fn a_release_that_is_held_by_a_refused_change_says_how_to_mend_it_and_shows_the_steps_in_force() {
    let text = view(&release("Pausing", |object| {
        stalled(object, "Refused");
        object["status"]["accepted"] = json!({"generation": 1, "spec": object["spec"]});
        object["spec"]["strategy"]["canary"]["steps"] = json!([]);
    }));
    assert!(text.contains("-> kubectl edit grayrelease checkout -n shop  to mend"), "{text}");
    assert!(text.contains("-> graylane abort checkout") && !text.contains("approve checkout"), "{text}");
    assert!(text.contains("● approval"), "{text}");
}

#[test]
fn what_was_aborted_or_paused_says_how_to_go_on() {
    assert!(view(&release("Aborted", |_| {})).contains("-> graylane retry checkout -n shop"));
    let paused = release("Scaling", |object| object["status"]["pausedSince"] = json!("2026-01-31T12:00:00Z"));
    assert!(view(&paused).contains("-> graylane resume checkout -n shop"));
}

#[test]
fn an_answer_is_that_to_what_was_said_and_to_nothing_before() {
    let said = "jump:9 by alice at noon";
    let status = |verb: &str, what: &str| {
        let changed = release("Pausing", |object| {
            object["status"]["verb"] = json!(verb);
            let deed = json!({"time": "2026-01-31T12:00:01Z", "who": "alice", "what": what});
            object["status"]["history"].as_array_mut().unwrap().push(deed);
        });
        changed.status.unwrap()
    };
    assert_eq!(heard(&status("jump:9 by alice at eleven", "jump:9: refused: no"), said), None);
    assert_eq!(heard(&status(said, "jump:9"), said), Some(Answer::Obeyed));
    let refused = Answer::Refused("there is no step 9".to_owned());
    assert_eq!(heard(&status(said, "jump:9: refused: there is no step 9"), said), Some(refused));
}

#[test]
fn a_release_that_nobody_has_looked_at_says_so() {
    let unseen = release("Idle", |object| object["status"] = Value::Null);
    assert_eq!(view(&unseen), "checkout  not seen by the controller yet: does it run?\n");
}

#[test]
fn a_table_has_a_line_for_each_release() {
    let releases =
        [release("Switching", |object| object["status"]["traffic"]["base"] = json!("Gray")), release("Idle", |_| {})];
    insta::assert_snapshot!(table(&releases, Reach::Everywhere), @r"
    NAMESPACE  NAME      PHASE      STEP  ON THE NEW VERSION         MESSAGE
    shop       checkout  Switching  5/5   ████████████████████ 100%  weight 50% until somebody approves
    shop       checkout  Idle       5/5                              weight 50% until somebody approves
    ");
}

#[test]
fn lanes_and_the_policy_have_tables_too() {
    let services = json!([{"service": "cart.shop", "version": "gray", "labels": {"version": "gray"},
        "base": {"version": "v1"}, "stage": "Serving", "generation": 7, "ready": 2}]);
    let condition = |kind: &str, status: &str, message: &str| {
        json!({"type": kind, "status": status, "reason": "Valid", "message": message,
            "lastTransitionTime": "2026-01-31T12:00:00Z", "observedGeneration": 1})
    };
    let lane = |status: Value| -> Lane {
        serde_json::from_value(json!({"apiVersion": "graylane.io/v1alpha1", "kind": "Lane",
            "metadata": {"name": "gray", "namespace": "shop"},
            "spec": {"services": [{"service": "cart", "version": "gray"}], "weight": 5}, "status": status}))
        .unwrap()
    };
    let ready = json!({"services": services, "message": "all versions serve",
        "conditions": [condition("Ready", "True", "")]});
    insta::assert_snapshot!(lane_table(&[lane(ready), lane(Value::Null)], Reach::Namespace), @r"
    NAME  READY  WEIGHT  VERSIONS                        MESSAGE
    gray  True   5%      cart.shop gray Serving 2 ready  all versions serve
    gray  -      5%                                      not seen by the controller yet
    ");
    let policy: MeshPolicy = serde_json::from_value(json!({"apiVersion": "graylane.io/v1alpha1", "kind": "MeshPolicy",
        "metadata": {"name": "default"}, "spec": {"mode": "dryRun"},
        "status": {"conditions": [condition("Accepted", "True", "the policy is followed")]}}))
    .unwrap();
    insta::assert_snapshot!(policy_table(&[policy]), @r"
    NAME     ACCEPTED  MODE    DELIVERY    MESSAGE
    default  True      dryRun  WasmPlugin  the policy is followed
    ");
}
