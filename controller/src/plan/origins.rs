//! Which object and field each part of a filter's configuration comes from.
//!
//! The judge of configurations is [`Router::compile`](graylane_core::Router::compile), which knows no objects. What it
//! finds is told here where somebody can mend it.

use graylane_core::Problem;

use super::Refusal;
use crate::api::ObjectRef;

/// Where the parts of a configuration come from.
#[derive(Debug, Default)]
pub(super) struct Origins(Vec<Origin>);

#[derive(Debug)]
struct Origin {
    /// The path of the part in the configuration.
    part: String,
    object: ObjectRef,
    /// The path of the field in the object.
    field: String,
}

impl Origins {
    /// Notes that `part` of the configuration, with all below it, comes from `field` of `object`.
    pub(super) fn note(&mut self, part: String, object: &ObjectRef, field: impl Into<String>) {
        self.0.push(Origin { part, object: object.clone(), field: field.into() });
    }

    /// The object that `part` of the configuration comes from.
    pub(super) fn object_of(&self, part: &str) -> Option<&ObjectRef> {
        self.0.iter().find(|origin| origin.part == part).map(|origin| &origin.object)
    }

    /// Tells a problem of the configuration as one of the object that the innermost part around it comes from.
    pub(super) fn trace(&self, problem: &Problem) -> Refusal {
        let below = |origin: &Origin| {
            let rest = problem.path.strip_prefix(&origin.part)?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then(|| rest.to_owned())
        };
        let innermost = self
            .0
            .iter()
            .filter_map(|origin| below(origin).map(|rest| (origin, rest)))
            .min_by_key(|(_, rest)| rest.len());
        match innermost {
            Some((origin, rest)) => Refusal {
                object: Some(origin.object.clone()),
                problem: Problem { path: format!("{}{rest}", origin.field), ..problem.clone() },
            },
            None => Refusal { object: None, problem: problem.clone() },
        }
    }
}
