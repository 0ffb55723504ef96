//! Helm charts, rendered in the sandbox as Helm 4.1.4 does.
//!
//! [`Template`] is the kind: [`source`] finds a chart in the stack's folder, in a repository or in a registry,
//! `render` hands it to the engine with what the user sets.

mod address;
mod fetch;
mod index;
mod model;
mod registry;
mod render;
mod repository;
mod source;
mod template;

pub use model::{Inputs, Outputs, Values};
pub use template::Template;

maps_sdk::plugin!(Template);

#[cfg(test)]
mod tests;
