//! Maps: `dict`, `set`, `merge`, `dig`.

use crate::function::Function;

/// What makes, reads and changes maps.
pub const TABLE: &[Function] = &[];
