//! Charts that the real helm packed and pushed, fetched from a real registry, from a repository and from the local
//! cloud, rendered by the plugin, and held against what helm says of the same words.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod local_cloud;
mod pins;
mod registry;
mod repository;
mod world;
