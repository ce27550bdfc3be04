//! The custom resources of `graylane.io/v1alpha1`, and the description of a local mesh.
//!
//! Doc comments in here are user documentation: they become what `kubectl explain` prints. Leaf types are those of the
//! filter's configuration, so a value that the schema takes is a value that the filter takes. These types only parse;
//! what several objects mean together is the planner's business.

mod accepted;
mod cel;
mod condition;
mod crd;
mod deployment_name;
mod gray_release;
mod lane;
mod lane_status;
mod local_mesh;
mod mesh_policy;
mod object;
mod override_policy;
mod pod_labels;
mod rule;
mod status;
mod strategy;
mod virtual_service_name;
mod wait_time;

pub use accepted::Accepted;
pub use condition::{Condition, ConditionStatus, ConditionType, Reason};
pub use crd::definitions;
pub use deployment_name::{DeploymentName, InvalidDeploymentName};
pub use gray_release::{
    GrayRelease, GrayReleaseSpec, Hold, OnLaggingProxies, OnSteeringMismatch, ServiceSplit, VersionWeight, Workload,
};
pub use lane::{Lane, LaneMember, LaneSpec};
pub use lane_status::{LaneService, LaneStatus, Stage};
pub use local_mesh::{
    Gateway, GatewayRoute, HttpReadiness, LocalMesh, LocalMeshSpec, LocalService, LocalTracing, LocalVersion, Protocol,
};
pub use mesh_policy::{Delivery, ExplainPolicy, MeshPolicy, MeshPolicySpec, MeshPolicyStatus};
pub use object::{Kind, ObjectRef};
pub use override_policy::{OverrideKeyPolicy, OverridePolicy, SecretRef, SecretSource};
pub use pod_labels::{InvalidPodLabels, PodLabels};
pub use rule::EntryRule;
pub use status::{
    BaseRoute, Cohorts, Deed, GrayReleaseStatus, HighWater, NewPods, Phase, Proxies, Publication, Steering, Traffic,
    WorkloadStatus,
};
pub use strategy::{Canary, Pause, Step, Strategy};
pub use virtual_service_name::{InvalidVirtualServiceName, VirtualServiceName};
pub use wait_time::{InvalidWaitTime, WaitTime};

/// The API group of every resource of Graylane.
pub const GROUP: &str = "graylane.io";
/// The version of the API group.
pub const VERSION: &str = "v1alpha1";
