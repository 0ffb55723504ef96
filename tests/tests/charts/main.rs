//! Charts that the real helm packed and pushed, fetched from a real registry and from a repository, rendered by the
//! plugin, and held against what helm says of the same words.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod registry;
mod repository;
mod world;
