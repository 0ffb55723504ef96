//! Objects of Kubernetes clusters: manifests, namespaces, Secrets, and existing objects to read.

mod jsonpath;
mod manifest;
mod namespace;
mod object;
mod secret;
mod single;
mod wait;

use maps_kube_objects::{cluster, compare, events, id, is_sealed, mark, order, owned, problem, ready, remove, taken};

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
