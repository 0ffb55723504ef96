//! PostgreSQL by CloudNativePG: databases, their schedules of backups, and single backups.

pub mod backup;
pub mod cluster;
pub mod custom;
pub mod extension;
pub mod fields;
mod quantity;
mod schedule;
pub mod scheduled_backup;
pub mod store;
pub mod text;
mod time;

use backup::Backups;
use cluster::Databases;
use custom::InCluster;
use scheduled_backup::ScheduledBackups;

maps_sdk::plugin!(InCluster(Databases), InCluster(ScheduledBackups), InCluster(Backups));

#[cfg(test)]
mod tests;
