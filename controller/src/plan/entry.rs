//! Standing lanes and releases, seen alike: versions that form a lane, and who is put in it.

use graylane_core::Percentage;
use graylane_core::config::{Empty, IdentitySource, Isolation, Keyless};
use graylane_core::name::{LaneName, RuleSetName, ServiceName, VersionName};
use kube::core::ObjectMeta;

use super::Refusals;
use crate::api::{
    EntryRule, GrayRelease, GrayReleaseSpec, Kind, Lane, LaneMember, LaneSpec, ObjectRef, ServiceSplit, Workload,
};

/// One `Lane` or `GrayRelease`.
#[derive(Debug)]
pub(super) struct Entry<'o> {
    pub(super) object: ObjectRef,
    pub(super) lane: LaneName,
    /// The field that names the lane.
    pub(super) lane_field: &'static str,
    /// The name of its rule set: `NAME.NAMESPACE`.
    pub(super) set: RuleSetName,
    /// What its splits are salted with.
    pub(super) salt: String,
    pub(super) members: Vec<Member<'o>>,
    pub(super) rules: &'o [EntryRule],
    pub(super) weight: Percentage,
    pub(super) fallback: &'o [LaneName],
    pub(super) isolation: Isolation,
    pub(super) identity: Option<&'o [IdentitySource]>,
    pub(super) keyless: Keyless,
    pub(super) service_splits: &'o [ServiceSplit],
}

/// The version of one service that serves the lane.
#[derive(Debug)]
pub(super) struct Member<'o> {
    /// Where it stands in the object.
    pub(super) path: String,
    pub(super) service: &'o ServiceName,
    pub(super) version: Version<'o>,
    /// The version that the object says serves base.
    pub(super) stable: Option<Version<'o>>,
}

/// A version and the field that names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'o> {
    pub(super) field: &'static str,
    pub(super) name: &'o VersionName,
}

impl<'o> Entry<'o> {
    /// A release; `None` when its name is no good, which then is refused.
    pub(super) fn of_release(release: &'o GrayRelease, refusals: &mut Refusals) -> Option<Self> {
        let GrayReleaseSpec {
            lane,
            workloads,
            weight,
            rules,
            fallback,
            isolation,
            identity,
            keyless,
            service_splits,
            ..
        } = &release.spec;
        let object = ObjectRef::of(Kind::GrayRelease, &release.metadata);
        let members = workloads.iter().enumerate();
        let members = members.filter_map(|(index, workload)| Member::of_workload(index, workload, &object, refusals));
        let members = members.collect();
        Some(Self {
            lane: lane.clone().or_else(|| lane_of_name(&object, refusals))?,
            lane_field: if lane.is_some() { "spec.lane" } else { "metadata.name" },
            set: set_of_name(&object, refusals)?,
            salt: salt(&object, &release.metadata),
            members,
            rules,
            weight: *weight,
            fallback,
            isolation: *isolation,
            identity: identity.as_deref(),
            keyless: keyless.clone().unwrap_or(Keyless::Sequence(Empty {})),
            service_splits,
            object,
        })
    }

    /// A standing lane; `None` when its name is no good, which then is refused.
    pub(super) fn of_lane(lane: &'o Lane, refusals: &mut Refusals) -> Option<Self> {
        let LaneSpec { services, rules, weight, fallback, isolation, identity, keyless } = &lane.spec;
        let object = ObjectRef::of(Kind::Lane, &lane.metadata);
        let members = services.iter().enumerate().map(|(index, LaneMember { service, version, .. })| Member {
            path: format!("spec.services[{index}]"),
            service,
            version: Version { field: "version", name: version },
            stable: None,
        });
        Some(Self {
            lane: lane_of_name(&object, refusals)?,
            lane_field: "metadata.name",
            set: set_of_name(&object, refusals)?,
            salt: salt(&object, &lane.metadata),
            members: members.collect(),
            rules,
            weight: *weight,
            fallback,
            isolation: *isolation,
            identity: identity.as_deref(),
            keyless: keyless.clone().unwrap_or(Keyless::Sequence(Empty {})),
            service_splits: &[],
            object,
        })
    }

    /// The namespace that short names of services are in.
    pub(super) fn namespace(&self) -> &str {
        self.object.namespace.as_deref().unwrap_or(ObjectRef::DEFAULT_NAMESPACE)
    }
}

impl<'o> Member<'o> {
    /// What a release says of one service; `None` when it does not say which versions there are, which then is refused.
    fn of_workload(
        index: usize,
        Workload { service, stable, gray, .. }: &'o Workload,
        object: &ObjectRef,
        refusals: &mut Refusals,
    ) -> Option<Self> {
        let path = format!("spec.workloads[{index}]");
        let mut named = |field, name: &'o Option<VersionName>| {
            if name.is_none() {
                refusals.add(object, format!("{path}.{field}"), "is missing", "the name of a version");
            }
            name.as_ref().map(|name| Version { field, name })
        };
        let (stable, version) = (named("stable", stable), named("gray", gray));
        Some(Self { path, service, version: version?, stable: Some(stable?) })
    }
}

fn lane_of_name(object: &ObjectRef, refusals: &mut Refusals) -> Option<LaneName> {
    let invalid = |error: &graylane_core::name::InvalidName| {
        refusals.add(object, "metadata.name", format!("{:?} can not name a lane", object.name), error.allowed);
    };
    LaneName::new(&object.name).inspect_err(invalid).ok()
}

fn set_of_name(object: &ObjectRef, refusals: &mut Refusals) -> Option<RuleSetName> {
    let namespace = object.namespace.as_deref().unwrap_or(ObjectRef::DEFAULT_NAMESPACE);
    let invalid = |error: &graylane_core::name::InvalidName| {
        refusals.add(object, "metadata.name", format!("{:?} can not name a rule set", error.value), error.allowed);
    };
    RuleSetName::new(format!("{}.{namespace}", object.name)).inspect_err(invalid).ok()
}

/// What makes the splits of this object independent of others' for as long as it lives.
fn salt(object: &ObjectRef, metadata: &ObjectMeta) -> String {
    let namespace = object.namespace.as_deref().unwrap_or(ObjectRef::DEFAULT_NAMESPACE);
    metadata.uid.clone().unwrap_or_else(|| format!("{namespace}/{}", object.name))
}
