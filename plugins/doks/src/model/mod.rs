//! What a user says of clusters and pools, and what DigitalOcean tells of them.

mod cluster;
mod parts;
mod pool;

pub use cluster::{Checkpoint, Inputs, Outputs};
pub use parts::{AddOns, Associated, Autoscaler, Day, Expander, Firewall, MaintenancePolicy, Sso};
pub use pool::{Autoscale, Effect, NodePool, PoolCheckpoint, PoolInputs, PoolOutputs, Taint};
