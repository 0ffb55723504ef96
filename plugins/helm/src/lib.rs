//! Helm charts, rendered in the sandbox as Helm 4.1.4 does.
//!
//! The kinds are [`Template`], a chart that is only rendered, and [`Release`], one that is installed. For both,
//! [`source`] finds a chart in the stack's folder, in a repository or in a registry, and the engine renders it with what
//! the user sets.

mod address;
mod fetch;
mod index;
mod model;
mod registry;
mod release;
mod render;
mod repository;
mod source;
mod template;
mod world;

pub use model::{Inputs, Outputs, Values};
pub use release::Release;
pub use template::Template;

maps_sdk::plugin!(Template, Release);

#[cfg(test)]
mod tests;
