//! DigitalOcean Kubernetes: clusters with their node pools, and node pools beside them.

mod api;
mod associated;
mod batch;
mod body;
mod check;
mod cluster;
mod converge;
mod live;
mod mark;
mod model;
mod node_pool;
mod order;
mod pools;
mod told;
mod version;

pub use cluster::Cluster;
pub use model::{
    AddOns, Associated, Autoscale, Autoscaler, Checkpoint, Day, Effect, Expander, Firewall, Inputs, MaintenancePolicy,
    NodePool, Outputs, PoolCheckpoint, PoolInputs, PoolOutputs, Sso, Taint,
};
pub use node_pool::Pool;

maps_sdk::plugin!(Cluster, Pool);

#[cfg(test)]
mod tests;
