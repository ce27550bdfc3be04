//! Promises of the state machine, in a small world of Deployments, proxies and accidents.

mod promises;
mod rest;
mod story;
mod verbs;
mod workload;
mod world;
