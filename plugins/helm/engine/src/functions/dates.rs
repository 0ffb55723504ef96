//! Times and durations.

use crate::function::Function;

/// What tells and formats the time.
pub const TABLE: &[Function] = &[];
