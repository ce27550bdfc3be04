//! Standing lanes over Deployments that somebody runs anyway, with load that is in no lane.

mod environments;
mod standing;

pub(crate) use standing::comes_and_goes;
