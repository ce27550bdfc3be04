//! Passes over a cluster that is held in memory: what objects come to, turn by turn.

mod fake;
mod gone;
mod in_force;
mod lanes;
mod manifests;
mod modules;
mod policy;
mod promises;
mod pushes;
mod releases;
mod rivals;
mod routes;
mod scale;
