//! What would be done, and why: a [`Plan`] of [`Step`]s. Reads only.

mod model;

pub use model::*;
