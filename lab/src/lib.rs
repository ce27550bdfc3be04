//! The lab: a real Kubernetes and a real Istio on one machine, without containers and without root.
//!
//! ```text
//! user and network namespace of its own, so that every address and port is free, and nothing outlives it
//! ┌──────────────────────────────────────────────────────────────────────────────────────────────┐
//! │ etcd ── kube-apiserver ──┬── kube-controller-manager          10.244.0.1, a bridge           │
//! │                          ├── istiod                                │                         │
//! │                          └── node (binds and runs pods) ── pod: network namespace, 10.244.x.y │
//! │                                                            ├── the app, on 127.0.0.1          │
//! │                                                            └── pilot-agent and Envoy          │
//! └──────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Everything but the node is the program that runs in a cluster. The node does what a kubelet does as far as a release
//! can tell: see [`node`]. A test enters the lab's namespaces first ([`namespace::enter`]), and is then inside: it talks
//! to the API server and to pods at their addresses.

pub mod component;
pub mod folder;
mod http;
pub mod kubeconfig;
mod lab;
pub mod manifest;
pub mod namespace;
pub mod node;
pub mod process;

pub use component::Component;
pub use lab::{Extent, Lab, LabError, Life};
