//! Secrets and who may read them: on AWS parameters, users with their keys and policies, and buckets; in clusters
//! the stores and secrets by which External Secrets brings parameters there.

pub mod access_key;
pub mod bucket;
pub mod cluster;
mod document;
mod iam;
pub mod parameter;
pub mod policy;
pub mod tags;
pub mod user;

pub use access_key::AccessKey;
pub use bucket::Bucket;
pub use cluster::{ExternalSecret, InCluster, SecretStore};
pub use document::Document;
pub use parameter::Parameter;
pub use policy::Policy;
pub use user::User;

maps_sdk::plugin!(Parameter, User, Policy, AccessKey, Bucket, InCluster(SecretStore), InCluster(ExternalSecret));

#[cfg(test)]
mod tests;
