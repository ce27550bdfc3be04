//! Pods of a Deployment, made by the real controllers, run by the node.

use std::time::Duration;

use anyhow::{Result, ensure};
use graylane_lab::Component;
use http::Request;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;
use kube::api::DeleteParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::fixture::{Cluster, address, get, is_ready};
use crate::{Shared, trial};

pub(crate) fn trials(shared: &Shared) -> Vec<Trial> {
    vec![
        trial(shared, "a_deployment_becomes_ready_when_its_apps_answer", |cluster| async move {
            let pods = running(&cluster, "ready", "shop:v1", 2).await?;
            for pod in &pods {
                let (status, body) = get(&format!("http://{}:8080/", address(pod)?), &[]).await?;
                ensure!(status == 200 && body.contains("\"v1\"") && body.contains(&pod.name_any()), "{status} {body}");
            }
            Ok(())
        }),
        trial(shared, "another_image_is_rolled_out_by_the_deployment_controller", |cluster| async move {
            running(&cluster, "rollout", "shop:v1", 2).await?;
            cluster.apply(&deployment("rollout", "shop:v2", 2)).await?;
            let promise = "two ready pods of v2 and no other";
            let new = |pod: &Pod| is_ready(pod) && container(pod).is_some_and(|one| one.image == "shop:v2");
            cluster.pods_where("rollout", promise, |pods| pods.len() == 2 && pods.iter().all(new)).await?;
            Ok(())
        }),
        trial(shared, "an_app_that_is_killed_is_started_again_and_counted", |cluster| async move {
            let pods = running(&cluster, "killed", "shop:v1", 1).await?;
            let killed = cluster.process(&pods[0], "stock").expect("a process");
            let number = rustix::process::Pid::from_raw(killed.try_into()?).expect("a number");
            rustix::process::kill_process(number, rustix::process::Signal::KILL)?;
            let again = |pod: &Pod| is_ready(pod) && container(pod).is_some_and(|one| one.restart_count == 1);
            let pods = cluster.pods_where("killed", "one restart", |pods| pods.iter().any(again)).await?;
            let last = container(&pods[0]).and_then(|one| one.last_state?.terminated);
            ensure!(last.is_some_and(|end| end.exit_code == 137), "{pods:#?}");
            ensure!(cluster.process(&pods[0], "stock").is_some_and(|number| number != killed));
            Ok(())
        }),
        trial(shared, "an_app_that_always_fails_backs_off", |cluster| async move {
            let broken = deployment("broken", "shop:v1", 1).replace("value: stock", "value: no-such-service");
            cluster.apply(&broken).await?;
            let backs_off = |pod: &Pod| waits_for(pod, "CrashLoopBackOff");
            let pods = cluster.pods_where("broken", "CrashLoopBackOff", |pods| pods.iter().any(backs_off)).await?;
            ensure!(!is_ready(&pods[0]));
            Ok(())
        }),
        trial(shared, "an_image_that_is_not_in_the_lab_is_told", |cluster| async move {
            cluster.apply(&deployment("unknown", "nowhere:v1", 1)).await?;
            let told = |pod: &Pod| waits_for(pod, "ImagePullBackOff");
            cluster.pods_where("unknown", "ImagePullBackOff", |pods| pods.iter().any(told)).await?;
            Ok(())
        }),
        trial(shared, "what_a_pod_uses_is_told_to_whoever_asks_the_api_server", |cluster| async move {
            running(&cluster, "usage", "shop:v1", 1).await?;
            let asked = Request::get("/apis/metrics.k8s.io/v1beta1/namespaces/usage/pods?labelSelector=app%3Dstock");
            let told: Value = cluster.client().request(asked.body(Vec::new())?).await?;
            let (pods, usage) = (&told["items"], &told["items"][0]["containers"][0]["usage"]);
            ensure!(pods.as_array().is_some_and(|pods| pods.len() == 1), "{told}");
            let memory = usage["memory"].as_str().and_then(|memory| memory.strip_suffix("Ki")?.parse::<u64>().ok());
            ensure!(usage["cpu"].as_str().is_some_and(|cpu| cpu.ends_with('n')) && memory > Some(500), "{told}");
            let asked = Request::get("/apis/metrics.k8s.io/v1beta1/namespaces/usage/pods?labelSelector=app%3Dcart");
            let told: Value = cluster.client().request(asked.body(Vec::new())?).await?;
            ensure!(told["items"] == json!([]), "{told}");
            Ok(())
        }),
        trial(shared, "a_deleted_pod_finishes_its_requests_within_its_grace_period", |cluster| async move {
            let pods = running(&cluster, "grace", "shop:v1", 1).await?;
            let url = format!("http://{}:8080/slow?ms=2000", address(&pods[0])?);
            let request = tokio::spawn(async move { get(&url, &[]).await });
            sleep(Duration::from_millis(500)).await;
            let asked = Instant::now();
            cluster.pods("grace").delete(&pods[0].name_any(), &DeleteParams::default()).await?;
            let (status, body) = request.await??;
            ensure!(status == 200, "{status} {body}");
            let name = pods[0].name_any();
            let gone = |pods: &[Pod]| pods.iter().all(|pod| pod.name_any() != name);
            cluster.pods_where("grace", "the pod is gone", gone).await?;
            ensure!(asked.elapsed() < Duration::from_secs(8), "gone after {:?}", asked.elapsed());
            Ok(())
        }),
        trial(shared, "pods_go_on_while_the_api_server_is_away", |cluster| async move {
            let pods = running(&cluster, "away", "shop:v1", 1).await?;
            let url = format!("http://{}:8080/", address(&pods[0])?);
            cluster.lab.kill(Component::ApiServer).await?;
            let (status, _) = get(&url, &[]).await?;
            cluster.lab.start(Component::ApiServer).await?;
            ensure!(status == 200);
            let same = |pods: &[Pod]| pods.len() == 1 && is_ready(&pods[0]) && container(&pods[0]).is_some();
            let again = cluster.pods_where("away", "the same pod", same).await?;
            ensure!(again[0].uid() == pods[0].uid() && container(&again[0]).is_some_and(|one| one.restart_count == 0));
            Ok(())
        }),
    ]
}

/// The ready pods of a fresh Deployment in a namespace of its own.
async fn running(cluster: &Cluster, namespace: &str, image: &str, replicas: usize) -> Result<Vec<Pod>> {
    cluster.apply(&deployment(namespace, image, replicas)).await?;
    let all_ready = |pods: &[Pod]| pods.len() == replicas && pods.iter().all(is_ready);
    cluster.pods_where(namespace, "all pods are ready", all_ready).await
}

fn container(pod: &Pod) -> Option<ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first().cloned()
}

fn waits_for(pod: &Pod, reason: &str) -> bool {
    let state = container(pod).and_then(|container| container.state?.waiting?.reason);
    state.is_some_and(|waiting| waiting == reason)
}

/// stock calls nobody, so it needs no other.
fn deployment(namespace: &str, image: &str, replicas: usize) -> String {
    format!(
        "
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: stock, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: stock}}}}
  template:
    metadata: {{labels: {{app: stock}}}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: stock
        image: {image}
        env:
        - {{name: SHOP_SERVICE, value: stock}}
        - {{name: SHOP_LISTEN, value: '0.0.0.0:8080'}}
        - {{name: SHOP_INSTANCE, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
        readinessProbe: {{httpGet: {{path: /healthz, port: 8080}}, periodSeconds: 1}}
"
    )
}
