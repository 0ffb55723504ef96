//! DigitalOcean Kubernetes: clusters with their node pools.

mod api;
mod check;
mod cluster;
mod converge;
mod mark;
mod model;
mod order;
mod version;

pub use cluster::Cluster;
pub use model::{Autoscale, Checkpoint, Day, Effect, Inputs, MaintenancePolicy, NodePool, Outputs, Taint};

maps_sdk::plugin!(Cluster);

#[cfg(test)]
mod tests;
