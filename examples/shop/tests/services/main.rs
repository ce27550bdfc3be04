//! The services run for real, on ports of the system's choice: the chain and its failures, what is forwarded, and how
//! an instance stops.

mod chain;
mod drain;
mod failure;
mod forward;
mod support;
