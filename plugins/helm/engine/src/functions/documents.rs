//! YAML, JSON and TOML to and from values.

use crate::function::Function;

/// What writes and reads documents.
pub const TABLE: &[Function] = &[];
