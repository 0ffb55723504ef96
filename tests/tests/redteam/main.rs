//! The red team: a guest that does what it must not, in the real host, against a service on this
//! machine and, in `binary.rs`, through the real `maps`. Each attempt is refused or stopped, the
//! audit log says so, and the host serves the next call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod approval;
mod audit;
mod authority;
mod aws;
mod binary;
mod charts;
mod component;
mod egress;
mod files;
mod kube;
mod records;
mod releases;
mod resources;
mod rights;
mod secrets;
mod service;
mod stage;
mod supply;
mod world;
