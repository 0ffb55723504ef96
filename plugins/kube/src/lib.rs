//! Objects of Kubernetes clusters: manifests, namespaces, Secrets, and existing objects to read.

mod cluster;
mod compare;
mod events;
mod id;
mod jsonpath;
mod manifest;
mod mark;
mod namespace;
mod object;
mod order;
mod owned;
mod ready;
mod secret;
mod single;
mod taken;
mod wait;

pub use id::ObjectId;
pub use manifest::Manifests;
pub use manifest::model::{Checkpoint, Inputs, Live, Manifest, Outputs, Wait};
pub use namespace::Namespace;
pub use object::Object;
pub use secret::Secrets;
pub use single::InCluster;
pub use taken::Taken;

maps_sdk::plugin!(Manifests, InCluster(Namespace), InCluster(Secrets), Object);

#[cfg(test)]
mod tests;
