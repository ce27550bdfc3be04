//! Probes: asking a container, at its pod's address, whether it is well.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::Request;
use http_body_util::Empty;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe as ProbeSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::http::HttpClient;

/// A probe of a container, at its address.
pub(super) struct Probe {
    question: Question,
    delay: Duration,
    period: Duration,
    patience: Duration,
    /// Answers in a row until it is well, and until it is not.
    successes: u32,
    failures: u32,
}

enum Question {
    Http(Box<Request<Empty<&'static [u8]>>>),
    Tcp(SocketAddr),
    /// The lab can not ask that.
    Unknown,
}

impl Probe {
    /// The probe that `spec` describes.
    pub(super) fn new(spec: &ProbeSpec, container: &Container, address: Ipv4Addr) -> Self {
        let seconds = |value: Option<i32>, default: u64| {
            Duration::from_secs(value.and_then(|value| u64::try_from(value).ok()).unwrap_or(default))
        };
        let count =
            |value: Option<i32>, default: u32| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default);
        let question = match (&spec.http_get, &spec.tcp_socket) {
            (Some(get), _) => http(get, container, address).map(|request| Question::Http(Box::new(request))),
            (None, Some(tcp)) => port(&tcp.port, container).map(|port| Question::Tcp((address, port).into())),
            (None, None) => None,
        };
        Self {
            question: question.unwrap_or(Question::Unknown),
            delay: seconds(spec.initial_delay_seconds, 0),
            period: seconds(spec.period_seconds.filter(|seconds| *seconds > 0), 10),
            patience: seconds(spec.timeout_seconds.filter(|seconds| *seconds > 0), 1),
            successes: count(spec.success_threshold, 1),
            failures: count(spec.failure_threshold, 3),
        }
    }

    /// Asks again and again, and tells what has been answered often enough. Until the first success that is no.
    pub(super) async fn watch(&self, http: &HttpClient, mut tell: impl FnMut(Verdict)) {
        sleep(self.delay).await;
        let (mut well, mut unwell) = (0, 0);
        loop {
            if self.ask(http).await {
                (well, unwell) = (well + 1, 0);
            } else {
                (well, unwell) = (0, unwell + 1);
            }
            if well >= self.successes {
                tell(Verdict::Well);
            } else if unwell >= self.failures {
                tell(Verdict::Unwell);
            }
            sleep(self.period).await;
        }
    }

    /// Asks until it is well. A container that is starting is asked more often than it wants: it costs nothing here.
    pub(super) async fn until_well(&self, http: &HttpClient) {
        sleep(self.delay).await;
        while !self.ask(http).await {
            sleep(self.period.min(Duration::from_millis(200))).await;
        }
    }

    async fn ask(&self, http: &HttpClient) -> bool {
        match &self.question {
            Question::Http(request) => {
                let status = http.status((**request).clone(), self.patience).await;
                status.is_some_and(|status| (200..400).contains(&status.as_u16()))
            }
            Question::Tcp(address) => {
                timeout(self.patience, TcpStream::connect(address)).await.is_ok_and(|tried| tried.is_ok())
            }
            Question::Unknown => false,
        }
    }
}

/// What a probe has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Well,
    Unwell,
}

fn http(get: &HTTPGetAction, container: &Container, address: Ipv4Addr) -> Option<Request<Empty<&'static [u8]>>> {
    let host = get.host.clone().unwrap_or_else(|| address.to_string());
    let path = get.path.as_deref().unwrap_or("/");
    let uri = format!("http://{host}:{}/{}", port(&get.port, container)?, path.trim_start_matches('/'));
    let mut request = Request::get(uri).header("user-agent", "kube-probe/1.36");
    for header in get.http_headers.iter().flatten() {
        request = request.header(&header.name, &header.value);
    }
    request.body(Empty::new()).ok()
}

/// A number, or the name of one of the container's ports.
fn port(port: &IntOrString, container: &Container) -> Option<u16> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            container.ports.iter().flatten().find(|port| port.name.as_ref() == Some(name))?.container_port
        }
    };
    u16::try_from(number).ok()
}
