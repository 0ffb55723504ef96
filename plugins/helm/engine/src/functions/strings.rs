//! Strings: `trim`, `trunc`, `quote`, `indent`, `replace`.

use crate::function::Function;

/// What changes text.
pub const TABLE: &[Function] = &[];
