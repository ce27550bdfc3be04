//! What becomes of a verb while somebody else writes the same object.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::routing::any;
use kube::Client;

use super::*;

/// An API server with one release, whose controller answers what it is told, and which others write too.
struct Server {
    release: Value,
    version: u32,
    /// How many times more the object changes between being read and being patched.
    overtakings: u32,
    /// What it says to patches instead of taking them.
    refusal: Option<StatusCode>,
    patches: u32,
}

type Answered = (StatusCode, String);

impl Server {
    fn overtaken(overtakings: u32) -> Self {
        let release = json!({
            "apiVersion": "graylane.io/v1alpha1", "kind": "GrayRelease",
            "metadata": {"name": "checkout", "namespace": "shop", "resourceVersion": "1"},
            "spec": {"workloads": [{"service": "cart", "deployment": "cart"}]},
        });
        Self { release, version: 1, overtakings, refusal: None, patches: 0 }
    }

    fn read(&mut self) -> Value {
        let read = self.release.clone();
        if self.overtakings > 0 {
            self.overtakings -= 1;
            self.change(&json!({}));
        }
        read
    }

    fn change(&mut self, patch: &Value) {
        json_patch::merge(&mut self.release, patch);
        self.version += 1;
        self.release["metadata"]["resourceVersion"] = json!(self.version.to_string());
    }

    fn patch(&mut self, patch: &Value) -> Answered {
        self.patches += 1;
        if let Some(code) = self.refusal {
            return refused(code);
        }
        let version = &patch["metadata"]["resourceVersion"];
        assert!(version.is_string(), "a patch at no version overwrites what nobody has looked at");
        if *version != self.release["metadata"]["resourceVersion"] {
            return refused(StatusCode::CONFLICT);
        }
        let verb = &patch["metadata"]["annotations"][VERB_ANNOTATION];
        self.change(patch);
        self.change(&json!({"status": {"verb": verb, "history": [
            {"time": "2026-01-31T12:00:00Z", "who": "dana", "what": "abort"}
        ]}}));
        (StatusCode::OK, self.release.to_string())
    }
}

fn refused(code: StatusCode) -> Answered {
    let reason = code.canonical_reason();
    let status =
        json!({"kind": "Status", "status": "Failure", "code": code.as_u16(), "reason": reason, "message": "no"});
    (code, status.to_string())
}

async fn serve(State(server): State<Arc<Mutex<Server>>>, method: Method, body: Bytes) -> Answered {
    let mut server = server.lock().unwrap();
    match method {
        Method::POST => (StatusCode::CREATED, json!({"status": {"userInfo": {"username": "dana"}}}).to_string()),
        Method::GET => (StatusCode::OK, server.read().to_string()),
        Method::PATCH => server.patch(&serde_json::from_slice(&body).unwrap()),
        other => panic!("{other}"),
    }
}

/// What comes of an abort, how long it took, and the server after it.
async fn abort(server: Server) -> (Result<Answer, Error>, Duration, Arc<Mutex<Server>>) {
    let server = Arc::new(Mutex::new(server));
    let router = Router::new().fallback(any(serve)).with_state(Arc::clone(&server));
    let client = Client::new(router, "shop");
    let operator = Operator { client, server: http::Uri::from_static("http://api"), namespace: "shop".to_owned() };
    let begin = Instant::now();
    let answer = operator.tell("checkout", Verb::Abort).await;
    (answer, begin.elapsed(), server)
}

#[tokio::test(start_paused = true)]
async fn a_verb_that_is_overtaken_is_told_again_at_the_version_that_is_there_then() {
    let (answer, took, server) = abort(Server::overtaken(7)).await;
    assert_eq!(answer.unwrap(), Answer::Obeyed);
    assert_eq!(server.lock().unwrap().patches, 8);
    assert_eq!(took, PERIOD * 7);
}

#[tokio::test(start_paused = true)]
async fn a_verb_that_is_overtaken_for_five_seconds_is_given_up_and_said_to_be() {
    let (answer, took, server) = abort(Server::overtaken(u32::MAX)).await;
    let told = answer.unwrap_err().to_string();
    assert!(told.starts_with("GrayRelease \"checkout\" changed each time it was about to be told, for 5 s"), "{told}");
    assert_eq!(took, PATIENCE);
    let server = server.lock().unwrap();
    assert_eq!(server.patches, 100);
    assert_eq!(server.release["metadata"]["annotations"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_verb_that_is_refused_for_another_reason_is_told_once() {
    let (answer, _, server) = abort(Server { refusal: Some(StatusCode::FORBIDDEN), ..Server::overtaken(0) }).await;
    assert!(matches!(answer, Err(Error::Forbidden(_))), "{answer:?}");
    assert_eq!(server.lock().unwrap().patches, 1);
}
